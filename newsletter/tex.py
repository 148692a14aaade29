"""TeX, what is left of TeX after Hugging Face took its backslashes and dollars, and Markdown as plain Unicode. No I/O.

Hugging Face's text (seen 2024-2026) has lost the dollars and, inside formulas, the backslashes: `$5\\times$` is
`5times`, `$\\sim$10` is `sim 10`. `times`, `sim`, `in`, `Phi` are words as well, so they are read as formulas only
where a digit or another piece of a formula touches them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
SYMBOLS = {
    "times": "×", "sim": "~", "approx": "≈", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠",
    "pm": "±", "mp": "∓", "ll": "≪", "gg": "≫", "cdot": "·", "cdots": "…", "ldots": "…", "dots": "…", "infty": "∞",
    "nabla": "∇", "partial": "∂", "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "leftrightarrow": "↔", "Rightarrow": "⇒", "Leftrightarrow": "⇔",
    "mapsto": "↦", "uparrow": "↑", "downarrow": "↓", "ell": "ℓ", "circ": "∘", "deg": "°", "degree": "°", "sum": "∑",
    "prod": "∏", "sqrt": "√", "forall": "∀", "exists": "∃", "equiv": "≡", "propto": "∝", "star": "⋆", "ast": "∗",
    "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "oplus": "⊕",
    "otimes": "⊗", "mid": "|", "vert": "|", "Vert": "‖", "prime": "′", "checkmark": "✓", "S": "§", "copyright": "©",
    "textasciitilde": "~", "textbackslash": "\\", "LaTeX": "LaTeX", "TeX": "TeX", "eg": "e.g.", "ie": "i.e.",
    "etal": "et al.", "etc": "etc.", "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ",
    "OE": "Œ", "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "quad": " ", "qquad": " ", "par": " ", "newline": " ",
    "left": "", "right": "", "big": "", "Big": "", "xspace": "", "noindent": "", "item": "", "displaystyle": "",
    "em": "", "bf": "", "it": "", "sc": "", "tt": "", "rm": "", "sf": "", "sl": "", "itshape": "", "bfseries": "",
}  # fmt: skip
_NEVER_ENGLISH = (
    "leq", "geq", "neq", "rightarrow", "leftarrow", "leftrightarrow", "Rightarrow", "Leftrightarrow", "infty", "nabla",
    "cdot", "cdots", "ldots", "subseteq", "mapsto", "uparrow", "downarrow", "notin", "propto", "oplus", "otimes",
    "langle", "rangle", "lceil", "rceil", "lfloor", "rfloor",
)  # fmt: skip
_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "d": "\u0323",
}  # fmt: skip
_RAISED = dict(zip("0123456789+-=()niT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ", strict=True)) | {"*": "*", "′": "′", "a": "ᵃ", "b": "ᵇ",
    "c": "ᶜ", "d": "ᵈ", "e": "ᵉ", "k": "ᵏ", "m": "ᵐ", "t": "ᵗ", "x": "ˣ", "L": "ᴸ", "N": "ᴺ", "K": "ᴷ"}  # fmt: skip
_LOWERED = dict(zip("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True)) | {"a": "ₐ", "e": "ₑ", "i": "ᵢ", "j": "ⱼ",
    "k": "ₖ", "l": "ₗ", "m": "ₘ", "n": "ₙ", "o": "ₒ", "p": "ₚ", "r": "ᵣ", "s": "ₛ", "t": "ₜ", "u": "ᵤ", "v": "ᵥ",
    "x": "ₓ"}  # fmt: skip
_STARTERS = (
    "A|An|And|As|At|Based|Beyond|Both|But|By|Code|Compared|Data|Despite|Drawing|During|Each|Empirical|Existing|"
    "Experiments?|Extensive|Finally|First|For|From|Further|Furthermore|Given|Here|How|However|If|In|Inspired|Instead|It|"
    "Its|Key|Moreover|Most|Notably|On|Our|Recent|Results|Second|Since|Specifically|Such|That|The|Then|There|Therefore|"
    "These|They|This|Those|Through|Thus|To|Together|Unlike|Using|We|What|When|While|With"
)


def plain(text: str) -> str:
    """One pass from TeX and its residue to plain text. Text without any of it comes back unchanged."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        url = trimmed(found[0])
        kept.append(_address(url))
        return f"\ue000{len(kept) - 1}\ue001{found[0][len(url) :]}"

    text = _URL_WITH_TEXT.sub(_url_and_text, _COMMAND_URL.sub(_url_and_text, text))
    text = _URL.sub(keep, text)
    for step in _STEPS:
        text = step(text)
    return re.sub("\ue000(\\d+)\ue001", lambda found: kept[int(found[1])], text)


