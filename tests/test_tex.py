"""TeX as arXiv sends it, what Hugging Face leaves of it, Markdown and links; the 54 counted patterns are in
test_text_patterns."""

from __future__ import annotations

import pytest

from newsletter.tex import plain
from newsletter.text import readable

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
    ("256$\\times$256, $\\sim$5, $<$1 and $>$10$\\times$", "256×256, ~5, <1 and >10×"),
    ("$\\Lambda$CDM, 0.5 $\\mu$m, $\\beta$-VAE and $\\sigma$GNN", "ΛCDM, 0.5 μm, β-VAE and σGNN"),
    ("$\\max_{x\\in\\mathcal{X}} f(x)$, $x\\in\\mathcal X$", "max_(x∈X) f(x), x∈X"),
    ("$SU(2)_L\\times\\mathrm{U}(1)$, $\\log\\mathbf{x}$", "SU(2)_L×U(1), log x"),
    (
        "$\\tilde{\\mathcal{O}}(n)$, $\\binom{n}{k}$, $a\\equiv b\\pmod p$, $x\\bmod p$",
        "Õ(n), (n choose k), a ≡ b (mod p), x mod p",
    ),
    ("$x\\not\\in S$, $\\not=$, $P(A\\mid B)$", "x ∉ S, ≠, P(A | B)"),
    ("$\\|w\\|_2^2$, $\\mathbf{x}^\\top\\mathbf{x}$, $f^{(k)}$, $\\pi^\\pm$", "‖w‖₂², xᵀx, f^(k), π±"),
    ("$3\\,M_\\odot$, $^{40}$K, $2^{\\aleph_0}$, $u,v\\in V$", "3 M⊙, ⁴⁰K, 2^(ℵ₀), u,v ∈ V"),
    ("and \\begin{itemize}\\item rye \\item oat\\end{itemize}", "and • rye • oat"),
    ("the oven\\textsuperscript{2} of \\color{RoyalBlue}warm rye", "the oven² of warm rye"),
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
    ("x_1 = Phicirc Psi and eta_2propto d", "x₁ = Φ ∘ Ψ and η₂ ∝ d"),
    ("Delta u_L of O(n/delta) at 1-delta", "Δ u_L of O(n/δ) at 1-δ"),
    ("with ωapprox 2.8 and as eta/lambda_2", "with ω ≈ 2.8 and as η/λ₂"),
    ("text{rising time}{3} for symmet{R}y and Learn{ING}", "rising time/3 for symmetRy and LearnING"),
    ("|Ax-b|_2 and (f)_1", "|Ax-b|₂ and (f)₁"),
    ("15timessim50times and 20times sim 50times", "15×–50× and 20×–50×"),
    ("over r^{update}, x^{n} and d^{0.75}", "over r^update, xⁿ and d^0.75"),
    ("langleDelta u_Lrangler; ntimes d", "⟨Δ u_L⟩r; n × d"),
    ("at ratios (psi/phi) or eta/alpha", "at ratios (ψ/φ) or η/α"),
    ("m = epsilon^{-2}dlog^3(n)", "m = ε⁻²d log³(n)"),
    ("langle x rangle and lceil log_2 N rceil", "⟨x⟩ and ⌈log₂ N⌉"),
]


@pytest.mark.parametrize(("written", "expected"), LOST_FORMULAS)
def test_formulas_that_lost_their_backslashes_are_read(written: str, expected: str) -> None:
    assert expected == readable(written)


MARKS = [
    ("``slow thinking`` of ovens", "“slow thinking” of ovens"),
    ("the Baker`s oven and an ''old'' one", "the Baker’s oven and an “old” one"),
    ("on `Rye-Bench Verified`, a `cat.n.01`", "on Rye-Bench Verified, a cat.n.01"),
    ("rye --including oat", "rye – including oat"),
    ("doughx2019s rise and 4x2013 trays", "dough’s rise and 4x2013 trays"),
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
    ("see <a class=\"x\" href='https://a.example/x'>this https URL</a>.", "see https://a.example/x."),
    (
        "on https://a.example/x{this https URL}, at \\href{https://a.example/y{https://a.example/y}.},",
        "on https://a.example/x, at https://a.example/y,",
    ),
    ("On https://a.example/to:https://b.example", "On https://a.example/to:https://b.example"),
    ("https://a\\allowbreak-b.example/c", "https://a-b.example/c"),
]


@pytest.mark.parametrize(("written", "expected"), LINKS)
def test_a_link_is_its_text_and_its_whole_address(written: str, expected: str) -> None:
    assert expected == readable(written)


def test_one_reading_leaves_plain_text_alone() -> None:
    assert "Bread rises, then rests." == plain("Bread rises, then rests.")
