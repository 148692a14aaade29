"""Markdown, TeX's quotes, dashes and ties, and spaces around stops. No I/O."""

from __future__ import annotations

from newsletter.tex.rules import follow, rule

_QUOTES = (
    rule("``", r"``([^`\"']{1,200})\"", r"“\1”"),
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
    rule("---", r"(?<!-)---(?![->])", "—"),
    rule("--", r"--(?<=[^<!-]--)(?=[ ])|--(?<=[^\s<!-]--)(?![->])", "–"),
    rule(" --", r" --(?<=[\w)] --)(?=[a-zA-Z])", " – "),
)
_TIES = (
    rule("~", r"\b([A-Za-z][\w.-]{0,60}[A-Za-z.,]|[A-Z])~(?=[\w(\[\\\"“‘\ufdd0])", r"\1 "),
    rule("~", r"(?<=[)\]},;:%”])~(?=[A-Za-z(\ufdd0])|(?<=\d)~(?=[A-Za-z(\ufdd0])", " "),
    rule("~", r"(?<=[A-Za-z\d)])~(?= [^\d])|(?<= )~(?=[A-Za-z\ufdd0])", ""),
)
_STOPS = (
    rule((" .", " ,", " ;"), r"(?<=[^\s.,;:]) (?=[,;.](?: |$))", ""),
    rule((" :", " !", " ?"), r"(?<=[A-Za-z)”’\ufdd1]) (?=[:!?](?: |$))", ""),
    rule(
        ".",
        r"\.(?<=[a-z]{2}\.)(?=[A-Z])(?!(?:[A-Z]{2}|NET|Net|Co)\b)(?![A-Za-z]+[._(:])|\.(?<=[)\]%]\.)(?=[A-Z][a-z])",
        ". ",
    ),
    rule(".", r"\.(?=(?:In|We|The|This|To|Code|Our|It|However)\b)(?<=\d\.)", ". "),
)


def read_quotes(text: str) -> str:
    """TeX's quotes and Markdown's code as typographic quotes and plain words."""
    return follow(_QUOTES, text) if "`" in text or "''" in text else text


def read(text: str) -> str:
    """Text without emphasis marks, with real dashes, and with one space after a stop and none before."""
    if "*" in text:
        text = follow(_MARKDOWN, text)
    if "--" in text:
        text = follow(_DASHES, text)
    if "~" in text:
        text = follow(_TIES, text)
    return follow(_STOPS, text)
