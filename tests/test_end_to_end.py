"""The day from source to server, through the command line, on a real SMTP server and on recorded days."""

import email
import email.policy
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.homes import RECORDINGS, invented_day, make_home, readers, text_of
from tests.servers.huggingface import paper_json
from tests.servers.smtp import mailbox, running

RECORDED = RECORDINGS / "hf_daily"
FIVE = """
defaults: {timezone: UTC, send_at: 08:00, cadence: daily}
subscribers:
  - email: ines@example.org
    interests:
      - {name: Diffusion models, about: sampling faster from diffusion models, keywords: [diffusion, flow matching]}
      - {name: Video, about: text to video and world models, keywords: [video generation]}
  - email: kofi@example.org
    interests:
      - {name: Reasoning, about: chains of thought and verifiable rewards, keywords: [reasoning, reinforcement learning]}
  - email: mei@example.org
    interests:
      - {name: Robots, about: manipulation and vision-language-action models, keywords: [robot, embodied, VLA]}
  - email: aroha@example.org
    interests:
      - {name: Speech, about: speech and audio language models, keywords: [speech, audio]}
      - {name: Languages, keywords: [multilingual, low-resource]}
  - email: tomas@example.org
    interests:
      - {name: Inference, about: "quantization, key-value caches, speculative decoding", keywords: [inference, quantization]}
"""


def ids_in(content: bytes) -> list[str]:
    """The arXiv ids of the papers that a mail shows, in the order of its text part."""
    shown = re.split(r"(?m)^Just missed\s*$", text_of(content))[0]
    return list(dict.fromkeys(re.findall(r"arxiv\.org/abs/(\d{4}\.\d{5})", shown)))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded days are not beside this checkout")
def test_three_recorded_days_for_five_readers_through_a_real_server(tmp_path):
    shown: dict[str, list[str]] = {}
    with mailbox() as box:
        provider = f"smtp://127.0.0.1:{box.port}"
        home = make_home(tmp_path / "home", provider=provider, sources=f"file:{RECORDED}")
        home.subscribers(FIVE)
        for number, day in enumerate(("2026-03-03", "2026-03-04", "2026-03-05"), 1):
            home.run("send", "--date", day)
            assert 5 * number == len(box.arrived)
            today = {arrived.recipients[0]: ids_in(arrived.content) for arrived in box.arrived[-5:]}
            assert 5 == len({tuple(ids) for ids in today.values()}), "five different editions"
            for reader, ids in today.items():
                assert ids
                shown.setdefault(reader, []).extend(ids)
            status = home.status("--date", day)
            states = ("pending", "submitting", "submitted", "failed", "uncertain", "skipped")
            assert (5, 5) == (status["audience"], status["submitted"])
            assert status["audience"] == sum(status[state] for state in states)
    assert dict.fromkeys(shown, 1) == {reader: max(Counter(ids).values()) for reader, ids in shown.items()}


def mails(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.eml"))}


def without_date(content: bytes) -> bytes:
    return re.sub(rb"\r\nDate: [^\r]*", b"", content)


PLANTED = paper_json(
    900, title="Sourdough starters under a microscope", summary="Wild yeast and its neighbours.", upvotes=0
)


def editions_of(path: Path, subscribers: str) -> dict[str, bytes]:
    home = make_home(path)
    home.day("2026-03-03", [*invented_day("2026-03-03", 25), PLANTED])
    home.subscribers(subscribers)
    home.run("send", "--date", "2026-03-03")
    return {name: without_date(content) for name, content in mails(path / "outbox").items()}


def test_a_planted_paper_comes_to_its_reader_and_to_nobody_else(tmp_path):
    five = readers(["ada", "bo", "cy", "di", "eve"])
    wants = five.replace("- {name: robot", "- {name: Baking, keywords: [sourdough]}\n      - {name: robot")
    planted = "2603.00900"
    having = editions_of(tmp_path / "with", wants)
    lacking = editions_of(tmp_path / "without", five)
    assert ["2026-03-03-cy@example.org.eml"] == [name for name, mail in having.items() if planted in ids_in(mail)]
    assert [] == [name for name, mail in lacking.items() if planted in ids_in(mail)]
    assert "Baking" in text_of(having["2026-03-03-cy@example.org.eml"])
    others = [name for name in lacking if "cy@" not in name]
    assert 4 == len(others)
    assert {name: lacking[name] for name in others} == {name: having[name] for name in others}


def test_sending_again_sends_nothing(tmp_path):
    with running(tmp_path / "log") as sink:
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{sink.port}")
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers(["ada", "bo"]))
        first = home.run("send", "--date", "2026-03-03")
        assert "2 readers: 2 submitted" in first
        assert first == home.run("send", "--date", "2026-03-03")
        assert 2 == len(sink.received())


