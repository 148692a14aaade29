"""What TeX, its residue and Markdown look like to a reader: a sentence of ours for every pattern that was seen."""

from __future__ import annotations

import pytest

from newsletter.tex import plain
from newsletter.text import readable

PATTERNS = [
    # number and name of the pattern as it was counted over 9,877 papers, as written, as read
    ("1 hard newline", "Kites fly\nhigher in\nspring.", "Kites fly higher in spring."),
    ("2 newline and indent", "Bread and\n  Butter: a Study", "Bread and Butter: a Study"),
    ("3 URL", "Code: https://lab.example/kites_v2/a^b~c", "Code: https://lab.example/kites_v2/a^b~c"),
    ("4 URL and full stop", "See https://lab.example/x_1. Then rest.", "See https://lab.example/x_1. Then rest."),
    ("5 enumeration", "We (1) bake, (ii) rest and 3) eat.", "We (1) bake, (ii) rest and 3) eat."),
    (
        "6 dash",
        "A crust--crumb trade-off -- at last -- of 5--10 days",
        "A crust–crumb trade-off – at last – of 5–10 days",
    ),
    ("7 percent", "Loss falls by 12.5\\%.", "Loss falls by 12.5%."),
    ("8 N times", "It is 5times faster on 64 times 64 and 512times 512.", "It is 5× faster on 64 × 64 and 512×512."),
    ("9 braces", "The {slow oven} is {Oven-2} and {S}ourdough.", "The slow oven is Oven-2 and Sourdough."),
    ("10 superscript", "R^3-Oven needs 2^{10} loaves, m^2 and 10^-4.", "R³-Oven needs 2¹⁰ loaves, m² and 10⁻⁴."),
    ("11 subscript", "CO_2 in π_{0.5}, x_i and w_{max}, not oven_two.", "CO₂ in π₀.₅, xᵢ and w_max, not oven_two."),
    ("12 @k", "It has pass@1 and Recall@20.", "It has pass@1 and Recall@20."),
    ("13 bare Greek", "The rate alpha_1 with beta=0.9 and R(pi/4).", "The rate α₁ with β=0.9 and R(π/4)."),
    ("14 non-ASCII", "Brezel – für Zürich", "Brezel – für Zürich"),
    ("15 closing quotes", "The \"crumb cliff'' and ``crust''", "The “crumb cliff” and “crust”"),
    ("16 bare names", "Over O(N cdot T), 1, ldots, n and L^infty", "Over O(N · T), 1, …, n and L^∞"),
    ("17 TeX quotes", "A ``one-oven\" and a ``two-oven'' world", "A “one-oven” and a “two-oven” world"),
    ("18 angle signs", "With <1 GB, a -> b and p < 0.05", "With <1 GB, a -> b and p < 0.05"),
    ("19 ampersand", "Bread & butter at R&B cafés", "Bread & butter at R&B cafés"),
    ("20 Greek letter", "The τ^2-Kitchen and ω_0", "The τ²-Kitchen and ω₀"),
    (
        "21 collapsed link",
        "At https://a.example/k{https://a.example/k}, on https://a.example/w{our page}.",
        "At https://a.example/k, on our page (https://a.example/w).",
    ),
    ("22 space before stop", "Ovens : a Survey of bread , and salt .", "Ovens: a Survey of bread, and salt."),
    ("23 approx", "It is ~5x lighter at ~20%.", "It is ~5x lighter at ~20%."),
    ("24 bare sim", "About sim 10 loaves, sim20% more, 10sim100times", "About ~10 loaves, ~20% more, 10–100×"),
    (
        "25 space after stop",
        "Costs fall.Drawing on yeast (see it).We rest.",
        "Costs fall. Drawing on yeast (see it). We rest.",
    ),
    ("26 tie", "On Track~1 with 8~GB by large ovens~(LO)", "On Track 1 with 8 GB by large ovens (LO)"),
    (
        "27 macros",
        "We bake \\ours{}, \\eg with \\OvenName and \\ie, rye.",
        "We bake ours, e.g. with OvenName and i.e., rye.",
    ),
    ("28 asterisk", "Oven-2* beats A^* and V* Bench", "Oven-2* beats A* and V* Bench"),
    ("29 dollar", "For $x_i$ of $y$ at under $3.", "For xᵢ of y at under $3."),
    ("30 escaped signs", "Bake\\_1 \\& \\#2 for \\$5", "Bake_1 & #2 for $5"),
    ("31 currency", "Between $3 and $5, or $10K in all", "Between $3 and $5, or $10K in all"),
    ("32 glued times", "4times4 grids, 3Dtimes3D, LLMtimesOven, 8timesH100", "4×4 grids, 3D×3D, LLM×Oven, 8×H100"),
    ("33 Latin letters", "Gödel, Ångström, Łódź", "Gödel, Ångström, Łódź"),
    ("34 single quotes", "A `bake-then-rest' mode, `don't open it'", "A ‘bake-then-rest’ mode, ‘don't open it’"),
    ("35 font macro", "\\textbf{When} do \\emph{we \\textsc{Bake}}?", "When do we Bake?"),
    (
        "36 bare relations",
        "Below leq 5%, 0.69 pm 0.16, T gg n and (ge 7B)",
        "Below ≤ 5%, 0.69 ± 0.16, T ≫ n and (≥ 7B)",
    ),
    ("37 schemeless URL", "At github.com/oven_lab/rye_1.", "At github.com/oven_lab/rye_1."),
    ("38 spacing", "At 19.6\\,FPS, vs.\\ 3\\;ms", "At 19.6 FPS, vs. 3 ms"),
    ("39 accents", 'Ma\\\'nkowski, na\\"{\\i}ve, It\\^o, \\c{c}a, \\"Ust', "Mańkowski, naïve, Itô, ça, Üst"),
    ("40 bare approx", "T(k) approx sk, D_2 approx 1.7, approx20%", "T(k) ≈ sk, D₂ ≈ 1.7, ≈20%"),
    ("41 bold", "We bake **Rye-1**, the **S**our **B**read.", "We bake Rye-1, the Sour Bread."),
    ("42 double spaces", "Bread  and   salt", "Bread and salt"),
    ("43 tokens", "Between <think> and <|im_end|>, a <TRK_1>", "Between <think> and <|im_end|>, a <TRK_1>"),
    ("44 arrows", "From 62.2% rightarrow 67.0%, 0.7to0.9", "From 62.2% → 67.0%, 0.7→0.9"),
    (
        "45 links and notes",
        "\\url{https://a.example/b\\_c}, \\href{https://a.example}{here}\\footnote{Soon.}",
        "https://a.example/b_c, here (https://a.example) (Soon.)",
    ),
    ("46 pipe", "From P(y|x) to P(y)", "From P(y|x) to P(y)"),
    ("47 italic", "As *interactive proofing* and *k* loaves", "As interactive proofing and k loaves"),
    ("48 degree", "A 360^circ view, 45^{\\circ}, 90^{circ}", "A 360° view, 45°, 90°"),
    ("49 lost fonts", "Self-text{CO}rrecting texttt{O}ven, mathcal{O}(n)", "Self-COrrecting Oven, O(n)"),
    ("50 em dash", "On H20 ovens---among the best---we bake", "On H20 ovens—among the best—we bake"),
    ("51 delimiters", "The ratio (\\(TPP\\)) is \\( O(n^3) \\) \\[x\\]", "The ratio (TPP) is O(n³) x"),
    ("52 font switch", "The {\\it Slow-rise} and {\\em rye {\\bf loaf}}", "The Slow-rise and rye loaf"),
    ("53 hash", "See \\#swan and C#", "See #swan and C#"),
    ("54 citation", "On Bread-Bench [25], we bake.", "On Bread-Bench [25], we bake."),
]


