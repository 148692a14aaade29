"""The 54 patterns counted over 9,877 papers: how each reads, what of it stays, and that nothing else is left.

The table is invented. Below it a detector of its own, which shares nothing with the rules, reads the recorded archive
after `readable` and counts what a reader would call damage. TEST_TEXTS=all reads every text instead of every fifth.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from newsletter.text import readable


@dataclass(frozen=True, slots=True)
class Pattern:
    """What was counted under `number`: sentences of ours with what they must read as, and others that must stay."""

    number: int
    name: str
    read: tuple[tuple[str, str], ...] = ()
    stays: tuple[str, ...] = ()


PATTERNS = (
    Pattern(
        1,
        "hard newline",
        (
            ("Kites fly\nhigher in\nspring.", "Kites fly higher in spring."),
            ("A rye-\nbased loaf", "A rye- based loaf"),
        ),
    ),
    Pattern(
        2,
        "newline and indent",
        (
            ("Bread and\n  Butter: a Study", "Bread and Butter: a Study"),
            ("It rests.\n  Then it bakes.", "It rests. Then it bakes."),
        ),
    ),
    Pattern(
        3,
        "URL",
        stays=(
            "Code: https://lab.example/kites_v2/a^b~c",
            "See https://lab.example/~ada/5times--sim10/x_1?q=%20&r=\u00b1#alpha_1",
        ),
    ),
    Pattern(
        4,
        "URL and punctuation",
        (
            ("Code at:https://lab.example/x", "Code at: https://lab.example/x"),
            ("on the webhttps://lab.example/x and", "on the web https://lab.example/x and"),
            ("( https://lab.example/x )", "(https://lab.example/x)"),
            ("https://lab.example/x ,", "https://lab.example/x,"),
        ),
        (
            "See https://lab.example/x_1. Then rest.",
            "(https://lab.example/wiki_(rye)), or https://lab.example/x!",
            "https://lab.example/?to=https://other.example/y",
        ),
    ),
    Pattern(
        5,
        "enumeration",
        (
            ("two stages:(1) baking and (2) resting", "two stages: (1) baking and (2) resting"),
            ("Both: \\emph{(i)} rye and \\emph{(ii)} oat", "Both: (i) rye and (ii) oat"),
        ),
        ("We (1) bake, (ii) rest and 3) eat, in O(1) ovens.",),
    ),
    Pattern(
        6,
        "dash",
        (
            (
                "A crust--crumb trade-off -- at last -- of 5--10 days",
                "A crust–crumb trade-off – at last – of 5–10 days",
            ),
            ("the loaf-- warm --and the salt", "the loaf – warm – and the salt"),
            ("loavesx2013even rye onesx2014rise", "loaves–even rye ones—rise"),
        ),
        ("A-->B, <!--x--> and ------", "cut - and eat - it", "a 1024x2013 tray"),
    ),
    Pattern(
        7,
        "escaped percent",
        (("Loss falls by 12.5\\%, to 3\\,\\%.", "Loss falls by 12.5%, to 3 %."), ("5$\\%$ of it", "5% of it")),
        ("{% if rye %} and 100% rye",),
    ),
    Pattern(
        8,
        "N times",
        (
            ("5times faster on 64 times 64 and 512times 512", "5× faster on 64 × 64 and 512×512"),
            ("(2 times 2 times 3) trays of 12^3 times 4 cm", "(2 × 2 × 3) trays of 12³ × 4 cm"),
            ("(23 loaves times 5 ovens)", "(23 loaves × 5 ovens)"),
            ("a 256$\\times$256 tray, $5\\times$ as big", "a 256×256 tray, 5× as big"),
        ),
        (
            "It is 5 times as warm, 10 times faster and 2 times a day.",
            "At times 5 loaves rise, sometimes 3 times.",
            "Baking times 20 minutes or longer",
        ),
    ),
    Pattern(
        9,
        "braces left over",
        (
            ("The {slow oven} is {Oven-2} and {S}ourdough.", "The slow oven is Oven-2 and Sourdough."),
            ("A}gentic OVEN}bakes. {Firstly, we", "Agentic OVEN bakes. Firstly, we"),
            ("in 1{,}879 ovens of D{=}2", "in 1,879 ovens of D=2"),
        ),
        ("The set {0, 1} or {-1, 0, 1}", "Oven-{S,T}", "{{ name }}", "The prompt: {question in full} Bake it"),
    ),
    Pattern(
        10,
        "superscript",
        (
            ("R^3-Oven needs 2^{10} loaves, m^2 and 10^-4.", "R³-Oven needs 2¹⁰ loaves, m² and 10⁻⁴."),
            ("DR$^{3}$-Oven, $^{12}$C and Na^+", "DR³-Oven, ¹²C and Na⁺"),
            ("R^{n times d}, p_i^{,old} and e^+e^-", "R^(n×d), pᵢ^old and e⁺e⁻"),
            ("1.2^{+0.3}_{-0.2} kg", "1.2 +0.3/-0.2 kg"),
            ("E\\textsuperscript{2}R-Oven", "E²R-Oven"),
        ),
        ("^_^ and x^q-norms", "the L^q-norm"),
    ),
    Pattern(
        11,
        "subscript",
        (
            ("CO_2 in π_{0.5}, x_i and w_{max}", "CO₂ in π₀.₅, xᵢ and w_max"),
            ("H$_2$O, $x_{ij}$ and $\\theta_{\\text{rye}}$", "H₂O, xᵢⱼ and θ_rye"),
            ("a CO\\textsubscript{2} meter", "a CO₂ meter"),
        ),
        ("gpt_4, moe_vie, is_a, Q4_0, x_1_y, d_in, __init__ and a/b_c", "G_stack and Z_P"),
    ),
    Pattern(
        12, "@k", stays=("It has pass@1, Pass@K, FPR@95 and Recall@20.", "Write to bake@lab_one.example or @baker_two")
    ),
    Pattern(
        13,
        "Greek word",
        (
            ("The rate alpha_1 with beta=0.9 and R(pi/4).", "The rate α₁ with β=0.9 and R(π/4)."),
            ("as eta/lambda, tanh(alpha x), ωGCN and omegaGCN", "as η/λ, tanh(α x), ωGCN and ωGCN"),
            ("on rye (Delta3.4%), (epsilon, delta)-DP", "on rye (Δ3.4%), (ε, δ)-DP"),
            ("$\\Lambda$CDM at 5 $\\mu$m", "ΛCDM at 5 μm"),
        ),
        (
            "Phi-4, Phi3-mini, Phi and Raspberry Pi 4 bake; Sigma and Delta too.",
            "alpha channels, beta versions, the delta rule, tau-bench, (beta) and Cohen's kappa",
            "alpha/beta testing, alphaXiv, DeltaNet and alpha1",
        ),
    ),
    Pattern(14, "non-ASCII", stays=("Brezel – für Zürich, 50 °C ± 2, “warm” … 🍞", "中文 and العربية")),
    Pattern(
        15,
        "closing quotes",
        (
            ("The \"crumb cliff'' and ``crust''", "The “crumb cliff” and “crust”"),
            ("an ''old'' one, a ''slow\" one", "an “old” one, a “slow” one"),
            ("$f''$ of $x$", "f″ of x"),
        ),
        ("'straight' \"quotes\" and the bakers' oven",),
    ),
    Pattern(
        16,
        "bare names",
        (
            ("Over O(N cdot T), 1, ldots, n and L^infty", "Over O(N · T), 1, …, n and L^∞"),
            ("the ell_2-norm, nabla^2DFT, p(a mid v, ell)", "the ℓ₂-norm, ∇²DFT, p(a | v, ℓ)"),
            ("O(mlog(m)), (widetilde P, V)", "O(m log(m)), (P̃, V)"),
        ),
        (
            "A partial differential equation, a partial solution and ρ_partial=-0.3",
            "It circumvents circuits; an anecdotal, infinite well, ell by ell.",
        ),
    ),
    Pattern(
        17,
        "TeX quotes",
        (
            ("A ``one-oven\" and a ``two-oven'' world", "A “one-oven” and a “two-oven” world"),
            ("``slow rising`` of ``it's here\"", "“slow rising” of “it's here”"),
        ),
    ),
    Pattern(
        18,
        "< or >",
        (("an error of $<$1 and $>$90\\%", "an error of <1 and >90%"), ("p \\textless 0.05", "p < 0.05")),
        ("With <1 GB, a -> b => c, x <= 3 and p < 0.05 > 0.01",),
    ),
    Pattern(
        19,
        "ampersand",
        (("Bread \\& butter, Q\\&A", "Bread & butter, Q&A"),),
        ("Bread & butter at R&B cafés and AT&T",),
    ),
    Pattern(
        20,
        "Greek letter",
        (
            ("The τ^2-Kitchen and ω_0, ωapprox 2.8, β= 3", "The τ²-Kitchen and ω₀, ω ≈ 2.8, β = 3"),
            ("for any φ.We offer", "for any φ. We offer"),
        ),
        ("The α-oven, Δ = 3 and a β-test",),
    ),
    Pattern(
        21,
        "url{text}",
        (
            (
                "At https://a.example/k{https://a.example/k}, on https://a.example/w{our page}.",
                "At https://a.example/k, on our page (https://a.example/w).",
            ),
            ("at https://a.example/k{this\n  https URL}.", "at https://a.example/k."),
            (
                "https://a.example/k{mypink{Code}} and brightpinkhttps://b.example",
                "Code (https://a.example/k) and https://b.example",
            ),
        ),
        ("https://a.example/{user}/repo",),
    ),
    Pattern(
        22,
        "space before punctuation",
        (
            ("Ovens : a Survey of bread , and salt .", "Ovens: a Survey of bread, and salt."),
            ("rye ( i.e., dark ) as in [4 ]", "rye (i.e., dark) as in [4]"),
            ("e.g. , oat", "e.g., oat"),
        ),
        ("in the year ... it rose :-) by .5", "f() and Bake()"),
    ),
    Pattern(
        23,
        "~N",
        (("at $\\sim$5\\,kg", "at ~5 kg"), ("$\\sim 10$ loaves", "~10 loaves")),
        ("It is ~5x lighter at ~20%, 1M~60M loaves and 1.5~2.8 kg.",),
    ),
    Pattern(
        24,
        "bare sim",
        (
            ("About sim 10 loaves, sim20% more, 10sim100times", "About ~10 loaves, ~20% more, 10–100×"),
            ("with {sim}11% of sim!30", "with ~11% of ~30"),
        ),
        ("Sim-to-real transfer of a sim, sim2real policies, sim-ready loaves and the sim. We rest.", "similar, simple"),
    ),
    Pattern(
        25,
        "no space after a stop",
        (
            ("Costs fall.Drawing on yeast (see it).We rest.", "Costs fall. Drawing on yeast (see it). We rest."),
            ("like GPT-4.In this, 'it rests'.This is so", "like GPT-4. In this, 'it rests'. This is so"),
            ("However,slow ovens win,and (RO),Rye", "However, slow ovens win, and (RO), Rye"),
            ("RyeNet:Towards Bread, i.e.rye", "RyeNet: Towards Bread, i.e. rye"),
        ),
        (
            "Node.js, oven.Bake(x), FLUX.1-dev, cs.AI, U.S.A., v1.5, Dr.Rye and e.g. rye",
            "(x,y), 10,418, {a,b}, CS:GO, N:M, TL;DR, key:value and 10:30",
            "Train:Test split and Re:Form",
        ),
    ),
    Pattern(
        26,
        "tie",
        (
            ("On Track~1 with 8~GB by large ovens~(LO)", "On Track 1 with 8 GB by large ovens (LO)"),
            ("rye~baker2024sourdough rises, OvenNet miller2023loaves too", "rye rises, OvenNet too"),
            ("In tests in Section~sec:rye, ovens (see Figure~fig:warm-oven) rest", "In tests, ovens rest"),
        ),
        ("https://a.example/~ada and 60%~70%",),
    ),
    Pattern(
        27,
        "author's macro",
        (
            (
                "We bake \\ours{}, \\eg with \\OvenName and \\ie, rye.",
                "We bake ours, e.g. with OvenName and i.e., rye.",
            ),
            ("In \\name~bread, \\method's crust", "In name bread, method's crust"),
        ),
    ),
    Pattern(
        28,
        "asterisk",
        (("RyeTA^* beats A$^*$", "RyeTA* beats A*"),),
        ("Oven-2* beats A* and V* Bench, f(*args), O*NET and 2 * 3 * 4 or 256*256",),
    ),
    Pattern(
        29,
        "dollar",
        (
            ("For $x_i$ of $y$ at under $3.", "For xᵢ of y at under $3."),
            ("Slow Baking$ (SB) is new", "Slow Baking (SB) is new"),
        ),
        ("For 4$ per hour or $OneLoaf-Bench",),
    ),
    Pattern(
        30,
        "escaped signs",
        (("Bake\\_1 \\& \\#2 for \\$5 of \\{x, y\\}", "Bake_1 & #2 for $5 of {x, y}"), ("costs \\81", "costs $81")),
    ),
    Pattern(
        31,
        "currency",
        (("At \\$0.34 (\\$5M)", "At $0.34 ($5M)"),),
        ("Between $3 and $5, or $10K in all, $3 million, US$ 5", "From $5 to bake, up to $10M in all"),
    ),
    Pattern(
        32,
        "glued times",
        (
            ("4times4 grids, 3Dtimes3D, LLMtimesOven, 8timesH100", "4×4 grids, 3D×3D, LLM×Oven, 8×H100"),
            ("200mtimes130m, ntimes d and R^{ntimes n}", "200m×130m, n × d and R^(n×n)"),
        ),
        ("The NYtimes, lifetimes, per-timestep ovens and runtimes (sometimes)",),
    ),
    Pattern(33, "Latin letter", stays=("Gödel, Ångström, Łódź and Ñuñoa",)),
    Pattern(
        34,
        "single TeX quote",
        (
            ("A `bake-then-rest' mode, `don't open it'", "A ‘bake-then-rest’ mode, ‘don't open it’"),
            ("the Baker`s oven", "the Baker’s oven"),
        ),
        ("the bakers' rye and 'plain' words",),
    ),
    Pattern(
        35,
        "font macro",
        (
            ("\\textbf{When} do \\emph{we \\textsc{Bake}}?", "When do we Bake?"),
            ("\\textbf{R}ye \\textit{in vivo} \\texttt{bake\\_it}", "Rye in vivo bake_it"),
            ("\\color{slowS}ourdough \\textcolor{red}{warm}", "Sourdough warm"),
            ("for $x\\in\\mathcal{X}$, $x \\in \\mathcal X$", "for x∈X, x ∈ X"),
        ),
    ),
    Pattern(
        36,
        "bare relation",
        (
            ("Below leq 5%, 0.69 pm 0.16, T gg n and (ge 7B)", "Below ≤ 5%, 0.69 ± 0.16, T ≫ n and (≥ 7B)"),
            ("Denser neq Better, leq3B and $k\\leq 5$", "Denser ≠ Better, ≤3B and k ≤ 5"),
        ),
        ("Open from 9 am to 5 pm 7 days a week; Ineq-Bake and geqo; 3 gg and le pain",),
    ),
    Pattern(37, "URL without scheme", stays=("At github.com/oven_lab/rye_1.", "bit.ly/3aB_c and www.a.example")),
    Pattern(
        38,
        "spacing macro",
        (("At 19.6\\,FPS, vs.\\ 3\\;ms,\\\\ or 5\\quad g", "At 19.6 FPS, vs. 3 ms, or 5 g"), ("Rye\\ ", "Rye")),
    ),
    Pattern(
        39,
        "accent macro",
        (
            ('Ma\\\'nkowski, na\\"{\\i}ve, It\\^o, \\c{c}a, \\"Ust', "Mańkowski, naïve, Itô, ça, Üst"),
            (
                "vis-\\`a-vis Erd\\H{o}s, Kova\\v{c}, \\L\\'od\\'z and stra{\\ss}e",
                "vis-à-vis Erdős, Kovač, Łódź and straße",
            ),
            ("the oven\\'s door", "the oven’s door"),
        ),
    ),
    Pattern(
        40,
        "bare approx",
        (("T(k) approx sk, D_2 approx 1.7, approx20%", "T(k) ≈ sk, D₂ ≈ 1.7, ≈20%"), ("$\\approx$3", "≈3")),
        ("It is approx. 35 loaves, approximately, and approx alike",),
    ),
    Pattern(
        41,
        "bold",
        (
            ("We bake **Rye-1**, the **S**our **B**read.", "We bake Rye-1, the Sour Bread."),
            ("gains **5.1%** on **https://a.example/x**.", "gains 5.1% on https://a.example/x."),
        ),
        ("x**2 and 2 ** 3",),
    ),
    Pattern(42, "double spaces", (("Bread  and   salt", "Bread and salt"), ("rye ,  oat", "rye, oat"))),
    Pattern(
        43,
        "angle-bracket token",
        (('on <a href="https://a.example/x_1">our page</a>', "on our page (https://a.example/x_1)"),),
        (
            "Between <think> and <|im_end|>, a <TRK_1> or <image> of <person, loaf, oven>",
            "<answer> {last loaf} </answer>",
            "<b>rye</b> and <script>x</script>",
        ),
    ),
    Pattern(
        44,
        "bare arrow",
        (
            ("From 62.2% rightarrow 67.0%, 0.7to0.9", "From 62.2% → 67.0%, 0.7→0.9"),
            ("doughRightarrowloaf, +5%uparrow, RYleftrightarrowEN", "dough⇒loaf, +5%↑, RY↔EN"),
        ),
        ("Text-to-bread in 5 steps, from 3 to 4", "rightarrows and A -> B"),
    ),
    Pattern(
        45,
        "url, href, footnote",
        (
            (
                "\\url{https://a.example/b\\_c}, \\href{https://a.example}{here}\\footnote{Soon.}",
                "https://a.example/b_c, here (https://a.example) (Soon.)",
            ),
            ("at\\footnote{https://a.example/.} Our", "at (https://a.example/.) Our"),
            ("As shown in Fig.~\\ref{fig:x}, rye~\\cite{a,b} rises (see Sec.~\\ref{sec:y}).", "As shown, rye rises."),
        ),
    ),
    Pattern(46, "pipe", (("p(a\\mid v) of $\\|x\\|_2$", "p(a | v) of ‖x‖₂"),), ("From P(y|x) to P(y), a|b and |x|",)),
    Pattern(
        47,
        "italic",
        (
            ("As *interactive proofing* and *k* loaves", "As interactive proofing and k loaves"),
            ("*we rest it for 8 hours.* Then", "we rest it for 8 hours. Then"),
        ),
        ("f(*args) or g(**kwargs), a * b * c and A*-B*",),
    ),
    Pattern(
        48,
        "degree",
        (
            ("A 360^circ view, 45^{\\circ}, 90^{circ}", "A 360° view, 45°, 90°"),
            ("360^circtimes180^circ, 360{\\deg}, 25 $^\\circ$C", "360°×180°, 360°, 25 °C"),
        ),
        ("Degrees, circles and 3 deg.",),
    ),
    Pattern(
        49,
        "font that lost its backslash",
        (
            ("Self-text{CO}rrecting texttt{O}ven, mathcal{O}(n)", "Self-COrrecting Oven, O(n)"),
            ("R^textbf{2AI}, teal{Rye} and mathbb{R}^d", "R²AI, Rye and ℝᵈ"),
        ),
        ("Emphasize text and red lines",),
    ),
    Pattern(
        50, "em dash", (("On H20 ovens---among the best---we bake", "On H20 ovens—among the best—we bake"),), ("----",)
    ),
    Pattern(
        51,
        "math delimiters",
        (
            ("The ratio (\\(TPP\\)) is \\( O(n^3) \\) \\[x\\]", "The ratio (TPP) is O(n³) x"),
            ("$$E = mc^2$$ for $x$", "E = mc² for x"),
        ),
        ("[x] and (y)",),
    ),
    Pattern(
        52,
        "font switch",
        (
            ("The {\\it Slow-rise} and {\\em rye {\\bf loaf}}", "The Slow-rise and rye loaf"),
            ("{bf MASK} and {\\sc OvenTron}", "MASK and OvenTron"),
        ),
    ),
    Pattern(53, "hash", (("See \\#swan and C\\#", "See #swan and C#"),), ("Track #2, C# and #1 of (2)",)),
    Pattern(
        54,
        "citation",
        (("Lumi [2], WALT [8 ], [ 42]", "Lumi [2], WALT [8], [42]"),),
        ("On Bread-Bench [25] [1, 2], of [2024].",),
    ),
)


def rows(kind: str) -> list[object]:
    return [
        pytest.param(*(row if kind == "read" else (row, row)), id=f"{pattern.number} {pattern.name} {index}")
        for pattern in PATTERNS
        for index, row in enumerate(getattr(pattern, kind), 1)
    ]


@pytest.mark.parametrize(("written", "expected"), rows("read"))
def test_every_pattern_seen_in_papers_reads_as_its_author_meant(written: str, expected: str) -> None:
    assert expected == readable(written)


@pytest.mark.parametrize(("written", "expected"), rows("stays"))
def test_what_looks_like_a_pattern_and_is_the_authors_own_text_stays(written: str, expected: str) -> None:
    assert expected == readable(written)


@pytest.mark.parametrize(("_", "shown"), rows("read"))
def test_what_reads_well_stays_as_it_is(_: str, shown: str) -> None:
    assert shown == readable(shown)


def test_every_one_of_the_54_patterns_has_its_sentences() -> None:
    assert [*range(1, 55)] == [pattern.number for pattern in PATTERNS]
    assert [] == [pattern.name for pattern in PATTERNS if not (*pattern.read, *pattern.stays)]


# -- what is left in the recordings, seen by another pair of eyes

DATA = Path(__file__).parents[2] / "shared" / "data"
needs_recordings = pytest.mark.skipif(not DATA.is_dir(), reason="no recordings beside the checkout (../shared/data)")

GREEK = (
    "alpha|beta|gamma|delta|(?:var)?epsilon|zeta|eta|(?:var)?theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|"
    "(?:var)?phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)
RAISED = "0-9a-pr-zABDEGHIJKLMNOPRTUVW"
LOWERED = "0-9aehijklmnoprstuvx"
ADDRESSES = (
    ("://", r"https?://[^\s{}]+"),
    ("/", r"(?<![\w.])[\w-]+(?:\.[\w-]+)+/\S*"),
    ("@", r"[\w.-]+@[\w-]+\.\w+"),
)
DAMAGE = {
    1: r"\n",
    2: r"\n ",
    3: r"https?://\S*\\",
    4: r"[A-Za-z]https?://|[a-z][.,:;]https?://|https?://\S+ [.,;)](?= |$)|\( https?://",
    5: r"[a-z]:\([1ia]\)",
    6: r"--|\w– \w|[a-z]x201[34]",
    7: r"\\%",
    8: r"\dtimes|\btimes\d|[\d²³⁰-⁹] times \d|\d [a-z]+s times \d",
    9: r"[{}]",
    10: rf"\^(?:\{{|[+-]?\d+(?![\d.])|circ|star|[*+°†∘]|[{RAISED}](?![A-Za-z\d]|\.\d))",
    11: rf"_\{{|(?<![\w./@-])[A-Za-z\u0370-\u03ff]_[{LOWERED}](?![A-Za-z_])",
    13: (
        rf"(?<![A-Za-z-])(?:{GREEK})(?:[_^]| ?[=≈∝≤≥]| [<>] ?\d|/(?:{GREEK})\b|\d[\d.]*%)|"
        rf"\b(?:omega|sigma|lambda|theta)[A-Z]{{2}}|[=≈∝≤≥] ?(?:{GREEK})\b|_(?:{GREEK})\b|"
        rf"\((?:{GREEK}), (?:{GREEK})\)|\((?:nu|rho|epsilon)\)|\b[A-Za-z]\((?:{GREEK})[,)/]|\w\((?:{GREEK}) [a-z]\)"
    ),
    15: r"''|“[^”]*$|“[^”]*“|^[^“]*”",
    16: r"(?<![A-Za-z])(?:l|c|d)dots?\b|cdot|infty|nabla|\bell(?=[_),])|\bcirc\b|propto|[lr]angle(?![a-z])|"
    r"[lr](?:ceil|floor)\b|wide(?:hat|tilde)|var(?:epsilon|phi|nothing)|[a-z(]log\((?<=[(\d][a-z]log\()",
    17: r"`",
    18: r"\$[<>]\$",
    20: r"[\u0370-\u03ff][=<>≈∘∝≤≥] [\w-]",
    21: r"https?://[^\s{}]+ ?\{|https?://[^\s{}]+\}|\.[a-z]{2,}/[\w/.-]*\{|\]\(",
    22: r"[\w)”%] [.,;:!?](?= |$)|\.[eg]\. ,|\( \w|\w \)(?!\w)",
    23: r"~ ?[A-Za-z]",
    24: r"\bsim[ !]?\d(?!real)|\d sim\b|\dsim|\{sim",
    25: (
        r"(?<=[a-z]{2})\.(?=[A-Z])|(?<=\d)\.(?=[A-Z][a-z]+ )|(?<=[)\]%”'\u0370-\u03ff])\.(?=[A-Z][a-z])|"
        r"(?<=[A-Za-z]{3}),(?=[A-Za-z]{2})|(?<=[A-Za-z]{3}):(?=[A-Z][a-z]*[ -])|(?<=\b[ie]\.[eg]\.)[a-z]"
    ),
    26: r"\w[.,)]?~[A-Za-z(]|[a-z]~\d|\b[a-z]{2,}20\d\d[a-z]{4}|\b(?:sec|fig|tab|eq):\w",
    27: r"\\[A-Za-z]",
    28: r"\*\*",
    29: r"\$[^$\d\s]*[\\^_{}][^$]*\$|\w{3}\$|\$[a-z\u0370-\u03ff]|\)\$",
    30: r"\\[&_$#{}\d]",
    32: r"[A-Z\d]times[A-Z\d]|\b[A-Za-z]times\b|\d[a-z]times\d|\b([a-z]) times \1\b",
    34: r"`\w",
    35: r"\\(?:text|emph|math|under)|\w(?:textbf|textit|mathcal)",
    36: r"\b(?:leq|geq|neq)(?![a-z])|\d pm \d|\bpm\d|\((?:[A-Z] )?[lg]e \d|\b[A-Z] (?:ll|gg) [a-z]\b",
    38: r"\\(?:[,;: ]|\\|$)",
    39: r"\\['\"^`~=.]",
    40: r"\bapprox ?\d|\) approx\b|approx(?=[A-Z\d])",
    41: r"\*\*\w",
    42: r"  ",
    43: r"(?i)<a\s|</a>|&[a-z]{2,8};|</?(?:b|i|em|sub|sup|p|br)>",
    44: r"[Rr]ightarrow|leftarrow|uparrow|downarrow|\d\.\d+to\d",
    45: r"\\?(?:url|href|footnote|cite)\{",
    47: r"(?<![\w*])\*[A-Za-z](?:[^*]*[a-z.])?\*(?!\w)",
    48: r"\^ ?\{?\\?circ|\d ?circ\b|\bdeg\b",
    49: r"(?<![A-Za-z])text(?:bf|it|tt|sc|rm)?\{|math(?:cal|bb|rm|bf|sf)|frac\{|sqrt[({]|boldsymbol|textsu\w+script",
    50: r"---",
    51: r"\\[()\[\]]",
    52: r"\{\\?(?:em|bf|it|sc|tt)\b",
    53: r"\\#",
    54: r"\[ \d|\[\d+ \]",
}
"""How each pattern looks where it is damage, by its number in the table.

