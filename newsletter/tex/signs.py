"""What TeX's names and scripts are in Unicode. No I/O."""

from __future__ import annotations

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "varrho": "ϱ", "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
    "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
LETTERS = GREEK | {"ell": "ℓ", "hbar": "ℏ", "nabla": "∇", "infty": "∞"}
"""Names that stand for a letter or a number."""
RELATIONS = {
    "times": "×", "sim": "∼", "approx": "≈", "simeq": "≃", "cong": "≅", "equiv": "≡", "propto": "∝", "leq": "≤",
    "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "ll": "≪", "gg": "≫", "lesssim": "≲", "gtrsim": "≳",
    "pm": "±", "mp": "∓", "cdot": "·", "div": "÷", "in": "∈", "notin": "∉", "ni": "∋", "subset": "⊂", "subseteq": "⊆",
    "supset": "⊃", "supseteq": "⊇", "cup": "∪", "cap": "∩", "setminus": "∖", "to": "→", "rightarrow": "→",
    "longrightarrow": "→", "leftarrow": "←", "gets": "←", "leftrightarrow": "↔", "Rightarrow": "⇒", "implies": "⇒",
    "Leftarrow": "⇐", "Leftrightarrow": "⇔", "iff": "⇔", "mapsto": "↦", "uparrow": "↑", "downarrow": "↓",
    "land": "∧", "wedge": "∧", "lor": "∨", "vee": "∨", "oplus": "⊕", "otimes": "⊗", "odot": "⊙", "circ": "∘",
    "perp": "⊥", "parallel": "∥", "mid": " | ", "bmod": "mod", "colon": ":", "textgreater": ">", "textless": "<",
    "gt": ">", "lt": "<", "models": "⊨", "vdash": "⊢", "leqslant": "≤", "geqslant": "≥", "lessapprox": "≲",
    "gtrapprox": "≳", "prec": "≺", "succ": "≻", "preceq": "⪯", "succeq": "⪰", "asymp": "≍", "triangleq": "≜",
    "coloneqq": "≔", "doteq": "≐",
    "hookrightarrow": "↪", "longleftarrow": "←", "Longrightarrow": "⇒", "longleftrightarrow": "↔",
    "Longleftrightarrow": "⇔", "longmapsto": "↦", "nearrow": "↗", "searrow": "↘", "subsetneq": "⊊", "ominus": "⊖",
    "ltimes": "⋉", "rtimes": "⋊", "boxtimes": "⊠", "nmid": " ∤ ", "sqcup": "⊔", "sqcap": "⊓",
}  # fmt: skip
"""Names of signs that stand between two things."""
_OTHERS = {
    "cdots": "…", "ldots": "…", "dots": "…", "textellipsis": "…", "partial": "∂", "forall": "∀", "exists": "∃",
    "dotsc": "…", "dotsb": "…", "vdots": "⋮", "ddots": "⋱", "aleph": "ℵ", "oint": "∮", "iint": "∬", "coprod": "∐",
    "bigcup": "⋃", "bigcap": "⋂", "bigoplus": "⨁", "bigotimes": "⨂", "triangle": "△", "angle": "∠", "square": "□",
    "Box": "□", "Re": "ℜ", "Im": "ℑ", "nexists": "∄", "because": "∵", "therefore": "∴", "sharp": "♯", "flat": "♭",
    "natural": "♮", "imath": "ı", "jmath": "ȷ", "item": " • ", "textmu": "µ", "textregistered": "®",
    "texttrademark": "™", "large": "", "Large": "", "footnotesize": "", "scriptsize": "", "tiny": "", "normalsize": "",
    "sum": "∑", "prod": "∏", "int": "∫", "emptyset": "∅", "varnothing": "∅", "neg": "¬", "lnot": "¬", "deg": "°",
    "degree": "°", "textdegree": "°", "prime": "′", "dagger": "†", "ddagger": "‡", "star": "⋆", "ast": "∗", "top": "⊤",
    "bot": "⊥", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lbrace": "{",
    "rbrace": "}", "vert": "|", "lvert": "|", "rvert": "|", "Vert": "‖", "lVert": "‖", "rVert": "‖", "checkmark": "✓",
    "bullet": "•", "S": "§", "P": "¶", "copyright": "©", "pounds": "£", "euro": "€", "texteuro": "€",
    "textasciitilde": "~", "textasciicircum": "^", "textunderscore": "_", "textbackslash": "\\", "textquotesingle": "'",
    "textendash": "–", "textemdash": "—", "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ",
    "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "quad": " ", "qquad": " ", "par": " ",
    "newline": " ", "linebreak": " ", "allowbreak": "", "left": "", "right": "", "big": "", "Big": "", "bigl": "",
    "bigr": "", "bigg": "", "Bigg": "", "xspace": "", "noindent": "", "displaystyle": "", "textstyle": "", "limits": "",
    "small": "", "centering": "",
}  # fmt: skip
COMMANDS = LETTERS | RELATIONS | _OTHERS
"""Every command that is a sign, an accentless letter, a space, or nothing."""
SHORT_FORMS = {
    "eg": "e.g.", "ie": "i.e.", "etal": "et al.", "etc": "etc.", "cf": "cf.", "vs": "vs.", "wrt": "w.r.t.",
    "aka": "a.k.a.", "resp": "resp.",
}  # fmt: skip
"""Macros that nearly every author defines alike."""
BLACKBOARD = {"C": "ℂ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}
"""The double-struck letters that every mail program's fonts have."""
ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "d": "\u0323",
    "b": "\u0331",
}  # fmt: skip
FUNCTIONS = frozenset(
    "arg argmax argmin bmod cos cosh cot det dim exp gcd inf ker lim liminf limsup ln log max min mod poly polylog Pr "
    "sin sinh sup tan tanh".split()
)
"""Commands that are functions: their names are said."""
HATS = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0304", "tilde": "\u0303",
    "widetilde": "\u0303", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7",
}  # fmt: skip
FONTS = (
    r"text(?:bf|it|tt|sc|rm|sf|sl|up|md|normal)?|math(?:cal|bb|rm|bf|it|sf|tt|frak|scr|normal)|emph|underline|uline|"
    r"operatorname|boldsymbol|bm|pmb|mbox|hbox|ensuremath|uppercase|mathop"
)
"""Commands that only change how their argument looks, as part of a pattern."""
SWITCHES = r"(?:em|bf|it|sc|tt|rm|sf|sl|itshape|bfseries|scshape|ttfamily)\b"
"""Commands that change how the rest of their group looks, as part of a pattern."""
COLOURS = (
    r"(?:my|bright|dark|light)?(?:red|orange|yellow|green|teal|cyan|blue|purple|violet|magenta|pink|brown|gr[ae]y)"
)
"""Colour macros, as part of a pattern."""
RAISED = dict(zip("0123456789+-−=", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼", strict=True)) | dict(
    zip("abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ", strict=True)
)
LOWERED = dict(zip("0123456789+-−=", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌", strict=True)) | dict(
    zip("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
