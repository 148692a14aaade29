"""A reader's library: what reference managers export, and what is left of it when it is damaged."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.library import Entry, parse
from newsletter.models import Paper

BIBTEX = r"""
@comment{Invented entries in the shapes that programs export.}
@string{press = "Northlight Press"}
@article{brook_straight_2026,
  title = {Straight Paths: {{Flow Matching}} in {F}our Steps},
  author = {Brook, Ada and Erd{\H o}s, Bo},
  abstract = {We walk {\"u}ber $x^2$ paths \& save 50\% of the steps.},
  keywords = {flow matching, sampling},
  date = {2026-03-02}, eprint = {2603.01234v2}, eprinttype = {arxiv}, doi = {10.5555/One.1},
}
@misc{second, title = "Tools " # "for agents", year = 2025, publisher = press,
  howpublished = {\url{https://arxiv.org/abs/2501.00002}}}
@book{third, title = {A Book Without Any Id}}
@misc{nothing, note = {nothing to go by}}
"""
RIS = """TY  - JOUR
TI  - Straight Paths: Flow Matching
in Four Steps
AB  - We walk paths.
KW  - flow matching
KW  - sampling
PY  - 2026/03/02
DO  - 10.5555/One.1
UR  - https://arxiv.org/abs/2603.01234v2
ER  -

TY  - JOUR
T1  - Tools for agents
N1  - arXiv:2501.00002 [cs]
TY  - JOUR
ER  - \n"""
CSL = [
    {
        "type": "article",
        "title": "Straight Paths: <i>Flow Matching</i> in Four Steps",
        "abstract": "<jats:p>We walk &amp; save.</jats:p>",
        "keyword": "flow matching; sampling",
        "issued": {"date-parts": [[2026, 3, 2]]},
        "number": "arXiv:2603.01234",
        "DOI": "10.5555/One.1",
    },
    {"title": "Tools for agents", "URL": "http://arxiv.org/pdf/2501.00002v1.pdf", "id": 2501.00002},
    {"type": "book"},
    "no entry",
]
LIST = """# what I read
2603.01234
https://huggingface.co/papers/2501.00002   # with a remark
- [A paper](https://doi.org/10.5555/One.1)
and a line about nothing
"""
FIRST, SECOND = ("2603.01234", "10.5555/one.1"), ("2501.00002",)


def test_bibtex_is_read_without_its_tex():
    first, second, third = parse(BIBTEX.encode()).entries
    assert (
        Entry(
            title="Straight Paths: Flow Matching in Four Steps",
            abstract="We walk über x² paths & save 50% of the steps.",
            keywords=("flow matching", "sampling"),
            year=2026,
            ids=FIRST,
        )
        == first
    )
    assert Entry("Tools for agents", year=2025, ids=SECOND) == second
    assert Entry("A Book Without Any Id") == third


def test_ris_is_read_and_a_line_without_tag_goes_on_with_the_one_before():
    library = parse(RIS.encode())
    keywords = ("flow matching", "sampling")
    first = Entry("Straight Paths: Flow Matching in Four Steps", "We walk paths.", keywords, 2026, FIRST)
    assert (first, Entry("Tools for agents", ids=SECOND)) == library.entries


def test_csl_json_is_read_without_its_markup():
    keywords = ("flow matching", "sampling")
    first = Entry("Straight Paths: Flow Matching in Four Steps", "We walk & save.", keywords, 2026, FIRST)
    assert (first, Entry("Tools for agents", ids=SECOND)) == parse(json.dumps(CSL).encode()).entries


def test_a_list_of_ids_has_comments_and_addresses():
    assert [FIRST[:1], SECOND, FIRST[1:]] == [entry.ids for entry in parse(LIST.encode()).entries]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (BIBTEX, ("BibTeX", 3, 1)),
        (RIS, ("RIS", 2, 1)),
        (json.dumps(CSL), ("CSL-JSON", 2, 2)),
        (json.dumps({"items": CSL}), ("CSL-JSON", 2, 2)),
        ("\n".join(json.dumps(one) for one in CSL[:2]), ("CSL-JSON", 2, 0)),
        (json.dumps(CSL)[:-20], ("CSL-JSON", 2, 1)),
        (LIST, ("list of ids", 3, 1)),
        ("", ("list of ids", 0, 0)),
    ],
    ids=["bibtex", "ris", "csl", "zotero", "lines of json", "cut off json", "list", "empty"],
)
def test_the_format_is_told_from_the_content_and_what_is_damaged_is_counted(body, expected):
    library = parse(body.encode())
    assert expected == (library.format, len(library.entries), library.damaged)


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        (
            "doi = {10.5555/own}, note = {arXiv:2501.00001 [cs], extends arXiv:2401.00002}",
            ("2501.00001", "10.5555/own"),
        ),
        ("eprint = {2501.00001}, note = {extends arXiv:2401.00002}", ("2501.00001",)),
        ("note = {10.5555/remark}", ("10.5555/remark",)),
    ],
)
def test_a_remark_may_name_the_paper_but_not_all_that_it_is_about(fields, ids):
    assert [ids] == [entry.ids for entry in parse(f"@misc{{a, {fields}}}".encode()).entries]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_the_encodings_of_old_programs_are_tolerated(encoding):
    body = "@misc{a, title = {Über Bäume}}\r\n@misc{b, title = {Più}}".encode(encoding)
    assert ["Über Bäume", "Più"] == [entry.title for entry in parse(body).entries]


@pytest.mark.parametrize(
    ("broken", "titles", "damaged"),
    [
        ("@misc{a, title = {One {never closed}\n@misc{b, title = {Two}}", ["Two"], 1),
        ("@misc{a, title = {One {never},\n  eprint = {2501.00001}\n}\n@misc{b, title = {Two}}", ["", "Two"], 0),
        ("@misc{title = {No key}}", ["No key"], 0),
        ("@misc{a, title = {No comma} year = 2020}", ["No comma"], 0),
        ("@misc(a, title = {In parentheses})", ["In parentheses"], 0),
        ("@misc{a, title = {One}}@misc{b, title = {Two}}", ["One", "Two"], 0),
        ("@MISC{a,\n TITLE = {Loud}, title = {Second}", ["Loud"], 0),
    ],
)
def test_a_broken_bibtex_entry_costs_no_other(broken, titles, damaged):
    library = parse(broken.encode())
    assert (titles, damaged) == ([entry.title for entry in library.entries], library.damaged)


@pytest.mark.parametrize(
    "hostile",
    [
        "@a{" + "," * 200_000,
        "@a{x" + ",\nt={" * 100_000,
        "\n@a{x,t={" * 20_000,
        "@a{x,title={" + "{\\" * 100_000 + "}}",
        "@a{x, t = " + "a # " * 100_000,
        "[" * 1_000_000,
        '[{"a":' * 100_000,
        "{}" * 20_000,
        "TY  - \n" * 20_000,
        "TY  - X\nTI  - " + "a\n" * 100_000,
        "10.1234/" * 100_000,
        "\x00\ufeff\\" * 100_000,
    ],
    ids=lambda text: text[:8],
)
def test_hostile_files_are_read_in_no_time(hostile):
    began = time.monotonic()
    parse(hostile.encode())
    assert time.monotonic() - began < 10


@given(st.binary(max_size=300) | st.text('@{}"=#,\\ \naTYERI-[]:.1/', max_size=300).map(str.encode))
def test_no_bytes_are_too_odd(body):
    assert all(entry.usable for entry in parse(body).entries)


def test_an_entry_becomes_a_paper_with_its_surest_id():
    [entry, *_] = parse(BIBTEX.encode()).entries
    paper = entry.paper()
    assert ("2603.01234", ("10.5555/one.1",), 2026) == (paper.id, paper.also, paper.published.year)
    assert Paper("title:ff58290004e335cc", "Only a title") == Entry("Only a title").paper()