# -- addresses: set aside while everything else is read

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"{}|^`\[\]\ue000\ue001]+")
_COMMAND_URL = re.compile(r"\\(?:url|href)\s?\{([^{}]{1,500})\}(?:\s?\{([^{}]{0,300})\})?")
_URL_WITH_TEXT = re.compile(r"(https?://[^\s<>\"{}|^`]{1,500})\{([^{}]{0,300})\}")
_MARKDOWN_LINK = re.compile(r"\[([^\[\]]{1,200})\]\(\s?(\ue000\d+\ue001)\s?\)")


def trimmed(url: str) -> str:
    """An address without the sentence's punctuation at its end; balanced parentheses belong to it."""
    while url and (url[-1] in ".,;:!?'\"*" or (url[-1] == ")" and url.count("(") < url.count(")"))):
        url = url[:-1]
    return url


def _url_and_text(found: re.Match[str]) -> str:
    url, text = found[1].strip(), (found[2] or "").strip()
    same = re.sub(r"^https?://|/$", "", text.lower()) in re.sub(r"\\", "", url.lower())
    return url if not text or same or text.lower().startswith("http") else f"{text} ({url})"


def _address(url: str) -> str:
    return re.sub(r"\\([_#%&~$])", r"\1", url)


# -- TeX that still has its backslashes

_ACCENT = re.compile(r"\\(?:(['`^\"~=.])|([uvHckrd])(?=\{|\s?\\))\s?(?:\{\s?(\\?[A-Za-z])\s?\}|(\\?[A-Za-z]))")
_FONT = re.compile(
    r"\\(?:text(?:bf|it|tt|sc|rm|sf|sl|up|md|normal|color)?|emph|underline|mbox|math(?:cal|bb|rm|bf|it|sf|frak|scr)|"
    r"operatorname|boldsymbol|bm|hat|bar|tilde|vec|overline|widehat|widetilde)\*?\s?\{([^{}]*)\}"
)
_FOOTNOTE = re.compile(r"\\footnote\s?\{([^{}]*)\}")
_CITE = re.compile(r"~?\\(?:cite[tp]?|ref|label|eqref)\s?\{[^{}]*\}")
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}")
_SWITCH = re.compile(r"\{\s?\\(?:em|bf|it|sc|tt|rm|sf|sl|itshape|bfseries)\b\s?([^{}]*)\}")
_ESCAPED = re.compile(r"\\([%&_$#~])")
_LOST_DOLLAR = re.compile(r"\\(?=\.?\d)")  # `\$5` without its dollar
_SPACING = re.compile(r"\\(?:[,;:! ]|\\)")
_DELIMITERS = re.compile(r"\\[()\[\]]")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?(?:\{\})?( ?)")
_MATH = re.compile(r"(?<!\\)\$\$?(?![\d\s])([^$\n]{1,400}?)(?<![\s\\])\$\$?(?!\d)|(?<!\\)\$(\d[^$\s\\]{0,60})\$(?!\d)")


def _accents(text: str) -> str:
    def compose(found: re.Match[str]) -> str:
        letter = (found[3] or found[4]).lstrip("\\")
        return unicodedata.normalize("NFC", letter + _ACCENTS[found[1] or found[2]])

    return _ACCENT.sub(compose, text) if "\\" in text else text


def _commands(text: str) -> str:
    if "\\" not in text:
        return text
    for _ in range(3):  # commands inside commands
        text = _FRACTION.sub(r"\1/\2", _FONT.sub(r"\1", _SWITCH.sub(r"\1", text)))
    text = _CITE.sub("", _FOOTNOTE.sub(r" (\1)", text))
    text = _LOST_DOLLAR.sub("$", text)
    text = _SPACING.sub(" ", _DELIMITERS.sub("", _ESCAPED.sub(r"\1", text)))
    return _COMMAND.sub(_command, text)


def _command(found: re.Match[str]) -> str:
    name = found[1]
    if name in GREEK or name in SYMBOLS:
        return (GREEK.get(name) or SYMBOLS[name]) + found[2]
    return name + found[2]  # an author's own macro: its name is the best guess