def test_again_on_purpose_sends_the_same_papers_and_is_recorded_apart(tmp_path):
    with mailbox() as box:
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{box.port}")
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers(["ada", "bo"]))
        home.run("send", "--date", "2026-03-03")
        assert "again-1" in home.run("send", "--again", "--subscriber", "ada@example.org")
        first, second = (one.content for one in box.arrived if one.recipients == ("ada@example.org",))
        assert ids_in(first) == ids_in(second)
        assert (2, 2) == (home.status()["audience"], home.status()["submitted"])


def test_a_test_copy_counts_for_nothing(tmp_path):
    with mailbox() as box:
        home = make_home(tmp_path / "home", provider=f"smtp://127.0.0.1:{box.port}")
        home.day("2026-03-03", invented_day("2026-03-03", 10))
        home.subscribers(readers(["ada"]))
        home.run("send", "--date", "2026-03-03", "--test-to", "me@example.org")
        [copy] = box.arrived
        assert ("me@example.org",) == copy.recipients
        assert email.message_from_bytes(copy.content, policy=email.policy.default)["Subject"].startswith("[Test] ")
        assert 0 == home.status()["audience"]
        home.run("send", "--date", "2026-03-03")
        assert ids_in(copy.content) == ids_in(box.arrived[1].content)


def test_a_dry_run_says_what_would_go_out_and_does_nothing(tmp_path):
    home = make_home(tmp_path)
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada", "bo"]))
    told = json.loads(home.run("send", "--date", "2026-03-03", "--dry-run", "--json"))
    assert ["ada@example.org", "bo@example.org"] == [one["email"] for one in told]
    assert all(one["papers"] for one in told)
    assert 0 == home.status()["audience"]
    assert not (tmp_path / "outbox").exists()


def test_the_preview_is_what_is_sent_to_the_byte(tmp_path):
    home = make_home(tmp_path)
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"]))
    home.run("send", "--date", "2026-03-03")
    home.run("preview", "--date", "2026-03-03")
    assert mails(tmp_path / "outbox").popitem()[1] == mails(tmp_path / "preview").popitem()[1]


def test_rehearsals_do_not_stand_in_the_way_of_the_real_thing(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"]))
    assert "rehearsal" in home.run("send", "--date", "2026-03-03")
    with mailbox() as box:
        provider = f"smtp://127.0.0.1:{box.port}"
        assert "1 submitted" in home.run("send", "--date", "2026-03-03", NEWSLETTER_PROVIDER=provider)
        assert mails(tmp_path / "home" / "outbox").popitem()[1] != b""
        assert 1 == len(box.arrived)


def test_the_late_papers_of_a_day_come_the_next_day_and_no_paper_twice(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada"], ["flow matching"]))
    early, late = invented_day("2026-03-03", 5), invented_day("2026-03-03", 5, first=50)
    home.day("2026-03-03", early)
    home.run("send", "--date", "2026-03-03")
    home.day("2026-03-03", [*early, *late])
    home.day("2026-03-04", invented_day("2026-03-04", 5, first=100))
    home.run("send", "--date", "2026-03-04")
    first, second = (ids_in(mail) for mail in mails(tmp_path / "outbox").values())
    assert ["2603.00001"] == first
    assert {"2603.00050", "2603.00100"} == set(second)


def test_stop_and_resume(tmp_path):
    home = make_home(tmp_path)
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"]))
    home.run("stop")
    assert "sending is stopped since" in home.run("send", "--date", "2026-03-03", code=1)
    assert not (tmp_path / "outbox").exists()
    home.run("resume")
    assert "1 submitted" in home.run("send", "--date", "2026-03-03")


def test_explain_names_the_section_and_the_parts(tmp_path):
    home = make_home(tmp_path)
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada"], ["flow matching"]))
    home.run("send", "--date", "2026-03-03")
    reader = ("--subscriber", "ada@example.org", "--date", "2026-03-03")
    assert "It is in the edition, under flow matching." in home.run("explain", "2603.00001", *reader)
    assert "no interest found enough in it" in home.run("explain", "2603.00002", *reader)
    assert "was not listed" in home.run("explain", "2603.09999", *reader, code=2)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded days are not beside this checkout")
def test_a_recorded_seed_makes_an_edition_without_ids_and_dates(tmp_path):
    for number, seed in enumerate(sorted((RECORDINGS / "seeds").glob("*.txt"))):
        home = make_home(tmp_path / str(number), sources=f"file:{seed}")
        home.subscribers("subscribers: [{email: ada@example.org, timezone: UTC, max_papers: 20}]")
        home.run("send", "--date", "2025-10-01")
        [mail] = mails(home.path / "outbox").values()
        assert 20 == text_of(mail).count("https://huggingface.co/papers?q=")