@pytest.mark.parametrize(("written", "expected"), [pytest.param(*row[1:], id=row[0]) for row in PATTERNS])
def test_every_pattern_seen_in_papers_reads_as_its_author_meant(written: str, expected: str) -> None:
    assert expected == readable(written)


def test_every_one_of_the_54_patterns_has_its_sentence() -> None:
    assert [*range(1, 55)] == [int(name.split()[0]) for name, _, _ in PATTERNS]


FALSE_FRIENDS = """
    We baked three times, at times 5 loaves, sometimes 2 times a day.
    The NYtimes and per-timestep ovens
    Sim-to-real transfer of a sim, sim2real policies and the sim. We rest.
    Phi-4, Phi3-mini, Phi and Raspberry Pi 4 bake; Sigma and Delta too.
    alpha channels, beta versions, the delta rule, tau-bench and (beta)
    A partial differential equation and a partial solution
    Text-to-bread in 5 steps, from 3 to 4, in Rye and in [25]
    Open from 9 am to 5 pm 7 days a week
    It is approx. 35 loaves
    An anecdotal triangle, strangled by an infinite sequence
    Ineq-Bake and geqo
    gpt_4, moe_vie, is_a, Q4_0, x_1_y, d_in, imo_1962_p2, __init__ and a/b_c
    e.g. rye, i.e. v1.5, U.S.A. and F.B. Baker et al. in Fig. 3
    cs.AI, cs.CL, Node.js, oven.Bake(x), FLUX.1-dev and Dr.Rye
    Costs of $3 and $5 for x
    From $5 to bake, up to $10M in all, or 4$ per hour
    {{7*7}} and {{ user.name }} and {% if x %}
    The set {0, 1} or {-1, 0, 1} and {True, False}
    A* search, S* and f(*args) or g(**kwargs)
    2 * 3 * 4 and x**2
    1M~60M loaves and 1.5~2.8 kg
    bake@lab_one.example and @baker_two
    <a href="https://a.example/x_1">this rye.</a>
    https://a.example/~baker/x_1?q=5times&r=a--b
    https://a.example/{user}/repo
    A-->B, <!--x--> and ------
    I ❤ rye 🍞, 中文 and العربية
    f(x) = 2, a|b, 50% & more; #1 (of 2)
    'straight' "quotes" and don't
    left (right) and (left to right)
    hat and bar charts
    ^_^ and :-} and :}
""".strip().splitlines()