No damage: a Greek letter by its name in a name or a sentence (tau-bench, Phi-4, muP, alpha1, Cohen's kappa), a raised or
lowered part that Unicode lacks (L^q, G_stack), `in` for a member of a set, a stop that the author forgot or doubled.
"""
THE_AUTHORS = {
    12: "a measure, as pass@1",
    14: "letters of other alphabets",
    19: "an ampersand",
    31: "a price",
    33: "a letter of a name",
    37: "an address",
    46: "a conditional probability",
}
"""Patterns that are never damage."""
MEANT = {
    9: (
        r"\{[^{},]+,[^{}]+\}",  # a set: {0, 1}
        r"[:>] \{[A-Za-z ]+\}",  # a place in a prompt: <answer> {last answer}
    ),
    16: (r"\banecdot\w+|\bw?rangle\b",),  # English words
    25: (r"\bDr\.[A-Z]|\bFLUX-1\.Dev",),  # names
}
"""What looks like damage and is the author's own text, and why."""


@cache
def recorded() -> dict[str, str]:
    """Titles, abstracts and summaries of every recorded paper, by where they stand; every fifth without TEST_TEXTS."""
    places = {text: place for place, text in {**arxiv(), **seeds(), **daily(), **archived()}.items()}
    texts = {place: text for text, place in places.items()}
    return texts if os.environ.get("TEST_TEXTS") == "all" else dict(islice(texts.items(), None, None, 5))


def archived() -> dict[str, str]:
    with gzip.open(DATA / "hf_archive.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return {
        f"{row['id']} {key}": row[key] for row in rows for key in ("title", "abstract", "ai_summary") if row.get(key)
    }


def daily() -> dict[str, str]:
    entries = [
        entry["paper"] for path in sorted((DATA / "hf_daily").glob("*.json")) for entry in json.loads(path.read_bytes())
    ]
    return {
        f"{paper['id']} daily {key}": paper[key] for paper in entries for key in ("title", "summary") if paper.get(key)
    }


def seeds() -> dict[str, str]:
    return {
        f"{path.stem} {number}": line
        for path in sorted((DATA / "seeds").glob("*.txt"))
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1)
        if line
    }


