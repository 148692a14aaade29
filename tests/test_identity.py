"""When two papers are the same."""

import pytest

from newsletter.identity import arxiv_id, arxiv_version, doi, merge, page, paper_id, same_by_title, title_id, web_link
from newsletter.models import Paper


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2611.90001", "2611.90001"),
        ("2611.90001v3", "2611.90001"),
        ("arXiv:2611.90001v1", "2611.90001"),
        ("https://arxiv.org/abs/2611.90001v2", "2611.90001"),
        ("http://arxiv.org/pdf/2611.90001.pdf", "2611.90001"),
        ("https://huggingface.co/papers/2611.90001", "2611.90001"),
        ("10.48550/arXiv.2611.90001", "2611.90001"),
        ("https://doi.org/10.48550/arXiv.2611.90001", "2611.90001"),
        ("hep-th/9901001v2", "hep-th/9901001"),
        ("HEP-TH/9901001", "hep-th/9901001"),
        ("math.GT/0309136", "math/0309136"),
        ("10.1234/Some.Thing", None),
        ("2611.9", None),
        ("about 2611.90001 and more", None),
    ],
)
def test_an_arxiv_id_is_read_from_all_its_spellings(text, expected):
    assert expected == arxiv_id(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2611.90001", None),
        ("2611.90001v3", 3),
        ("https://arxiv.org/pdf/2611.90001v12.pdf", 12),
        ("hep-th/9901001v2", 2),
        ("2611.90001v0", None),
        ("2611.90001v99999999999", None),
        ("10.1234/thingv2", None),
    ],
)
def test_the_version_is_read_from_an_arxiv_id(text, expected):
    assert expected == arxiv_version(text)


def test_of_two_readings_the_higher_version_stays():
    versions = [(None, None), (2, None), (None, 2), (3, 2)]
    merged = [merge(Paper("2611.90001", "T", version=a), Paper("2611.90001", "T", version=b)) for a, b in versions]
    assert [None, 2, 2, 3] == [paper.version for paper in merged]


def test_a_doi_is_compared_in_lower_case():
    assert doi("https://doi.org/10.1234/Some.Thing") == "10.1234/some.thing" == paper_id("doi:10.1234/SOME.thing")


def test_accents_case_and_punctuation_do_not_make_another_title():
    assert title_id("Gödel's Machines: a Survey!") == title_id("godel s machines  A survey")


LONG = "A Very Long Road Home"


def test_two_titles_are_one_paper_when_one_side_has_no_id():
    assert same_by_title(Paper("2611.90001", LONG), Paper(title_id(LONG), LONG))


def test_two_ids_are_two_papers_whatever_their_titles():
    assert not same_by_title(Paper("2611.90001", LONG), Paper("2611.90002", LONG))


def test_short_titles_are_never_enough():
    assert not same_by_title(
        Paper("2611.90001", "Technical Report"), Paper(title_id("Technical Report"), "Technical Report")
    )


def test_authors_that_do_not_overlap_are_two_papers():
    ours = Paper("2611.90001", LONG, authors=("Ada Example",))
    assert not same_by_title(ours, Paper(title_id(LONG), LONG, authors=("Bo Sample",)))
    assert same_by_title(ours, Paper(title_id(LONG), LONG, authors=("Bo Sample", "ada example")))


def test_merging_keeps_the_better_id_and_the_later_votes():
    capture = Paper(title_id(LONG), LONG, abstract="What it says.")
    listed = Paper("2611.90001", LONG, authors=("Ada Example",), upvotes=7)
    for merged in (merge(capture, listed), merge(listed, capture)):
        assert ("2611.90001", "What it says.", ("Ada Example",), 7) == (
            merged.id,
            merged.abstract,
            merged.authors,
            merged.upvotes,
        )
        assert (capture.id,) == merged.also


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "data:text/html,x", "//example.org", "http://", "https://exa mple.org", "https://[", "x"],
)
def test_what_is_no_web_link_is_nothing(text):
    assert web_link(text) == ""


def test_every_paper_has_a_page():
    assert page(Paper("2611.90001", "T")) == "https://arxiv.org/abs/2611.90001"
    assert page(Paper("10.1234/a#b", "T")) == "https://doi.org/10.1234/a%23b"
    assert page(Paper("title:0", "T", url="https://example.org/p")) == "https://example.org/p"
    assert page(Paper("title:0", "Ten & One", url="javascript:0")) == "https://huggingface.co/papers?q=Ten%20%26%20One"
