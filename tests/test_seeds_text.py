"""Reading over the recordings: what can be mended is, nothing is lost, and reading twice changes nothing."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from newsletter.tex.signs import COMMANDS
from newsletter.text import readable, sentences, urls

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no recordings beside the checkout (../shared/data)")

ADDRESS = re.compile(r"https?://[^\s{}]+|(?<![\w.])[\w-]+(?:\.[\w-]+)+/\S*|\S+@\S+\.\w+")
SET = re.compile(r"\{[^{}]*,[^{}]*\}")

STUCK = re.compile(r"x201[34]|[Rr]ightarrow|\w(?=log\()|(?=https?://)|\w+20\d\d[a-z]{4,}|\w+~sec:[\w-]+|brightpink")
"""What stands between two words, or in the place of one, and is none itself."""
RESIDUE = {
    "braces": r"[{}]",
    "bare latex word: sim/approx/leq/geq/pm/in/rightarrow/mathcal...": (
        r"\bsim ?\d(?!real|reason)|\dsim\d|\bapprox(?= ?\d)|\d pm \d|\b(?:leq|geq|neq)\b|infty|cdots?(?![a-z])|"
        r"rightarrow|"
        r"[lr]angle[a-z]|lceil|rceil|frac\{|(?<![a-z])left[(|]|"
        r"math(?:cal|bb|rm|bf)|varphi|varepsilon|\bell_|"
        r"\b(?:alpha|beta|gamma|theta|epsilon|rho|Phi|Psi|Delta|Sigma)(?:[_^=]| =)|"
        r"[A-Za-z]in R\^"
    ),
    "underscore/subscript": r"_\{|(?<![\w/.-])[A-Za-z\u0370-\u03ff]_(?:\d|[aehijklmnoprstuvx](?![\w]))",
    "--- or --": r"--",
    "caret/superscript": r"\^(?:\{|[+-]?\d+(?![.\d])|circ|[*+]|[A-Za-pr-z](?![A-Za-z]))",
    "backslash other": r"\\",
    "Ntimes/×stripped": r"\dtimes|\d times \d|\btimes\d|[A-Z\d]times[A-Z\d]",
    "residual \\%": r"\\%",
    "``..'' quotes": r"``|''|`",
    "markdown ** or ` or []()": r"\*\*|`|\]\(|(?<![\w*])\*[a-z][^*]*[a-z]\*(?!\w)",
    "backslash cmd": r"\\[A-Za-z]",
    "no space after period": r"(?<=[a-z]{2})[.][A-Z](?![A-Z]\b)|\)\.[A-Z]",
    "tilde ~": r"[A-Za-z]{2}~|[).,]~",
    "space before punct": r"[^\s.,;:–] [.,;](?= |$)|\w [:!?](?= |$)",
    "url glued {..}": r"https?://[^\s{}]+[{}]",
    "dollar": r"\$[^$]*[\\^_{}][^$]*\$|\$[a-z]",
    "emph leftovers like {\\em": r"\{\\?(?:em|bf|it|sc|tt)\b",
    "hard newline": r"\n| {2}",
}
"""What a renderer can mend of the categories in seeds_edge_cases.tsv, as it looks where it is left.

