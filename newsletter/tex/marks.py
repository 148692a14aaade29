"""Markdown, TeX's quotes, dashes and ties, and spaces around stops. No I/O."""

from __future__ import annotations

import re

from newsletter.tex.rules import follow, rule


def _closed(found: re.Match[str]) -> str:
    """A bracket without the space inside of it; after a word the space comes before it: `crust( a part)`."""
    before, after = found.string[max(found.start() - 1, 0) : found.start()], found.string[found.end() : found.end() + 1]
    return f" {found[0].strip()}" if found[0] == "( " and before.islower() and after.islower() else found[0].strip()


_BETWEEN = "∈∋∉⊂⊆⊃⊇∪∩∖∧∨⊕⊗≈≃≅≡≤≥≠≪≫≲≳∝∘∼→←↔↦⇒⇐⇔⊥∥"
"""Signs that stand between two things."""
_QUOTES = (
    rule("''", r"''(?<=\$[A-Za-z]'')(?=[$(=^_])", "″"),
    rule("``", r"``((?:[^`\"']|'(?=\w)){1,200})\"", r"“\1”"),
    rule("''", r"''(?<![\w.,;:?!%)\]}*'”’]'')(?=\w)([^`'\"]{1,200})\"", r"“\1”"),
    rule("``", r"``([^`]{1,200})``(?![`\w])", r"“\1”"),
    rule("``", r"``", "“"),
    rule("`", r"(?<=[a-z])`(?=s\b)", "’"),
    rule("`", r"(?<![`\w\\])`((?:[^`']|'(?=\w)){1,200})'(?![\w'])", r"‘\1’"),
    rule("`", r"(?<![`\w\\])`([^`^_\\{}*~$]{1,120})`(?![`\w])", r"\1"),
    rule("''", r"(?<![\w.,;:?!%)\]}*'”’])''(?=[\w‘“])", "“"),
    rule("''", r"\"([^\"“”]{1,200})''", r"“\1”"),
    rule("''", r"(?<!')''(?!')", "”"),
)
_MARKDOWN = (
    rule("**", r"(?<![*\w])\*\*(?=[^\s*])([^*]{1,300})(?<=\S)\*\*(?!\*)", r"\1"),
    rule("*", r"(?<![*\w^)])\*(?=[A-Za-z(\"“‘])([^*]{1,300})(?<=[\w)\"'”’.!?%])\*(?![*\w])", r"\1"),
)
_DASHES = (
    rule("-- ", r"-- (?<=[A-Za-z\d)]-- )(?=[A-Za-z(])", " – "),
    rule("---", r"(?<!-)---(?![->])", "—"),
    rule("--", r"--(?<=[^<!-]--)(?=[ ])|--(?<=[^\s<!-]--)(?![->])", "–"),
    rule(" --", r" --(?<=[\w)] --)(?=[a-zA-Z])", " – "),
)
_CITATIONS = (rule(("~", " "), r"(?:~|(?<=[A-Za-z]) )[a-z]{2,15}20[0-2]\d[a-z]{4,25}\d?(?![\w/-]|\.\w)", ""),)
"""What stood in a `\\cite` that is gone: `baker2024sourdough`."""
_A_KEY = re.compile(r"20[0-2]\d[a-z]{4}")
_NUMBERED = r"(?:Section|Sec\.|Figure|Fig\.|Table|Appendix)[~ ](?:sec|fig|tab):[\w:-]+"
_REFERENCES = (
    rule(
        ("sec:", "fig:", "tab:"),
        rf" ?\((?:see )?{_NUMBERED}\)|(?: in| of| see)? {_NUMBERED}",
        "",
    ),
)
_ENTITIES = (rule("x20", r"x(20(?:1[3489cdCD]|26))(?<=[A-Za-z]x20..)(?!\d)", lambda found: chr(int(found[1], 16))),)
"""`&#x2013;` without its signs, as Hugging Face has it (seen 2024-07 to 2025-12)."""
_TIES = (
    rule("~", r"\b([A-Za-z][\w.-]{0,60}[A-Za-z.,]|[A-Z])~(?=[\w(\[\\\"“‘\ufdd0])", r"\1 "),
    rule("~", r"(?<=[)\]},;:%”])~(?=[A-Za-z(\ufdd0])|(?<=\d)~(?=[A-Za-z(\ufdd0])", " "),
    rule("~", r"(?<=[A-Za-z\d)])~(?= [^\d])|(?<= )~(?=[A-Za-z\ufdd0])", ""),
)
_STOPS = (
    rule((" .", " ,", " ;"), r"(?<=[^\s.,;:]) (?=[,;.](?: |$))", ""),
    rule(". ,", r" ,(?<=\.[eg]\. ,)", ","),
    rule((" :", " !", " ?"), r"(?<=[A-Za-z)”’\ufdd1]) (?=[:!?](?: |$))", ""),
    rule(".", r"\.(?<=[a-z]{2}\.)(?=[A-Z])(?!(?:[A-Z]{2}|NET|Net|Co)\b)(?![A-Za-z]+[._(:])", ". "),
    rule(".", r"\.(?<=[)\]%'\"”’\u0370-\u03ff]\.)(?=[A-Z][a-z])", ". "),
    rule(",", r",(?<=[A-Za-z]{3},)(?=[A-Za-z][a-z])|,(?<=[A-Za-z]\),)(?=[A-Z][a-z])", ", "),
    rule(
        ":", r":(?<=[A-Za-z]{3}:)(?=[A-Z][a-z]*[ -])(?!\w+ (?:pair|ratio|split))|:(?<=[a-z]{3}:)(?=\((?:1|i|a)\))", ": "
    ),
    rule(("i.e.", "e.g."), r"\.(?<=\bi\.e\.|\be\.g\.)(?=[a-z]{2})", ". "),
    rule(("( ", " )", "[ ", " ]"), r"\( (?=[\w\ufdd0])| \)(?<=[\w.\ufdd1] \))|\[ (?=\d+\])| \](?<=\d \])", _closed),
    rule((")..", "\ufdd1.."), r"\.\.(?<=[)\ufdd1]\.\.)(?= |$)", "."),
    rule(".", r"\.(?=(?:In|We|The|This|To|Code|Our|It|However)\b)(?<=\d\.)", ". "),
)
_STRAY_DOLLAR = re.compile(r"\$(?:(?<=[a-z]{3}\$)(?=[ .,;)]|$)|(?<=[)\ufdd1]\$)(?=[.,]))")
_UNEVEN = (
    rule(tuple(_BETWEEN), rf"[{_BETWEEN}](?<=[\w)\]}}⟩|‖*′'⁺⁻\u0300-\u036f\u20d7].)(?= [\w(\[{{⟨|‖∞∅-])", r" \g<0>"),
    rule(("= ", "< ", "> "), r"[=<>](?<=[\u0370-\u03ff].)(?= [\w(-])", r" \g<0>"),
    rule("× ", r"×(?<=\b[A-Za-z]×)(?= [A-Za-z]\b(?![-'’]))", " ×"),
    rule(("⟨ ", "⌊ ", "⌈ "), r"([⟨⌊⌈]) (?=\S)", r"\1"),
    rule((" ⟩", " ⌋", " ⌉"), r" ([⟩⌋⌉])", r"\1"),
)
"""A sign that TeX's spacing left with a space behind it only, and brackets with spaces inside."""


def read_quotes(text: str) -> str:
    """TeX's quotes and Markdown's code as typographic quotes and plain words."""
    return follow(_QUOTES, text) if "`" in text or "''" in text else text


def read(text: str) -> str:
    """Text without emphasis marks and lost references, with real dashes, one space after a stop and none before."""
    text = follow((*_ENTITIES, *_REFERENCES), text)
    if "20" in text and _A_KEY.search(text):
        text = follow(_CITATIONS, text)
    if "*" in text:
        text = follow(_MARKDOWN, text)
    if "--" in text:
        text = follow(_DASHES, text)
    if "~" in text:
        text = follow(_TIES, text)
    if "$" in text and text.count("$") == 1:
        text = _STRAY_DOLLAR.sub("", text)
    return follow(_STOPS, text if text.isascii() else follow(_UNEVEN, text))
