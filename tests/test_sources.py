"""The table of sources: names, and what is wrong with them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from newsletter import sources
from newsletter.errors import SettingsError
from tests.servers.huggingface import HuggingFace, paper_json, reach

DAY = date(2026, 3, 3)


def test_a_source_is_found_by_its_name() -> None:
    with HuggingFace({"2026-03-03": [paper_json(1)]}) as hub:
        fetched = sources.fetch("huggingface", DAY, reach(hub))
    assert ["2603.00001"] == [found.paper.id for found in fetched.listings]


def test_what_stands_after_the_colon_is_the_argument(tmp_path: Path) -> None:
    (tmp_path / "a:b.md").write_text("# An invented title with a colon\n\nText.")
    fetched = sources.fetch("file:a:b.md", DAY, reach(home=tmp_path))
    assert ["An invented title with a colon"] == [found.paper.title for found in fetched.listings]


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("hugingface", "did you mean huggingface?"),
        ("HuggingFace", "did you mean huggingface?"),
        ("fil:papers", "did you mean file:PATH?"),
        ("telegraph", "known: arxiv:CATEGORY+CATEGORY, biorxiv, file:PATH, huggingface"),
        ("", "known: arxiv:CATEGORY+CATEGORY, biorxiv, file:PATH, huggingface"),
        ("file", "write file:PATH"),
        ("file:", "write file:PATH"),
        ("huggingface:weekley", "did you mean huggingface:weekly?"),
        ("huggingface:organisation=Lab", "did you mean huggingface:organization=NAME?"),
        ("huggingface:search", "write huggingface:search=WORDS"),
        ("huggingface:search=", "write huggingface:search=WORDS"),
        ("huggingface:daily=2026", "write huggingface:daily"),
        ("huggingface:2026-03-03", "known: huggingface:daily, huggingface:weekly"),
        ("bad\r\nname", "'bad name' is not a source"),
    ],
)
def test_a_wrong_name_is_refused_with_the_cure(name: str, cure: str) -> None:
    with pytest.raises(SettingsError) as caught:
        sources.fetch(name, DAY, reach())
    assert cure in str(caught.value)


def test_the_hosts_are_those_that_will_be_asked(tmp_path: Path) -> None:
    with HuggingFace() as hub:
        assert (hub.place,) == sources.hosts("huggingface", reach(hub))
    assert () == sources.hosts("file:papers", reach(home=tmp_path))


def test_check_says_in_a_sentence_what_a_source_has(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("# An invented title of a note\n\nText.")
    with HuggingFace({"2026-03-03": [paper_json(1), paper_json(2)]}) as hub:
        here = reach(hub, home=tmp_path)
        assert f"{hub.place} answers: 2 papers on 2026-03-03, without a token (HF_TOKEN)" == sources.check(
            "huggingface", here
        )
    assert "note.md: 1 paper in 1 file, of no particular day" == sources.check("file:note.md", here)
