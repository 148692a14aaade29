"""What stands raised or lowered in a formula, where Unicode has it. No I/O."""

from __future__ import annotations

import re

from newsletter.tex.rules import follow, rule
from newsletter.tex.signs import LETTERS, LOWERED, RAISED

_NAMED = LETTERS | {
    "times": "×", "cdot": "·", "circ": "∘", "deg": "°", "leq": "≤", "geq": "≥", "pm": "±", "dagger": "†",
    "†": "†", "star": "*", "⋆": "*", "ast": "*", "∗": "*", "prime": "′", "'": "′", "''": "″",
}  # fmt: skip
_WHOLE = {"top": "ᵀ", "⊤": "ᵀ", "intercal": "ᵀ", "∘": "°"}
_NAME = re.compile(r"[A-Za-z]+|.")
_GLUED = re.compile(r"(?<![A-Za-z])([a-z])times(?![a-z]{2})")
_BRACKETED = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?")


def _raise(found: re.Match[str]) -> str:
    content = _compact(next(part for part in found.groups() if part is not None))
    if content in _WHOLE:
        return _WHOLE[content]
    if content and all(character in "°†*′″±∓" for character in content):
        return content
    return _shown(content, RAISED, "^")


def _lower(found: re.Match[str]) -> str:
    return _shown(_compact(found[1]), LOWERED | {".": ".", ",": ","}, "_")


def _lower_one(found: re.Match[str]) -> str:
    return found[1] + _shown(found[2], LOWERED | {".": "."}, "_")


def _compact(content: str) -> str:
    """The inside of a script without spaces, its names as signs: `n times d` is `n×d`."""
    named = _NAME.sub(lambda found: _NAMED.get(found[0], found[0]), _GLUED.sub(r"\1×", content.strip(" ,!")))
    return named if re.search(r"[A-Za-z]{2} [A-Za-z]{2}", named) else named.replace(" ", "")


def _shown(content: str, table: dict[str, str], sign: str) -> str:
    """`content` in the letters of `table` if it is short and has them all; else after its sign."""
    short = sum(character.isalpha() for character in content) <= 2 and content[-1:] not in (".", ",")
    if content and short and all(character in table for character in content):
        return "".join(table[character] for character in content)
    bare = not content or _WORD.fullmatch(content) or _BRACKETED.fullmatch(content)
    return f"{sign if content else ''}{content}" if bare else f"{sign}({content})"


_RULES = (
    rule("^{+", r"\^\{\+(\d[\d.]{0,9})\}_\{-(\d[\d.]{0,9})\}", r" +\1/-\2"),  # errors above and below
    rule("_{-", r"_\{-(\d[\d.]{0,9})\}\^\{\+(\d[\d.]{0,9})\}", r" +\2/-\1"),
    rule("^", r"(?<=[\w)\]}|°*′″'∇∞])\^(?:\{([^{}]{0,200})\}|([+-]?\d{1,9}(?!\w{0,9}\.\w)|[A-Za-z*+](?![A-Za-z])|"
         r"[†°∘⋆⊤±∓]|[+-](?=[A-Za-z]\^)|-(?![\w(.])|(?:dagger|top|prime|circ|star)\b)|\(([+-]?\d{1,4})\))", _raise),
    rule("_", r"(?<=[\w)\]}|°²³⁺∑∏∫])_\{([^{}]{0,200})\}", _lower),
    # `w_k` and `CO_2` are formulas; `gpt_4`, `moe_vie`, `is_a`, `Q4_0`, `a/x_1` and `x_1_y` are names of things.
    rule("_", r"(?<![A-Za-z\d_./\\@#-])([A-Z][A-Za-z]?|[a-z]|[\u0370-\u03ffℓ∇∞]|(?:arg)?(?:max|min)|log|sup|inf|lim)"
         r"_(\d{1,9}(?:\.\d{1,9})?(?![a-z\d_])|[a-z](?![A-Za-z\d_]))(?!\.\w)", _lower_one),
    rule("_", r"(?<![A-Za-z_])([\u0370-\u03ffℓ∇∞ℵ∫])_(\d{1,9}(?:\.\d{1,9})?|[a-z])(?![A-Za-z_\d])", _lower_one),
    rule("_", r"([|‖)\]])_(\d)(?![A-Za-z\d_])", _lower_one),
    rule(("^∘", "^{∘}"), r"(?<=[\d ])\^(?:∘|\{∘\})", "°"),
    rule(("_⊙", "_{⊙}"), r"_(?:⊙|\{⊙\})", "⊙"),
    rule("^{", r"(?<![^\s(/~-])\^\{(\d{1,3})\}(?=[A-Z])", _raise),  # isotopes
)  # fmt: skip


def read(text: str) -> str:
    """Scripts as Unicode: `R^3`, `10^{-4}`, `CO_2`, `π_{0.5}`; what Unicode lacks keeps its sign, not its braces."""
    return follow(_RULES, text) if "^" in text or "_" in text else text
