"""What must not be read as a formula or as Markdown: addresses, tokens, templates. No I/O."""

from __future__ import annotations

import re

from newsletter.tex.signs import COLOURS

_ADDRESS = r"(?:\\[_#%&~$]|\^(?!\{)|[^\s<>\"{}|\\^`\[\]\ufdd0\ufdd1])"
WEB = re.compile(rf"https?://{_ADDRESS}+")
"""An http or https address, with whatever punctuation follows it."""
_KINDS = (
    (re.compile(r"://|www\."), re.compile(rf"(?:https?://|www\.){_ADDRESS}+")),
    (
        re.compile(r"\.[A-Za-z]{2,15}/"),
        re.compile(rf"(?<![\w./@-])(?:[A-Za-z\d][A-Za-z\d-]{{0,40}}\.){{1,6}}[A-Za-z]{{2,15}}/(?:(?![()]){_ADDRESS})*"),
    ),
    (
        re.compile(r"@[A-Za-z\d-]+\.[A-Za-z\d-]"),
        re.compile(r"[\w.+-]{1,64}@(?:[A-Za-z\d-]{1,60}\.)+[A-Za-z]{2,15}"),
    ),
    (re.compile(r"<[/A-Za-z|]"), re.compile(r"</?[A-Za-z|][\w|.:-]{0,60}>")),
    (re.compile(r"\{\{"), re.compile(r"\{\{[^{}\\\ufdd0\ufdd1]{0,200}\}\}")),
)
"""What is set aside, and before it a sign that a text may have some, which is looked for much faster.

Addresses with a scheme, addresses without one but with a path, mail addresses, tokens like `<think>`, templates.
"""
_MARK = "\ufdd0(\\d+)\ufdd1"
"""The place of an aside: noncharacters (Unicode 16, section 23.7), which no text has after `text.clean`."""
_INSIDE = r"((?:[^{}]|\{[^{}]{0,300}\}){0,300})"
_BREAK = re.compile(r"\\allowbreak ?")
_GLUED = re.compile(r"(?<=[\w.,;:])(?=\\(?:url|href)\b)")
_STUCK = re.compile(r"http(?=s?://)(?:(?<=[A-Za-z]{2}http)|(?<=[A-Za-z]{2}[.:,]http))")
"""An address without a space after the word, or the stop, before it."""
_COLOUR = re.compile(rf"(?<![A-Za-z]){COLOURS}(?=https?://)")
_ANCHOR = re.compile(
    r"<a\s(?:[^<>]{0,200}\s)?href ?= ?[\"']?(https?://[^\s<>\"'{}]{1,500}+)[\"']?[^<>]{0,200}>([^<>{}]{0,300})</a>",
    re.I,
)
"""A link as HTML has it."""
_NO_TEXT = re.compile(r"this (?:https? )?url", re.I)
"""What arXiv puts in the place of an address: no text for a link."""
_WITH_TEXT = re.compile(rf"{_MARK}(?:\{{{_INSIDE}\}}| \{{({_MARK})\}})(?![\w/?&=#]|\.\w)")
_COMMAND = re.compile(rf"\\(?:url|href|nolinkurl)\s?\{{\s?{_MARK}([.,]?)\s?\}}(?:\s?\{{{_INSIDE}\}})?")
_MARKDOWN = re.compile(rf"\[([^\[\]]{{1,200}})\]\( ?{_MARK} ?\)")
_WRAPPED = re.compile(rf"(?:{COLOURS}|text[a-z]{{2}}|\\[A-Za-z]+)\{{(.*)\}}")
_ESCAPED = re.compile(r"\\([_#%&~$])")


def set_aside(text: str) -> tuple[str, list[str]]:
    """The text with a mark for each aside, and the asides in order; addresses are joined with the text they are for."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        aside = trimmed(found[0])
        kept.append(_ESCAPED.sub(r"\1", aside))
        return f"\ufdd0{len(kept) - 1}\ufdd1{found[0][len(aside) :]}"

    text = _BREAK.sub("", text) if "\\allowbreak" in text else text
    text = _ANCHOR.sub(r"\\href{\1}{\2}", text) if "</a>" in text else text
    if _STUCK.search(text):
        text = _STUCK.sub(_apart, _COLOUR.sub("", text))
    for sign, kind in _KINDS:
        if sign.search(text):
            text = kind.sub(keep, text)
    return _joined(text, kept) if kept else text, kept


def _apart(found: re.Match[str]) -> str:
    """An address after a space, unless it is inside of another one."""
    text, start = found.string, found.start()
    inside = text.rfind("://", text.rfind(" ", 0, start) + 1, start) >= 0
    return found[0] if inside else f" {found[0]}"


def _joined(text: str, kept: list[str]) -> str:
    """The text with `text (address)`, or the address alone, where TeX or Markdown had an address and a text for it."""

    def join(mark: str, words: str, stop: str = "") -> str:
        while wrapped := _WRAPPED.fullmatch(words.strip()):
            words = wrapped[1]
        said, address = put_back(words, kept).strip(), kept[int(mark)]
        same = not said or _bare(said) == _bare(address) or _NO_TEXT.fullmatch(said.rstrip("."))
        return f"\ufdd0{mark}\ufdd1{stop}" if same else f"{words.strip()} (\ufdd0{mark}\ufdd1{stop})"

    if "{" in text:
        text = _WITH_TEXT.sub(lambda found: join(found[1], found[2] or found[3] or ""), text)
        text = _COMMAND.sub(lambda found: join(found[1], found[3] or "", _stop(found)), _GLUED.sub(" ", text))
    return _MARKDOWN.sub(lambda found: join(found[2], found[1]), text) if "](" in text else text


def _stop(found: re.Match[str]) -> str:
    """The stop that stood inside of a command's braces, unless another one stands behind them."""
    stop: str = found[2]
    return "" if found.string.startswith((".", ",", ";"), found.end()) else stop


def _bare(address: str) -> str:
    return re.sub(r"^https?://(?:www\.)?|[/.]+$", "", address.lower().replace("\\", ""))


def put_back(text: str, kept: list[str]) -> str:
    """The text with its asides again."""
    return re.sub(_MARK, lambda found: kept[int(found[1])], text) if kept else text


def trimmed(address: str) -> str:
    """An address without the sentence's punctuation at its end; balanced parentheses belong to it."""
    end, spare = len(address), address.count(")") - address.count("(")
    while end and (address[end - 1] in ".,;:!?'\"*…”’" or (address[end - 1] == ")" and spare > 0)):
        spare -= address[end - 1] == ")"
        end -= 1
    return address[:end]
