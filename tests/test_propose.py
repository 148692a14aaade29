"""Interests proposed from a library: pasted they are valid, and never proposed twice."""

import json
import subprocess
import sys
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Interest
from newsletter.subscribers import parse
from newsletter.subscribers.paste import as_yaml, subscriber_as_yaml
from tests.homes import invented_day, make_home
from tests.servers.huggingface import HuggingFace, paper_json, says
from tests.test_clusters import PAPERS, SUBJECTS, library

ADA = "subscribers:\n  - email: ada@example.org\n    timezone: UTC\n    trending: 2\n"
EXAMPLES = "    interests:\n      - name: Robots\n        like: [2411.00001]\n"


def bibtex(papers):
    return "\n".join(
        f"@article{{p{n}, title = {{{p.title}}}, abstract = {{{p.abstract}}}, eprint = {{{p.id}}}, year = 2026}}"
        for n, p in enumerate(papers)
    )


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.subscribers(ADA + EXAMPLES)
    (home.path / "library.bib").write_text(bibtex(PAPERS))
    return home


def learn(home, *arguments, **environment):
    """What is proposed to Ada from her library."""
    file = str(home.path / "library.bib")
    return home.run("subscribers", "learn", "ada@example.org", *(arguments or (file,)), **environment)


def proposed(home, *arguments, **environment):
    return json.loads(learn(home, *(arguments or (str(home.path / "library.bib"),)), "--json", **environment))


def test_what_is_proposed_can_be_pasted_and_is_not_proposed_again(home):
    told = learn(home)
    home.subscribers(ADA + EXAMPLES + told)
    assert "1 subscriber, 4 interests" in home.run("subscribers", "check")
    assert "" == learn(home)
    assert {"in interests that are there already": len(PAPERS)} == proposed(home)["left_out"]


def test_each_subject_of_the_library_becomes_an_interest_with_its_papers_as_examples(home):
    interests = proposed(home)["interests"]
    groups = [{paper.id for paper in PAPERS[start::3]} for start in range(3)]
    assert groups == [set(one["like"]) for one in interests]
    assert [True] * 3 == [
        one["name"].lower() in phrases for one, phrases in zip(interests, SUBJECTS.values(), strict=True)
    ]


def test_examples_come_with_their_titles(home):
    paper = PAPERS[0]
    assert f"          - {paper.id}  # {paper.title}\n" in learn(home)


def test_of_a_large_group_twenty_papers_are_examples_rather_new_ones(home):
    papers = [replace(paper, id=f"{1901 + 100 * (n // 5)}.{n:05d}") for n, paper in enumerate(library(30, ("rivers",)))]
    (home.path / "library.bib").write_text(bibtex(papers))
    [one] = proposed(home)["interests"]
    assert (20, 30) == (len(one["like"]), one["papers"])
    new, old = ({paper.id for paper in half} for half in (papers[15:], papers[:15]))
    assert len(new & set(one["like"])) > len(old & set(one["like"]))


def test_somebody_new_gets_a_whole_entry_and_a_new_home_a_whole_file(home):
    told = home.run("subscribers", "learn", "Bo@Example.org", str(home.path / "library.bib"))
    assert told.startswith("  - email: Bo@example.org\n    interests:\n      - name: ")
    home.subscribers(ADA + told)
    assert "2 subscribers, 3 interests" in home.run("subscribers", "check")
    (home.path / "subscribers.yaml").unlink()
    home.subscribers(home.run("subscribers", "learn", "bo@example.org", str(home.path / "library.bib")))
    assert "1 subscriber, 3 interests" in home.run("subscribers", "check")


def test_somebody_without_interests_gets_the_key_too(home):
    home.subscribers(ADA)
    home.subscribers(ADA + learn(home))
    assert "1 subscriber, 3 interests" in home.run("subscribers", "check")


def test_a_paper_or_a_name_that_the_subscriber_has_is_not_proposed(home):
    liked = "\n".join(
        [f"        like: [{PAPERS[0].id}, {PAPERS[1].id}]", "      - name: " + names(home)[2].upper(), ""]
    )
    home.subscribers(ADA + "    interests:\n      - name: Mixed\n" + liked)
    after = proposed(home)
    assert 2 == len(after["interests"])
    assert [11, 11] == [len(one["like"]) for one in after["interests"]]
    assert {"in interests that are there already": 12} == after["left_out"]


def names(home):
    return [one["name"] for one in proposed(home)["interests"]]


def test_what_was_read_and_left_out_is_said_in_a_line(home):
    more = "@misc{x, note={nothing}}\n@misc{y, eprint={2603.00000}}\n@misc{z, eprint={2411.99999}}\n"
    (home.path / "library.bib").write_text(
        bibtex(PAPERS) + "\n" + more + "@misc{a, title={Chess Engines That Explain}}"
    )
    told = proposed(home)
    assert {"damaged": 1, "twice": 1, "known by an id alone": 1, "in no group": 1} == told["left_out"]
    assert (40, 36) == (told["entries"], told["texts"])
    said = (
        "BibTeX, 40 entries, 36 with text, 3 new interests; left out: 1 damaged, 1 twice, 1 known by an id alone, 1 in"
    )
    assert f"standard input: {said} no group\n".encode() == piped(home).stderr