def _math(text: str) -> str:
    return _MATH.sub(lambda found: found[1] or found[2], text) if "$" in text else text


# -- what is left of formulas without backslashes

_LOST_FONT = re.compile(
    r"(?<![a-z])(?:text(?:bf|it|tt|sc|rm|sf)?|math(?:cal|bb|rm|bf|it|sf|frak|scr)|operatorname|emph|underline)\{([^{}]*)\}"
)
_BRACED_SIGN = re.compile(r"(?<=[\w°)])\{(times|sim|pm|approx|leq|geq|to|rightarrow)\}(?=[\w(])")
_LOST_FONT_LETTER = re.compile(r"\bmath(?:cal|bb|rm|bf|it|sf|frak|scr) ?(?=[A-Z]\b)")
_TIMES = re.compile(
    r"(?<=[\d)\]])\s?times(?=[\dA-Z]|\b)(?!\s(?:as|more|less|faster|larger|smaller|higher|lower|fewer|the)\b)"
)
_TIMES_WORD = re.compile(r"(?<=\d)times(?= (?:as|more|less|faster|larger|smaller|higher|lower|fewer|the)\b)")
_TIMES_LETTER = re.compile(r"(?<=\b[A-Z])\s?times\s?(?=[A-Z\d]\b)|(?<=\d[A-Za-z])times(?=[A-Za-z\d])|\btimes(?=\d)")
_AROUND = re.compile(r"(?<![\w-])sim\s?(?=[\d.$])|(?<=\d)\s?sim\s?(?=\d)|(?<=[\d%)])\s?sim(?=\s\d)")
_APPROX = re.compile(r"(?<![\w-])approx\s?(?=[\d.$])|(?<=[\d)])\s?approx\s?(?=[\w(])")
_PLUS_MINUS = re.compile(r"(?<=[\d%])\s?pm\s?(?=[\d.])|(?<![\w-])pm(?=\d)")
_MUCH = re.compile(r"(?<=[\w)]\s)(ll|gg)(?=\s[\w(])")
_RELATION = re.compile(rf"(?<![A-Za-z\\])({'|'.join(_NEVER_ENGLISH)})(?![a-z])")
_GLUED_RELATION = re.compile(r"(?<=\d)(leq|geq|neq|rightarrow|to)(?=\d)")
_MEMBER = re.compile(r"(?<=\b[A-Za-z])\s?in (?=(?:ℝ|R\^|\{|\[|\(0))")
_BARE_GREEK = re.compile(
    rf"(?<![A-Za-z\\-])({'|'.join(sorted(GREEK, key=len, reverse=True))})(?=[_^{{]|\s?[=≤≥<>≈]\s?[\d.]|[0-9]\b)"
    rf"|(?<=[=(/^_·])({'|'.join(sorted(GREEK, key=len, reverse=True))})(?=[)/,.\s}}^_])"
)
_ELL = re.compile(r"(?<![A-Za-z\\])ell(?=_)")
_DEGREE = re.compile(r"(?<=\d)\s?\^?\s?\{?\s?(?:circ|∘|°)\s?\}?(?=times|(?![a-z]))")
_RAISE = re.compile(r"(?<=[\w)\]}°])\^(?:\{([^{}]{1,40})\}|([A-Za-z\d*′]|[+-]?\d+))")
_LOWER = re.compile(r"(?<=[A-Za-zℓ\u0370-\u03ff\d)\]])_\{([^{}]{1,40})\}")
_LOWER_ONE = re.compile(r"(?<![A-Za-z\d_./-])([A-Za-z\u0370-\u03ffℓ]{1,2})_([a-z\d])(?![\w.]*[\w/])")
_GROUP = re.compile(r"(?<![{\\$\w])\{([A-Za-z\d]+)\}(?!\})|(?<=[a-z\u0370-\u03ff])\{([A-Z\d][A-Za-z\d]*)\}(?!\})")


def _residue(text: str) -> str:
    text = _LOST_FONT_LETTER.sub("", _LOST_FONT.sub(r"\1", _BRACED_SIGN.sub(r"\1", text)))
    text = _DEGREE.sub("°", _ELL.sub("ℓ", text))
    text = _TIMES_WORD.sub("×", text)
    text = _TIMES.sub(_times, text)
    text = _TIMES_LETTER.sub("×", text)
    text = _APPROX.sub("≈", _AROUND.sub("~", text))
    text = _PLUS_MINUS.sub(" ± ", text).replace("  ± ", " ± ")
    text = _GLUED_RELATION.sub(lambda found: SYMBOLS[found[1]], text)
    text = _RELATION.sub(lambda found: SYMBOLS[found[1]], text)
    return _BARE_GREEK.sub(lambda found: GREEK[found[1] or found[2]], _MEMBER.sub(" ∈ ", text))