@pytest.mark.parametrize("written", [line.strip() for line in FALSE_FRIENDS])
def test_what_only_looks_like_tex_stays_as_it_was_written(written: str) -> None:
    assert written == readable(written)


REAL_TEX = [
    ("$O(n \\log n)$ and $\\mathcal{O}(n^2)$", "O(n log n) and O(n²)"),
    ("$O(n\\log(1/\\varepsilon))$ queries", "O(n log(1/ε)) queries"),
    ("$\\sim 10$ loaves, $X \\sim N(0, 1)$", "~10 loaves, X ∼ N(0, 1)"),
    ("$\\times 3$, $2\\times$, 2.3\\times greater", "× 3, 2×, 2.3× greater"),
    ("$\\frac{1}{2}$, $\\frac{a+b}{\\sqrt{n}}$, $\\frac12$", "1/2, (a+b)/(√n), 1/2"),
    ("$\\hat{x}$, $\\tilde{O}(n)$, $\\bar\\theta$", "x̂, Õ(n), θ̄"),
    ("$f\\colon\\mathbb R^n\\to\\mathbb{R}$", "f:ℝⁿ→ℝ"),
    ("$\\mathbfθ \\in Γ$", "θ ∈ Γ"),
    ("$x_{max}$ and $y_{ij}^{2}$ and $A^{\\top}$", "x_max and yᵢⱼ² and Aᵀ"),
    ("$e^{-2 K (p_{comp} - 0.5)^2}$", "e^(-2K(p_comp-0.5)²)"),
    ("$\\{1, \\dots, n\\}$", "{1, …, n}"),
    ("$$E = mc^2$$", "E = mc²"),
    ("DR$^{3}$-Oven", "DR³-Oven"),
    ("all $0 \\le a, b \\le 1$", "all 0 ≤ a, b ≤ 1"),
    ("\\textcolor{red}{warm} \\color{blue}bread", "warm bread"),
    ("rye~\\cite{baker2024,miller2023} rises", "rye rises"),
    ("the oven\\'s door", "the oven’s door"),
    ("\\textbf{open but never closed", "open but never closed"),
    ("costs \\81 and \\0.1", "costs $81 and $0.1"),
    ("\\LaTeX, \\OE uvre, stra\\ss e", "LaTeX, Œ uvre, straß e"),
    ("\\begin{itemize} one \\end{itemize}", "one"),
    ("K\\&K, R\\&D, \\{x\\}", "K&K, R&D, x"),
    ("a \\textgreater 96\\% share", "a > 96% share"),
    ("\\GitOven{}, \\name~bakes", "GitOven, name bakes"),
    ("6{,}181 lines", "6,181 lines"),
    ("\\em all the rest and \\3) of it", "all the rest and 3) of it"),
    ("$\\|x\\|_2$ and $\\varepsilon_1/\\varepsilon_2$", "‖x‖₂ and ε₁/ε₂"),
    ("\\textbf{} and \\emph{\\textbf{\\ae}}", "and æ"),
    ("({\\Delta}{\\Delta}G)", "(ΔΔG)"),
    ("\\~8B, Bolet\\'{\\i}n and \\'a la", "~8B, Boletín and á la"),
    ("Q\\&A \\etc. and \\vs rye", "Q&A etc. and vs. rye"),
]


