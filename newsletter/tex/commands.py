"""TeX that still has its backslashes and dollars, as arXiv sends it. No I/O."""

from __future__ import annotations

import re
import unicodedata

from newsletter.tex.rules import follow, rule
from newsletter.tex.signs import ACCENTS, BLACKBOARD, COMMANDS, FONTS, FUNCTIONS, HATS, SHORT_FORMS, SWITCHES

_PRICE_FIRST = re.compile(r"\d[\d,.]*[kKMB]?(?: |$)")
_A_WORD, _A_NUMBER, _TWO_LETTERS = re.compile("[A-Za-z]{3} "), re.compile(r"\d "), re.compile("[A-Za-z]{2}")
_COMMAND_LAST = re.compile(r"\\[A-Za-z]+$")
_SHOWN_BRACE = re.compile(r"(?<!\\)\\([{}])")
"""A brace that readers see; it is a noncharacter while the others are read."""
_ONE_WORD = re.compile(r"\\?\w*")
_SILENT = "cite[a-z]*|eqref|autoref|ref|label|begin|end|vspace|hspace|thanks"
"""Commands whose argument is for TeX, not for readers."""
_WAITING = f"[dtc]?(?:frac|binom)|sqrt|{'|'.join(HATS)}"
"""Commands that are nothing without their arguments."""
_NUMBERED = r"(?:Sections?|Secs?\.|Figures?|Figs?\.|Tables?|Appendix|Equations?|Eqs?\.|Theorems?)"
_REF = r"(?:[cC]|eq|auto)?ref\{[^{}]{0,99}\}"
_LATER = r"(?!\s?\{[^{}]*\{)"
"""A command whose argument has groups inside waits until a later reading, when they are read."""


def _formula(found: re.Match[str]) -> str:
    """What stands between two dollars, if it is a formula; two prices are left alone."""
    inside: str = found[1] or found[2]
    if "\\" in inside:
        after = found.string[found.end() : found.end() + 1]
        return f"{inside}{{}}" if after.isalpha() and _COMMAND_LAST.search(inside) else inside
    if _PRICE_FIRST.match(inside) and inside.count(" ") > 2:
        return found[0]
    if any(sign in inside for sign in "^_{=<>|+"):
        return inside
    words = _A_WORD.search(inside) or (_A_NUMBER.search(inside) and _TWO_LETTERS.search(inside))
    return found[0] if words else inside


def _accented(found: re.Match[str]) -> str:
    letter = (found[3] or found[4]).removeprefix("\\")
    return unicodedata.normalize("NFC", letter + ACCENTS[found[1] or found[2]])


def _hatted(found: re.Match[str]) -> str:
    letter = COMMANDS.get(found[2][1:], found[2]) if found[2].startswith("\\") else found[2]
    return unicodedata.normalize("NFC", letter + HATS[found[1]]) if len(letter) == 1 else letter


def _double_struck(found: re.Match[str]) -> str:
    letter = found[1] or found[2]
    return BLACKBOARD.get(letter, letter)


def _bracketed(part: str) -> str:
    return part if _ONE_WORD.fullmatch(part) else f"({part})"


def _divided(found: re.Match[str]) -> str:
    return f"{_bracketed(found[1].strip())}/{_bracketed(found[2].strip())}"


def _rooted(found: re.Match[str]) -> str:
    return f"√{_bracketed(found[1])}"


def _gap(found: re.Match[str], inside: str) -> str:
    """What keeps a command apart from a letter that would be read as part of its name: `\\in\\mathcal{X}`."""
    start = found.start()
    command = inside[:1].isalpha() and _COMMAND_LAST.search(found.string, max(start - 30, 0), start)
    return "" if not command else "{}" if command[0][1:] in COMMANDS else " "


def _without_font(found: re.Match[str]) -> str:
    return _gap(found, found.string[found.end() : found.end() + 1])


def _reference(found: re.Match[str]) -> str:
    """Nothing, or the space that keeps two words apart."""
    after = found.string[found.end() : found.end() + 1]
    return " " if found[0][:1] in "~ " and (after.isalnum() or after == "\\") else ""


def _negated(found: re.Match[str]) -> str:
    sign = COMMANDS.get(found[1][1:], found[1])
    return unicodedata.normalize("NFC", f"{sign}\u0338") if len(sign) == 1 else f"not {found[1]}"


def _unwrapped(found: re.Match[str]) -> str:
    """What an author's own macro stands around; a function keeps its name."""
    name, inside = found[1], found[2]
    if name in HATS and len(inside) == 1:
        return found[0]
    if name not in FUNCTIONS:
        return _gap(found, inside) + inside
    return f"\\{name}{inside}" if inside.startswith("(") else f"\\{name} {inside}"


def _named(found: re.Match[str]) -> str:
    """A command's sign; an author's own macro is shown by its name, which is the best guess."""
    name, space = found[1], found[2]
    start, end = found.span()
    if name == "sim" and found.string[end : end + 3].lstrip("\\!,; ")[:1].isdigit():
        return "~"
    if name in FUNCTIONS and found.string[max(start - 1, 0) : start].isalnum():
        return f" {COMMANDS.get(name, name)}{space}"
    return COMMANDS.get(name, name) + space


