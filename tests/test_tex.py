"""TeX, its residue and Markdown become text that reads: an invented sentence for each pattern that sources have."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.text import readable

PATTERNS = [
    ("hard newline", "The marsh is wide\nand quiet.", "The marsh is wide and quiet."),
    ("newline and indent", "It ends here.\n  The next begins.", "It ends here. The next begins."),
    ("address", "See https://example.org/a_b-c now", "See https://example.org/a_b-c now"),
    ("address at the end", "Code: https://example.org/code.", "Code: https://example.org/code."),
    ("enumeration", "We (1) dig and (ii) fill", "We (1) dig and (ii) fill"),
    ("double hyphen", "a wide--narrow bridge -- and back", "a wide–narrow bridge – and back"),
    ("percent", r"up by 12.5\% in spring", "up by 12.5% in spring"),
    ("number times", "on grids of 64 times 64, 3times faster", "on grids of 64 × 64, 3× faster"),
    ("braces", "the {quick} fox", "the quick fox"),
    ("superscript", "τ^2 and 10^{-3} and R^n", "τ² and 10⁻³ and Rⁿ"),
    ("subscript", "π_{0.5} and x_i and H_{2}O", "π_0.5 and xᵢ and H₂O"),
    ("at k", "pass@1 and recall@10", "pass@1 and recall@10"),
    ("bare Greek word", "with alpha=0.5 and Phi-3 and beta testers", "with α=0.5 and Phi-3 and beta testers"),
    ("Greek letter", "the τ of the filter", "the τ of the filter"),
    ("closing quotes", "a ``moving target'' indeed", "a “moving target” indeed"),
    ("bare symbols", "a cdot b, x_1, ldots, infty", "a · b, x₁, …, ∞"),
    ("mixed quotes", 'the ``fixed" price', 'the “fixed" price'),
    ("angle brackets", "if a < b then b > a", "if a < b then b > a"),
    ("ampersand", "search & rescue", "search & rescue"),
    ("collapsed link", "https://example.org/x{https://example.org/x}.", "https://example.org/x."),
    ("collapsed link with text", "https://example.org/x{Project Page}.", "Project Page (https://example.org/x)."),
    ("space before a stop", "at the end . And on , too", "at the end. And on, too"),
    ("approximately", "about ~5x less", "about ~5x less"),
    ("bare sim", "sim 10 boats, 10sim20 oars, sim-to-real", "~10 boats, 10~20 oars, sim-to-real"),
    ("missing space", "It costs less.The rest stays.", "It costs less. The rest stays."),
    ("tie", "on Track~1 of the~race", "on Track 1 of the race"),
    ("author's macro", r"We present \ours{}, and \method works", "We present ours, and method works"),
    ("asterisk", "rated 4* by all", "rated 4* by all"),
    ("currency", r"for $3 a day and \$20 a week", "for $3 a day and $20 a week"),
    ("lost dollar", r"valued at \5 million", "valued at $5 million"),
    ("escapes", r"rock \& roll, a\_b, \#1", "rock & roll, a_b, #1"),
    ("glued times", "4times4 to 16times16 and 3Dtimes3D", "4×4 to 16×16 and 3D×3D"),
    ("accented letter", "Gödel in Zürich", "Gödel in Zürich"),
    ("single TeX quote", "a `cut-and-paste' job", "a ‘cut-and-paste’ job"),
    ("font macros", r"\textbf{bold} \emph{leaning} \texttt{typed}", "bold leaning typed"),
    ("bare relations", "x leq 3, 0.7 pm 0.1, a neq b", "x ≤ 3, 0.7 ± 0.1, a ≠ b"),
    ("schemeless address", "at example.org/code for all", "at example.org/code for all"),
    ("spacing macros", r"19\,FPS and a\ b", "19 FPS and a b"),
    (
        "accent macros",
        r"Fr\'echet, Schr\"odinger, na\"{\i}ve, Erd\H{o}s, \v{C}apek",
        "Fréchet, Schrödinger, naïve, Erdős, Čapek",
    ),
    ("bare approx", "approx 30 boats", "≈30 boats"),
    ("Markdown bold", "we call it **Lighthouse**, at last", "we call it Lighthouse, at last"),
    ("double spaces", "two  spaces", "two spaces"),
    ("token", "the <think> and <|im_end|> tokens", "the <think> and <|im_end|> tokens"),
    ("bare arrows", "from 62% rightarrow 67%", "from 62% → 67%"),
    (
        "link macros",
        r"\url{https://a.example} and \href{https://b.example}{page}",
        "https://a.example and page (https://b.example)",
    ),
    ("footnote", r"a fact\footnote{Seen twice.} here", "a fact (Seen twice.) here"),
    ("pipe", "either | or", "either | or"),
    ("Markdown italic", "this is *quite certain* now", "this is quite certain now"),
    ("degrees", "a 360^circ view, 90^{circ} turned", "a 360° view, 90° turned"),
    ("lost font macro", "mathcal{O}(n) for Self-text{CO}rrecting", "O(n) for Self-COrrecting"),
    ("em dash", "the boats---all of them---left", "the boats—all of them—left"),
    ("math delimiters", r"the ratio (\(TPP\)) of \[a\]", "the ratio (TPP) of a"),
    ("font switch", r"the {\em only} and {\it first} one", "the only and first one"),
    ("hash", "issue #7", "issue #7"),
    ("citation", "as shown [1] before", "as shown [1] before"),
    ("math", "with $x^2$ and $n$ steps, costing $3 or $4", "with x² and n steps, costing $3 or $4"),
    ("norm", "the ell_2 norm and a bell_curve", "the ℓ₂ norm and a bell_curve"),
    ("fraction", r"about \frac{1}{2} of it, $\alpha \leq \beta$", "about 1/2 of it, α ≤ β"),
    ("Markdown link", "see [the page](https://example.org/p) there", "see the page (https://example.org/p) there"),
]
FALSE_FRIENDS = [
    "sim-to-real transfer and Habitat-sim",
    "three times, 4 times more, sometimes",
    "partial differential equations in time",
    "the moe_vie and gpt_4 modules, snake_case_names",
    "beta testers met Alpha and Phi in the park",
    "{{7*7}} and {% raw %} stay",
    "a set {0, 1} and {A, B}",
    "torch.Tensor and e.g. this, i.e. that",
    "O'Neil's and it's",
    "C++ and 2*3*4 = 24",
    "a_b@example.org wrote",
    "</mj-raw><script>alert(1)</script>",
]


@pytest.mark.parametrize(("text", "expected"), [one[1:] for one in PATTERNS], ids=[one[0] for one in PATTERNS])
def test_the_pattern_reads_well(text, expected):
    assert expected == readable(text)


@pytest.mark.parametrize("text", FALSE_FRIENDS)
def test_what_only_looks_like_tex_stays(text):
    assert text == readable(text)


_PIECES = st.sampled_from([part for one in PATTERNS for part in (one[1], *one[1].split(" "))] + list("{}\\$^_~`'*-. "))


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_reading_twice_is_reading_once(text):
    once = readable(text)
    assert once == readable(once)


@given(st.text(st.characters(codec=None), max_size=300))
def test_no_text_is_too_strange(text):
    assert "\n" not in readable(text)


@pytest.mark.parametrize(
    "piece", ["$", "{", "a^{", "\\textbf{", "x_1 ", "**a ", "`a ", " ,", "http://x{", "5times ", "~a"]
)
def test_the_longest_abstract_is_read_too(piece):
    assert readable(piece * (20_000 // len(piece)))