@pytest.mark.parametrize(("written", "expected"), REAL_TEX)
def test_tex_as_arxiv_sends_it_is_read(written: str, expected: str) -> None:
    assert expected == readable(written)


LOST_FORMULAS = [
    ("epsilon=8{255} and 1{n h^d}", "ε=8/255 and 1/(n hᵈ)"),
    ("Ain R^{ntimes d} and bin R^n", "A ∈ R^(n×d) and b ∈ Rⁿ"),
    ("for qin[1,infty] and p in [0.1, 0.2]", "for q∈[1,∞] and p ∈ [0.1, 0.2]"),
    ("x_1,dots,x_n in {o_0, a_0, dots}", "x₁,…,xₙ in {o₀, a₀, …}"),
    ("the ell_2-norm and nabla^2DFT", "the ℓ₂-norm and ∇²DFT"),
    ("L = L_0 + Acdot S_1^{-alpha}", "L = L₀ + A·S₁^(-α)"),
    ("hat rho_h^{D}(x) and sum_{i=1}^n K", "ρ̂_hᴰ(x) and ∑ᵢ₌₁ⁿ K"),
    ("C_Phi, f_theta and v_{reason} = theta_{GRPO}", "C_Φ, f_θ and v_reason = θ_GRPO"),
    ("O(sqrt(N)) and Oleft( m V{varepsilon^2} right)", "O(√(N)) and O(m V/ε²)"),
    ("pass^k, (IA)^3 and p < 10^(-10)", "passᵏ, (IA)³ and p < 10⁻¹⁰"),
    ("D{to}infty, N{+}1, 64{times}64, 1.2{sim}1.3", "D→∞, N+1, 64×64, 1.2–1.3"),
    ("(epsilon, delta)-DP and density (rho)", "(ε, δ)-DP and density (ρ)"),
    ("$textbf{rye} and textbf{oat}$ loaves", "rye and oat loaves"),
    ("teal{Tool-use} and mypink{Oven}", "Tool-use and Oven"),
    ("A}gentic OVEN}bakes. {Firstly, we", "Agentic OVEN bakes. Firstly, we"),
    ("MLICv2^+, W^+ and HumanEval^{+}", "MLICv2⁺, W⁺ and HumanEval⁺"),
    ("mathbb{R}^d and mathbb Z", "ℝᵈ and ℤ"),
    ("{bf MASK} by {sim}11% in boldsymbolπ-Oven", "MASK by ~11% in π-Oven"),
    ("360^circtimes180^circ and 45 deg", "360°×180° and 45°"),
    ("binary (pm1) layers of 3.5 pm 0.5 or 95%pm2", "binary (±1) layers of 3.5 ± 0.5 or 95% ± 2"),
    ("with mll n, x!in!{4,8} and p(a mid v)", "with m ≪ n, x ∈ {4,8} and p(a | v)"),
    ("C_{Phi circ Psi} > C_Psi for x^2 Phi(x)", "C_(Φ∘Ψ) > C_Ψ for x² Φ(x)"),
    ("x_1 = Phicirc Psi and eta_2propto d", "x₁ = Φ∘ Ψ and η₂∝ d"),
    ("Delta u_L of O(n/delta) at 1-delta", "Δ u_L of O(n/δ) at 1-δ"),
    ("with ωapprox 2.8 and as eta/lambda_2", "with ω≈ 2.8 and as η/λ₂"),
    ("text{rising time}{3} for symmet{R}y and Learn{ING}", "rising time/3 for symmetRy and LearnING"),
    ("|Ax-b|_2 and (f)_1", "|Ax-b|₂ and (f)₁"),
    ("15timessim50times and 20times sim 50times", "15×–50× and 20×–50×"),
    ("over r^{update}, x^{n} and d^{0.75}", "over r^update, xⁿ and d^0.75"),
    ("langle x rangle and lceil log_2 N rceil", "⟨ x ⟩ and ⌈ log₂ N ⌉"),
]