_EITHER_WAY = (
    rule("superscript{", r"\\?textsuperscript\s?\{([^{}]*)\}", r"^{\1}"),
    rule("subscript{", r"\\?textsubscript\s?\{([^{}]*)\}", r"_{\1}"),
)
"""With their backslash and without it."""
_DOLLARS = (
    rule("$", r"(?<!\\)\$\s?(\\[A-Za-z]{1,20}|[<>=~]=?)\s?\$(?=\d)", r"\1"),  # `256$\times$256`, `$<$1`
    rule("$", r"(?<!\\)\$\$([^$]{1,400})\$\$|(?<![\\$\w])\$(?![\s$])([^$]{0,399}[^\s\\$])\$(?![\d$])", _formula),
    rule("$", r"(?<=\w)\$([\^_\\][^$]{0,399}[^\s\\$])\$()(?![\d$])", _formula),
)
_HATTED = rule("\\", rf"\\({'|'.join(HATS)})\s?\{{\s?(\\?[A-Za-z]+|[^\s{{}}\\])\s?\}}", _hatted)
_LETTERS = (
    rule("\\'", r"(?<=\w)\\'(?=s\b)", "’"),  # `the model\'s`: no accent
    rule(
        "\\",
        r"\\(?:(['`^\"~=.])|([uvHckrdb])(?=\{|\s?\\))\s?(?:\{\s?(\\?[A-Za-z])\s?\}|(\\[ij]\b|[A-Za-z]))",
        _accented,
    ),
    rule("\\mathbb", r"\\mathbb\s?(?:\{\s?([A-Z])\s?\}|([A-Z])\b)", _double_struck),
    _HATTED,
    rule("\\", rf"\\({'|'.join(HATS)}) ?(\\[A-Za-z]+|[^\x00-\x7f]|(?<= )[A-Za-z]\b)", _hatted),
)
_ARGUMENTS = (
    rule("frac", r"\\[dtc]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}", _divided),
    rule("frac", r"\\[dtc]?frac\s?(\d)\s?(\d)", r"\1/\2"),
    rule("\\sqrt", r"\\sqrt\s?(?:\[[^\[\]{}]{0,20}\])?\{([^{}]*)\}", _rooted),
    rule("\\", rf"\{{\s?\\{SWITCHES}\s?([^{{}}]*)\}}", r"\1"),
    rule("color", r"\\(?:textcolor|colorbox)\s?\{[^{}]*\}\s?\{([^{}]*)\}", r"\1"),
    rule("\\color", r"\\color\s?\{[a-z]{2,20}([A-Z]+)\}|\\color\s?\{[\w!]+\} ?", r"\1"),
    rule("\\footnote", r"\s?\\footnote(?:text)?\s?\{([^{}]*)\}", r" (\1)"),
    rule("\\binom", r"\\[dt]?binom\s?\{([^{}]*)\}\s?\{([^{}]*)\}", r"(\1 choose \2)"),
    rule("\\pmod", r"\s?\\pmod\s?(?:\{([^{}]*)\}|(\w))", lambda found: f" (mod {found[1] or found[2]})"),
    rule("ref{", rf" ?\((?:see )?{_NUMBERED}[~ ]?\\{_REF}\)|(?: in| of| see)? {_NUMBERED}[~ ]?\\{_REF}", ""),
    rule("\\", rf"[~ ]?\\(?:{_SILENT})\*?(?:\[[^\[\]]{{0,99}}\])?\{{[^{{}}]*\}}", _reference),
    rule("\\not", r"\\not\s?(\\[A-Za-z]+|[=<>])", _negated),
    rule("\\", r"\\(?!(?:[dtc]?frac|sqrt)\b)([A-Za-z]+)\*?\s?\{((?:[^{}\\]++|\{[^{}\\]{0,200}\})++)\}", _unwrapped),
    rule("\\", rf"\\(?:{FONTS})(?![A-Za-z])\*?(?:\s?\{{\s?\}}|(?!\s?\{{)\s?)", _without_font),
    rule("\\", rf"\\(?:{FONTS})(?![A-Za-z])\*?{_LATER}\s?\{{(?![^{{}}]*\}})", _without_font),  # it never closes
)
_NAMES = (
    _HATTED,
    rule("\\", rf"\\({'|'.join(SHORT_FORMS)})\b(?:\{{\}})?\.?", lambda found: SHORT_FORMS[found[1]]),
    rule("\\", rf"(?<!\{{)\\{SWITCHES} ?", ""),
    rule(
        "\\",
        rf"\\(?!{SWITCHES}|(?:{_WAITING})\s?\{{)([A-Za-z]+)(?![A-Za-z])\*?{_LATER}(?:\{{\}})?( ?)",
        _named,
    ),
)
_ESCAPES = (
    rule("\\", r"\\(?=\d[\d.,]*(?![\d.,]*\)))", "$"),  # `\$81` that lost its dollar
    rule("\\", r"\\(?=\d)", ""),
    rule("\\", r"\\([%&_$#~])", r"\1"),
    rule("\\", r"\\[()\[\]!/@-]", ""),
    rule("\\|", r"\\\|", "‖"),
    rule("\\", r"\\(?:[,;:> ]|$|\\(?:\[[^\[\]]{0,20}\])?)", " "),
)


def read(text: str) -> str:
    """Text with its accents, fonts, signs and macros as plain Unicode, and without the dollars around formulas."""
    text = follow((*_EITHER_WAY, *_DOLLARS), text)
    if "\\" not in text:
        return text
    text = _SHOWN_BRACE.sub(lambda found: "\ufdd2" if found[1] == "{" else "\ufdd3", text)
    text = follow((*_LETTERS, *_ARGUMENTS, *_NAMES, *_ESCAPES), text)
    return text.replace("\ufdd2", "{").replace("\ufdd3", "}")
