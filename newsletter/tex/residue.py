"""Formulas that lost their backslashes and dollars on the way through Hugging Face. No I/O.

`$5\\times$` came out as `5times`, `$\\sim$10` as `sim 10`, `$\\frac{8}{255}$` as `8{255}`. But `times`, `sim`, `in`,
`to`, `pm` and `Phi` are words and names as well, so each is read as a sign only where a digit, a brace or another
piece of a formula touches it; `leq`, `infty` and their like are no words, and are read everywhere.
"""

from __future__ import annotations

import re
import unicodedata

from newsletter.tex.rules import follow, rule
from newsletter.tex.signs import BLACKBOARD, COLOURS, COMMANDS, FONTS, HATS, LETTERS

_NO_WORDS = (
    "leftrightarrow", "Leftrightarrow", "longrightarrow", "rightarrow", "leftarrow", "Rightarrow", "uparrow",
    "downarrow", "infty", "nabla", "cdots", "ldots", "cdot", "varnothing", "varepsilon", "varphi", "vartheta",
)  # fmt: skip
"""Names that no English word ends with; longer ones first."""
_LETTERS = "|".join(sorted(LETTERS, key=len, reverse=True))
_NAMES = f"{_LETTERS}|partial|sum|prod"
_WORD = re.compile("[A-Za-z]+")
_A_GREEK_LETTER = re.compile("[\u0370-\u03ff]")
_SURE = "epsilon|zeta|eta|theta|kappa|nu|xi|rho|upsilon|phi|chi|psi|omega"
"""Greek letters that are nothing else in brackets by themselves: `Poisson's ratio (nu)`, but `(beta)`, `(pi)`."""
_CERTAIN = frozenset(_SURE.split("|"))
_WORD_LAST = re.compile(r"(?<![A-Za-z\\])[A-Za-z]+$")
_LONG = ("lambda", "omega", "sigma", "theta")
"""Greek letters that are one even at the head of a name in capitals: `omegaGCN`."""
_BRACED = "|".join(("times", "sim", "approx", "leq", "geq", "neq", "pm", "to", "rightarrow", "cdot", "in"))


def _sign(found: re.Match[str]) -> str:
    return COMMANDS[next(name for name in found.groups() if name)]


def _group(found: re.Match[str]) -> str:
    """The inside of braces that only hold words together; a set keeps its braces."""
    return found[0] if "," in found[1] else found[1]


def _double_struck(found: re.Match[str]) -> str:
    return BLACKBOARD.get(found[1], found[1])