def test_ids_alone_are_looked_up_once(home):
    ids = [paper.id for paper in PAPERS]
    known = {
        paper.id: paper_json(1, id=paper.id, title=paper.title, summary=paper.abstract)["paper"] for paper in PAPERS[1:]
    }
    (home.path / "ids.txt").write_text("\n".join(ids) + "  # the last\n")
    with HuggingFace(papers=known) as hub:
        to = {"HF_ENDPOINT": hub.endpoint, "NEWSLETTER_SOURCES": "huggingface"}
        first = proposed(home, str(home.path / "ids.txt"), **to)
        assert len(ids) == len(hub.asked)
        again = proposed(home, str(home.path / "ids.txt"), **to)
        assert len(ids) == len(hub.asked)
    assert first == again
    assert (35, 3, {"known by an id alone": 1}, 0) == (
        first["texts"],
        len(first["interests"]),
        first["left_out"],
        first["waiting"],
    )


def test_when_hugging_face_fails_the_rest_waits(home):
    (home.path / "ids.txt").write_text("2411.00001\n2411.00002\n")
    with HuggingFace(script=deque([says(b"no", 404), *[says(b"no", 403)] * 10])) as hub:
        file, to = str(home.path / "ids.txt"), {"HF_ENDPOINT": hub.endpoint, "NEWSLETTER_SOURCES": "huggingface"}
        told = home.run("subscribers", "learn", "ada@example.org", file, code=1, **to)
    assert "0 new interests; left out: 2 known by an id alone; 1 not looked up yet, run it again for them" in told
    assert "403" in told


def test_nobody_is_asked_where_hugging_face_is_no_source(home):
    (home.path / "ids.txt").write_text("2411.00001\n")
    with HuggingFace() as hub:
        proposed(home, str(home.path / "ids.txt"), HF_ENDPOINT=hub.endpoint)
        assert [] == hub.asked


def test_titles_alone_find_their_papers_in_the_archive(home):
    home.day("2026-03-03", invented_day("2026-03-03", 20))
    home.run("fetch", "--date", "2026-03-03")
    titles = [one["paper"]["title"] for one in invented_day("2026-03-03", 20)]
    (home.path / "library.bib").write_text("\n".join(f"@misc{{k{n}, title={{{t}}}}}" for n, t in enumerate(titles)))
    told = proposed(home)
    assert (20, 20) == (told["entries"], told["texts"])
    liked = {id_ for one in told["interests"] for id_ in one["like"]}
    assert liked
    assert liked <= {one["paper"]["id"] for one in invented_day("2026-03-03", 20)}


def piped(home):
    return subprocess.run(
        [sys.executable, "-m", "newsletter", "subscribers", "learn", "ada@example.org", "-"],
        env=home.environment,
        input=(home.path / "library.bib").read_bytes(),
        capture_output=True,
        check=True,
    )


def test_a_library_comes_through_a_pipe(home):
    done = piped(home)
    assert b"standard input: BibTeX, 36 entries, 36 with text, 3 new interests\n" == done.stderr
    assert 3 == done.stdout.count(b"- name: ")


@pytest.mark.parametrize(
    ("address", "content", "said"),
    [
        ("ada@example.org", "", "library.bib: no paper is named in it; give BibTeX, RIS, CSL-JSON"),
        ("ada@example.org", "%PDF-1.5 \0\1", "no paper is named in it"),
        ("nobody", "2411.00001", "'nobody' is not an address: it has no @; `newsletter subscribers list`"),
        ("ada@example.org", None, "does not exist"),
        ("ada@example.org", "%" * 20_000_001, "larger than 20 MB"),
    ],
    ids=["empty", "pdf", "nobody", "missing", "large"],
)
def test_what_cannot_be_used_is_said_in_a_line(home, address, content, said):
    file = home.path / "library.bib"
    file.unlink() if content is None else file.write_text(content)
    assert said in home.run("subscribers", "learn", address, str(file), code=2)


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=40), st.text(max_size=200)),
        min_size=1,
        max_size=5,
        unique_by=lambda x: x[0],
    )
)
def test_whatever_the_texts_are_the_yaml_can_be_read(texts):
    words = [" ".join(name.split()) or "x" for name, _ in texts]
    usable = [word for word in words if word.isprintable()] or ["x"]
    interest = Interest(
        "Diffusion: models # and more", keywords=tuple(dict.fromkeys(usable)), like=("10.1234/(a)b:c#d",)
    )
    text = "subscribers:\n" + subscriber_as_yaml("ada@example.org", [interest], {"10.1234/(a)b:c#d": texts[0][1]})
    [subscriber] = parse(text, "pasted", Path())
    assert (interest,) == subscriber.interests


def test_an_interest_without_anything_is_its_name():
    assert "      - name: Robots\n" == as_yaml([Interest("Robots")], {})