@pytest.mark.parametrize(("written", "expected"), LOST_FORMULAS)
def test_formulas_that_lost_their_backslashes_are_read(written: str, expected: str) -> None:
    assert expected == readable(written)


MARKS = [
    ("``slow thinking`` of ovens", "“slow thinking” of ovens"),
    ("the Baker`s oven and an ''old'' one", "the Baker’s oven and an “old” one"),
    ("on `Rye-Bench Verified`, a `cat.n.01`", "on Rye-Bench Verified, a cat.n.01"),
    ("rye --including oat", "rye – including oat"),
    ("A-Bench~ https://a.example, at ~https://b.example", "A-Bench https://a.example, at https://b.example"),
    ("like GPT-4.In this work, 1.5.To be read", "like GPT-4. In this work, 1.5. To be read"),
    ("*we rest it for 8 hours.* Then", "we rest it for 8 hours. Then"),
    ("the **85.67**% and **https://a.example/x**.", "the 85.67% and https://a.example/x."),
]


@pytest.mark.parametrize(("written", "expected"), MARKS)
def test_emphasis_quotes_dashes_ties_and_stops_are_set_as_in_print(written: str, expected: str) -> None:
    assert expected == readable(written)


LINKS = [
    ("code [here](https://a.example/x_y).", "code here (https://a.example/x_y)."),
    ("[a.example/b_c](a.example/b_c)", "a.example/b_c"),
    ("We https://a.example/p{open-source it} now.", "We open-source it (https://a.example/p) now."),
    ("\\href{https://a.example/R.md{the notes}}", "the notes (https://a.example/R.md)"),
    ("https://a.example/D{mypink{Github}}.", "Github (https://a.example/D)."),
    ("https://a.example/d_1/ {https://a.example/d\\_1/}", "https://a.example/d_1/"),
    (
        "at~https://a.example/v and models~\\url{https://a.example/m}",
        "at https://a.example/v and models https://a.example/m",
    ),
    ("alignment.\\url{https://a.example/x}", "alignment. https://a.example/x"),
    ("at https://a.example/x .", "at https://a.example/x."),
    ("on GitHub.https://a.example/x", "on GitHub. https://a.example/x"),
    ("https://a.example/x{https://b.example/y}", "https://b.example/y (https://a.example/x)"),
    ("https://a\\allowbreak-b.example/c", "https://a-b.example/c"),
]


@pytest.mark.parametrize(("written", "expected"), LINKS)
def test_a_link_is_its_text_and_its_whole_address(written: str, expected: str) -> None:
    assert expected == readable(written)


def test_one_reading_leaves_plain_text_alone() -> None:
    assert "Bread rises, then rests." == plain("Bread rises, then rests.")
