"""All recorded days in a row for every reader of the example file. TEST_DAYS=all takes each of the 89."""

import os
import re
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from newsletter.audience import Order
from newsletter.publish import publish
from tests.homes import RECORDINGS, make_home, text_of
from tests.test_docs import ROOT

RECORDED = RECORDINGS / "hf_daily"
pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded days are not beside this checkout")


def test_every_recorded_day_renders_for_every_reader_and_no_paper_comes_twice(tmp_path):
    days = sorted(date.fromisoformat(path.stem) for path in RECORDED.glob("*.json"))
    assert 89 == len(days)
    chosen = days if os.environ.get("TEST_DAYS") == "all" else days[:3] + days[3::9]
    home = make_home(tmp_path, sources=f"file:{RECORDED}")
    home.subscribers((ROOT / "subscribers.example.yaml").read_text("utf-8"))
    with home.app(datetime(2026, 5, 1, tzinfo=UTC)) as app:
        readers = len(app.roster())
        for day in chosen:
            account = publish(app, app.clock(), Order(day))
            assert 0 == account.counts["failed"] == account.left, account.reasons
    mails = sorted((tmp_path / "outbox").glob("*.eml"))
    assert len(mails) > readers * len(chosen) / 2
    shown: dict[str, Counter[str]] = {}
    for mail in mails:
        content = mail.read_bytes()
        html = content.split(b"Content-Type: text/html", 1)[1]
        assert len(html) < 92_000, mail.name
        ids = set(re.findall(r"arxiv\.org/abs/(\d{4}\.\d{5})", text_of(content)))
        shown.setdefault(mail.stem.split("-", 3)[-1], Counter()).update(ids)
    assert [] == [(reader, id_) for reader, ids in shown.items() for id_, number in ids.items() if number > 1]


def test_the_seeds_are_510_records_and_473_papers(tmp_path):
    home = make_home(tmp_path, sources=f"file:{RECORDINGS / 'seeds'}")
    assert "473 new listings" in home.run("fetch", "--date", "2025-10-01")
    assert "510 papers" in home.run("-v", "fetch", "--date", "2025-10-01")
    with home.app() as app:
        assert 473 == app.archive.size()


def test_the_whole_recorded_archive_can_be_a_source(tmp_path):
    home = make_home(tmp_path, sources=f"file:{RECORDINGS / 'hf_archive.jsonl.gz'}")
    home.subscribers((ROOT / "subscribers.example.yaml").read_text("utf-8"))
    told = home.run("send", "--date", "2026-02-10")
    assert "6 readers" in told
    assert "failed" not in told