Not residue, by rule: a script that Unicode lacks (`x^(a-b)`, `x^q`, `G_name`), braces around a set, `~` between two
amounts (`1M~60M`), a lone `$` after a number.
"""
NOT_FOR_A_RENDERER = {
    "url", "url followed by punctuation", "url no scheme", "numbered list", "abstract does not end in . ! ?",
    "near arXiv 1920-char cap", "< or >", "O(n) math", "pipe", "long title >=120", "ampersand", "short abstract <700",
    "email", "asterisk", "non-ASCII",
}  # fmt: skip
"""What a reader should see as it is; lengths and endings are the business of `excerpt` and `line`."""


@cache
def seeds() -> dict[str, str]:
    """Every title and abstract of the four seeds by `file:line`."""
    return {
        f"{path.name[:3]}:{number}": line
        for path in sorted((DATA / "seeds").glob("*.txt"))
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
        if line
    }


@cache
def daily() -> dict[str, str]:
    """Every title, abstract and machine-made summary of the recorded days by id and key."""
    papers = [
        entry["paper"] for path in sorted((DATA / "hf_daily").glob("*.json")) for entry in json.loads(path.read_bytes())
    ]
    return {
        f"{paper['id']}:{key}": paper[key]
        for paper in papers
        for key in ("title", "summary", "ai_summary")
        if paper.get(key)
    }


Texts = Callable[[], dict[str, str]]
RECORDINGS = [pytest.param(seeds, id="seeds"), pytest.param(daily, id="daily")]


@cache
def shown(texts: Texts) -> dict[str, str]:
    """The same texts as they are read."""
    return {place: readable(text) for place, text in texts().items()}


@cache
def without_addresses(text: str) -> str:
    return ADDRESS.sub("URL", text)


def residue(category: str, texts: dict[str, str]) -> dict[str, list[str]]:
    """What is left of a category, with a little around it, by place."""
    pattern = re.compile(RESIDUE[category])
    left: dict[str, list[str]] = {}
    for place, text in texts.items():
        read = text if category == "url glued {..}" else without_addresses(text)
        read = SET.sub("", read) if category == "braces" else read
        if found := [read[max(one.start() - 20, 0) : one.end() + 20] for one in pattern.finditer(read)]:
            left[place] = found
    return left


def test_every_category_of_the_seeds_edge_cases_is_mended_or_meant_to_stay() -> None:
    with (DATA / "seeds_edge_cases.tsv").open(encoding="utf-8", newline="") as file:
        categories = {row["category"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}
    assert set() == categories - RESIDUE.keys() - NOT_FOR_A_RENDERER


@pytest.mark.parametrize("texts", RECORDINGS)
@pytest.mark.parametrize("category", RESIDUE)
def test_nothing_that_can_be_mended_is_left(category: str, texts: Texts) -> None:
    assert {} == residue(category, shown(texts))


@pytest.mark.parametrize("category", RESIDUE)
def test_each_kind_of_residue_was_there_before_reading(category: str) -> None:
    assert residue(category, seeds()) or residue(category, daily())


@pytest.mark.parametrize("texts", RECORDINGS)
def test_reading_a_recorded_text_twice_is_reading_it_once(texts: Texts) -> None:
    assert shown(texts) == {place: readable(text) for place, text in shown(texts).items()}


@pytest.mark.parametrize("texts", RECORDINGS)
def test_no_address_is_lost_or_changed(texts: Texts) -> None:
    for place, text in texts().items():
        written = text.replace("\\_", "_").replace("\\#", "#")
        assert set() == set(urls(written)) - set(urls(shown(texts)[place])), place


@pytest.mark.parametrize("texts", RECORDINGS)
def test_no_word_is_lost_but_the_names_of_signs(texts: Texts) -> None:
    name = re.compile(
        rf"[A-Za-z]{{0,3}}(?:{'|'.join(one for one in (*COMMANDS, 'sqrt') if len(one) > 2)})[A-Za-z]{{0,3}}"
    )
    word = re.compile(r"(?<![A-Za-z\\{}])(?<!\\[\"'`^~])[A-Za-z]{4,}(?![A-Za-z\\{}])")
    lost = [
        (place, one)
        for place, text in texts().items()
        for one in word.findall(STUCK.sub(" ", text))
        if one not in shown(texts)[place] and not name.fullmatch(one)
    ]
    assert [] == lost


@pytest.mark.parametrize("texts", RECORDINGS)
def test_no_sentence_ends_at_an_abbreviation(texts: Texts) -> None:
    ends = (sentence.split()[-1] for text in shown(texts).values() for sentence in sentences(text))
    assert set() == set(ends) & {"e.g.", "(e.g.", "i.e.", "(i.e.", "al.", "vs.", "Fig.", "cf.", "Dr."}