def _times(found: re.Match[str]) -> str:
    before, after = found.string[: found.start()], found.string[found.end() : found.end() + 2]
    spaced = found[0][0].isspace()
    if spaced and not re.match(r"\s[\d(]", after):
        return found[0]  # "three or 4 times" is English
    return " ×" if spaced and before else "×"


def _scripts(text: str) -> str:
    text = _RAISE.sub(lambda found: _script(found[1] or found[2], _RAISED, "^"), text)
    text = _LOWER.sub(lambda found: _script(found[1], _LOWERED, "_"), text)
    return _LOWER_ONE.sub(lambda found: found[1] + _script(found[2], _LOWERED, "_"), text)


def _script(content: str, table: dict[str, str], sign: str) -> str:
    """`content` raised or lowered where Unicode has it all; else after its sign, in parentheses if it is long."""
    content = re.sub(r"(?<=[a-z\d])\s?times\s?(?=[a-z\d])", "×", _FONT.sub(r"\1", content)).replace(" ", "")
    if content and all(character in table for character in content):
        return "".join(table[character] for character in content)
    if content in ("circ", "∘"):
        return "°"
    short = len(content) == 1 or (sign == "_" and content.replace(".", "").isalnum())
    return f"{sign}{content}" if short else f"{sign}({content})"


def _groups(text: str) -> str:
    return _GROUP.sub(lambda found: found[1] or found[2], text) if "{" in text else text


# -- Markdown, quotes, dashes, spaces

_BOLD = re.compile(r"(?<![*\w])(\*\*|__)(?=\S)([^*_\n]{1,300}?)(?<=\S)\1(?![*\w])")
_ITALIC = re.compile(r"(?<![*\w])\*(?=[A-Za-z(\"'“])([^*\n]{1,300}?)(?<=[A-Za-z\d)\"'”.!?])\*(?![*\w])")
_CODE = re.compile(r"(?<![`\w])`([^`'\n]{1,120})`(?!`)")
_QUOTES = re.compile(r"``|(?<![\w'])''(?=\w)")
_SINGLE = re.compile(r"(?<![`\w])`([^`'\n]{1,80})'(?!')")
_TIE = re.compile(r"(?<=[A-Za-z.,)])~(?=[A-Za-z\d\\(])|(?<=[\d)])~(?=[A-Za-z])")
_DASHES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\s?(?<!-)---(?!-)\s?"), "—"),
    (re.compile(r"(?<=\s)--(?=\s)"), "–"),
    (re.compile(r"(?<=[\w)] )--(?=[A-Za-z])"), "– "),
    (re.compile(r"(?<=[\w)])--(?=\s)"), " –"),
    (re.compile(r"(?<=[\w)\]”’\"%.,°'])--(?=[\w(\[“‘\"'~$])"), "–"),
)
_BEFORE_STOP = re.compile(r"(?<=[^\s.]) (?=[,.;!?](?:\s|$))")
_AFTER_STOP = re.compile(rf"(?<=[a-z\d)]\.)(?=(?:{_STARTERS})\b)")


def _marks(text: str) -> str:
    text = _MARKDOWN_LINK.sub(r"\1 (\2)", text)
    text = _BOLD.sub(r"\2", text)
    text = _ITALIC.sub(r"\1", text)
    return _CODE.sub(r"\1", text)


def _quotes(text: str) -> str:
    text = _SINGLE.sub(r"‘\1’", text) if "`" in text else text
    return _QUOTES.sub("“", text).replace("''", "”") if "``" in text or "''" in text else text


def _dashes(text: str) -> str:
    for pattern, dash in _DASHES:
        text = pattern.sub(dash, text)
    return text


def _spaces(text: str) -> str:
    return _AFTER_STOP.sub(" ", _BEFORE_STOP.sub("", _TIE.sub(" ", text)))


_STEPS: tuple[Callable[[str], str], ...] = (
    _quotes, _accents, _math, _commands, _residue, _scripts, _groups, _marks, _dashes, _spaces,
)  # fmt: skip