def _hatted(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", found[2] + HATS[found[1]])


def _over(found: re.Match[str]) -> str:
    """A fraction that lost its command and its first braces: `8{255}` is 8/255."""
    return f"{found[1]}/{found[2]}" if " " not in found[2] else f"{found[1]}/({found[2]})"


def _ratio(found: re.Match[str]) -> str:
    """The second of two Greek letters; the first one is read in its turn, being beside it."""
    before = _WORD_LAST.search(found.string, max(found.start() - 12, 0), found.start())
    names = (before[0] if before else "", found[1])
    return f"/{COMMANDS[names[1]]}" if names[0] in LETTERS and not _CERTAIN.isdisjoint(names) else found[0]


_FONT_RULES = (
    rule("mathbb", r"mathbb(?<![A-Za-z\\]mathbb)(?:\{| )([A-Z])(?:\}|\b)", _double_struck),
    rule("{", rf"(?<![A-Za-z\\])(?:{FONTS}|{COLOURS}|frac)\{{([^{{}}]*)\}}", r"\1"),
    rule("{", r"\{(?:bf|em|it|sc|tt|rm) ([^{}]*)\}", r"\1"),
    rule("{sim}", r"(?<=\d)\{sim\}(?=\d)", "–"),
    rule("{sim}", r"\{sim\}(?=\d)", "~"),
    rule("{", rf"(?<![_^])\{{({_BRACED})\}}", _sign),
    rule("{", r"(?<=[\w°)])\{([=+,]|:)\}(?=\w)", r"\1"),
)
_SIGN_RULES = (
    rule("boldsymbol", r"boldsymbol(?![a-z])", ""),
    rule(("circ", "deg"), r"(?<=\d) ?\^? ?(?:circ|deg)(?=times|[^A-Za-z.]|$)", "°"),
    rule("times", r"times(?<=[\d)\]}%°²³]times)(?=sim ?\d|[^a-z]|$)(?: (?=\d\d))?|times(?<=[A-Z]times)(?=[A-Z\d])|"
         r"times(?<=\b[A-Za-z]times)\b|times(?<=\d[a-z]times)(?=\d)|times(?<=\btimes)(?=\d)", "×"),
    rule(" times ", r" times (?=\d)(?<=[\d²³⁰-⁹] times )| times (?=[A-Z\d]\b|\([A-Z\d])(?<=\b[A-Z] times )|"
         r" times (?=[b-z]\b)(?<=\b[b-z] times )", " × "),  # `512times 512` is 512×512, `2 times 3` keeps its spaces
    rule("s times ", r"(\b\d{1,9} [a-z]{3,20}s) times (?=\d)", r"\1 × "),
    rule("sim", r"sim(?<=[\d%×KMBk]sim) ?(?=\d)(?!\d[a-z]{2})", "–"),
    rule(" sim", r" sim(?<=[\d%×KMBk] sim) ?(?=\d)(?!\d[a-z]{2})", "–"),
    rule("sim", r"sim(?<![\w-]sim)[ !]*(?=\d|[.$]\d)(?!2(?!times)[A-Za-z])", "~"),
    rule("approx", r"approx(?<![\w-]approx)(?= ?(?:\d|[.$-]\d))|approx(?<=\) approx)(?= \w)", "≈"),
    rule("pm", r"pm(?<=[\d%]pm)(?=\d*\.?\d)", " ± "),
    rule(" pm ", r" pm (?=\d)(?:(?<=% pm )|(?<=\.\d pm )|(?<=\.\d\d pm )|(?<=\.\d{3} pm ))", " ± "),
    rule("pm", r"pm(?<![\w-]pm)(?=\d)", "±"),
    rule("to", r"(to)(?<=\dto)(?=\d*\.\d)", _sign),
    rule((" le ", "(le ", " ge ", "(ge "),
         r"(?<=\()(le|ge)(?= \d)|(?<=\b[A-Za-z] )(le|ge)(?= \d)|(?<=\) )(le|ge)(?= \()", _sign),
    rule((" ll ", " gg "), r" (ll|gg) (?<=\b[A-Za-z] \w\w )(?=[A-Za-z\d])", lambda found: f" {_sign(found)} "),
    rule(" mid ", r" mid (?<=\([A-Za-z] mid )(?=[A-Za-z][,)])", " | "),
    rule("sqrt", r"sqrt(?<![A-Za-z\\]sqrt)(?=\()|sqrt(?<![A-Za-z\\]sqrt) ?\{(\w+)\}", r"√\1"),
    rule(("leq", "geq", "neq"), r"(leq|geq|neq)(?<![A-Za-z\\][lgn]eq)(?![a-z])", _sign),
    rule("ightarrow", r"((?:long|[Ll]eft)rightarrow|[Rr]ightarrow)(?=[a-rt-z]|s[a-z])", _sign),
    rule(("arrow", "infty", "nabla", "dots", "cdot", "varnothing", "varepsilon", "varphi", "vartheta"),
         rf"({'|'.join(_NO_WORDS)})(?![a-z])", _sign),
    rule("·", r"(?<=[\w)])· ", "·"),
    rule(("log(", "log^", "log³"), r"log(?<=[(\d}²³⁻⁰-⁹][a-z]log)(?=[(^³])", " log"),
    rule(("ell)", "ell,"), r"ell(?=[),])(?:(?<=[(,|] ell)|(?<=[(,]ell))", "ℓ"),
    rule(("widetilde ", "widehat "), r"(widetilde|widehat) ([A-Z])\b", _hatted),
)  # fmt: skip
_FORMULA_SIGNS = "^_={|["
_FORMULA_RULES = (
    rule("ll n", r"ll(?<=\b[b-df-hj-z]ll)(?= n\b)", " ≪"),
    rule(("in[", "in{"), r"in(?<=\b[A-Zb-df-z]in)(?=\[[\d-]|\{\d)", "∈"),
    rule("!in!", r"!in!(?=[\[{(])", " ∈ "),
    rule((" in R^", " in Z^", " in N^", " in C^", " in ["),
         r" in (?<=\b[A-Za-z] in )(?=[RZNC]\^)| in (?<=\b[b-z] in )(?=\[-?(?:[01]|\d*\.\d+), ?[\d∞i])", " ∈ "),
    rule("in R^", r"in (?<=\b[A-Za-z']in )(?=R\^)", " ∈ "),
    rule("dots", r"(?<=,)dots(?=,)|(?<=, )dots(?=\})", "…"),
    rule(("left(", "left[", "left|"), r"left([(\[|])([^()]{1,120}(?:\([^()]{0,60}\)[^()]{0,120})?)right([)\]|])",
         lambda found: found[1] + found[2].strip() + found[3]),
    rule(("propto", "subseteq", "floor", "ceil"), r"(propto|subseteq|[lr]floor|[lr]ceil)(?![a-z])", _sign),
    rule("circ ", r"(circ)(?<=[A-Za-z ]circ)(?= [A-Z\u0370-\u03ff])", _sign),
    rule(("(x", "(z", "(t"), rf"(?<![A-Za-z]{{2}})(?<![A-Z\\])({_NAMES})(?=\([xzt][),_])", _sign),
    rule("angle", r"(langle|rangle)(?<![A-Za-z][lr]angle)(?=langle|rangle|[^a-z]|$)|(rangle)(?<=_[A-Z]rangle)", _sign),
)  # fmt: skip
"""Only for texts that have one of `_FORMULA_SIGNS`."""
_NAME_RULES = (
    rule(("_", "^", "{"), rf"(?<![A-Za-z\\])({_NAMES})(?=_\{{|_[A-Za-z\d](?![A-Za-z_])|_infty|_∞|\^|\{{[A-Za-z\d]\}})|"
         rf"(?<=\{{)({_LETTERS})(?=[\^_}}])", _sign),
    rule(("_", "^"), rf"(?<=[_^])(?<![A-Za-z\d_][A-Za-z][_^])({_LETTERS})(?![A-Za-z])", _sign),
    rule("_", rf"(?<![A-Za-z\\])({_NAMES})(?= [A-Za-z]_[A-Za-z\d](?![A-Za-z]))", _sign),
    rule(("=", "<", ">", "≤", "≥", "≈", "∈", "∝", "∘", "·"),
         rf"(?<![A-Za-z\\-])({_LETTERS})(?= ?[=≤≥≈∈∝∘·]| ?[<>]=? ?[\d.-])|(?<=[=≤≥≈∈∝∘·])({_LETTERS})(?![A-Za-z])|"
         rf"(?<=[=≤≥≈∈∝∘] )({_LETTERS})(?![A-Za-z-])", _sign),
    rule("Delta", r"(Delta)(?<![A-Za-z]Delta)(?=[+-]?\d[\d.]{0,9}%)", _sign),
    rule(_LONG, rf"(?<![A-Za-z-])({'|'.join(_LONG)})(?=[A-Z](?:[A-Z]|\d))", _sign),
    rule("(", rf"\((?:(?<=[A-Za-z]\()(?:{_NAMES})(?=[)/,])|(?:{_SURE})(?=\))|(?:{_LETTERS}), (?:{_LETTERS})(?=\)))",
         lambda found: _WORD.sub(lambda name: COMMANDS[name[0]], found[0])),
    rule((" x)", " t)", " z)"), rf"\((?<=[a-z]\()({_LETTERS})(?= [xtz]\))", lambda found: "(" + _sign(found)),
    rule("/", rf"/(?<=\b[A-Za-z]/)({_LETTERS})(?=\))", lambda found: "/" + _sign(found)),
    rule("/", rf"/({_LETTERS})(?![\w-])", _ratio),
    rule(" 1-", rf" 1-({_LETTERS})(?![\w-])", lambda found: " 1-" + _sign(found)),
)  # fmt: skip
"""Greek letters: only where a script, a relation or the brackets of a function touch them."""
_GREEK_RULES = (
    rule(" ", rf"(?<![A-Za-z\\])({'|'.join(HATS)}) ([\u0370-\u03ff])(?![a-z])", _hatted),
    rule("approx", r"approx(?<=[\u0370-\u03ff]approx)(?=[ \d])", "≈"),
    rule("/", rf"(?<![A-Za-z\\])({_LETTERS})(?=/[\u0370-\u03ff])", _sign),
)
"""What takes its meaning from a Greek letter beside it."""
_GROUP_RULES = (
    rule("{", r"(?<![A-Za-z\d.\\])(\d+|[A-Za-z]|[\u0370-\u03ff])\{(\d+|[A-Za-z\u0370-\u03ff](?:\^\w|[²³ᵈ])?|"
         r"[A-Za-z] [A-Za-z](?:\^\w|[²³ᵈ])?|log [A-Za-z])\}(?![a-z])", _over),
    rule("{", r"(?<=[a-z]{3})\{(\d+)\}", r"/\1"),
    rule("{", r"(?<![_^\w])\{([A-Z])\}(?=[a-z])|(?<=[a-z])\{([A-Z][A-Za-z]*)\}", lambda found: found[1] or found[2]),
    rule("{", r"(?<![_^])\{([\u0370-\u03ff]{1,2}|[^\x00-\x7f])\}", r"\1"),
    rule("{", r"(?<![\w^\\{}>\ufdd1])(?<![>:\ufdd1] )"
         r"\{([A-Za-z][^{}:=\"<>|\\]{0,300}|\d[\d.]{0,9} ?[A-Za-z][\w .-]{0,60})\}(?!\})", _group),
)  # fmt: skip


def read(text: str) -> str:
    """Text whose formulas read as such; words that only look like TeX stay words."""
    if "{" in text:
        text = follow(_FONT_RULES, text)
    text = follow(_SIGN_RULES, text)
    if any(sign in text for sign in _FORMULA_SIGNS):
        text = follow(_FORMULA_RULES, text)
    text = follow(_NAME_RULES, text)
    if not text.isascii() and _A_GREEK_LETTER.search(text):
        text = follow(_GREEK_RULES, text)
    return _without_lone_braces(follow(_GROUP_RULES, text)) if "{" in text or "}" in text else text


def _without_lone_braces(text: str) -> str:
    """Text without the braces that have no partner: halves of groups that were broken on the way. Smileys stay."""
    opened: list[int] = []
    lone: list[int] = []
    for brace in re.finditer("[{}]", text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            opened.pop()
        else:
            lone.append(brace.start())
    dropped = {at: _gap(text, at) for at in (*lone, *opened) if text[at - 1 : at] not in (":", ";", "-", "=")}
    return "".join(dropped.get(at, c) for at, c in enumerate(text)) if dropped else text


def _gap(text: str, at: int) -> str:
    """What a lone brace leaves: nothing inside a word (`A}gentic`), a space between two (`NILE}framework`)."""
    return " " if text[max(at - 2, 0) : at].isalnum() and at > 1 and text[at + 1 : at + 2].isalnum() else ""