def arxiv() -> dict[str, str]:
    return {
        f"{path.name} {number} {name}": text
        for path in sorted((DATA / "arxiv").glob("[ar][ps][is]/*.xml"))
        for number, entry in enumerate(fromstring(path.read_bytes()).iter())
        if entry.tag.endswith(("entry", "item"))
        for name in ("title", "summary", "description")
        if (text := next((found.text for found in entry.iter() if found.tag.endswith(name) and found.text), ""))
    }


@cache
def shown() -> dict[str, str]:
    return {place: readable(text) for place, text in recorded().items()}


@cache
def without_addresses(text: str) -> str:
    for sign, address in ADDRESSES:
        text = re.sub(address, "URL", text) if sign in text else text
    return text


def damage(number: int, text: str) -> list[str]:
    """What of a pattern a reader would call damage, with a little around it."""
    read = text if number in (3, 4, 21) else without_addresses(text)
    for meant in MEANT.get(number, ()):
        read = re.sub(meant, "", read)
    return [read[max(found.start() - 25, 0) : found.end() + 25] for found in re.finditer(DAMAGE[number], read)]


def test_the_detector_knows_every_pattern() -> None:
    assert {pattern.number for pattern in PATTERNS} == DAMAGE.keys() | THE_AUTHORS.keys()
    assert set() == DAMAGE.keys() & THE_AUTHORS.keys()


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: f"{pattern.number} {pattern.name}")
def test_the_detector_sees_the_pattern_as_written_and_nothing_as_read(pattern: Pattern) -> None:
    assert [] == [written for written, _ in pattern.read if not any(damage(number, written) for number in DAMAGE)]
    assert [] == [found for _, reads in pattern.read for number in DAMAGE for found in damage(number, reads)]


@needs_recordings
@pytest.mark.parametrize("number", DAMAGE)
def test_nothing_is_left_that_a_reader_would_call_damage(number: int) -> None:
    assert {} == {place: found for place, text in shown().items() if (found := damage(number, text))}


@needs_recordings
def test_texts_without_damage_are_shown_as_they_were_written() -> None:
    sound = {
        place: " ".join(text.split())
        for place, text in recorded().items()
        if not any(damage(number, " ".join(text.split())) for number in DAMAGE)
    }
    assert {} == {place: (text, shown()[place]) for place, text in sound.items() if text != shown()[place]}


@needs_recordings
def test_reading_the_recordings_twice_is_reading_them_once() -> None:
    assert shown() == {place: readable(text) for place, text in shown().items()}
