"""The command line: what a person meets on the first day, and what every mistake says."""

import json
import subprocess
import sys
import time

import pytest

import newsletter.cli.sending  # before a test becomes somebody who may not read the libraries
import newsletter.publish  # noqa: F401
from newsletter.__main__ import run
from newsletter.cli import COMMANDS
from tests.homes import invented_day, make_home, readers, text_of


@pytest.fixture
def home(tmp_path):
    home = make_home(tmp_path / "home")
    home.day("2026-03-03", invented_day("2026-03-03", 10))
    home.subscribers(readers(["ada", "bo"]))
    return home


def test_help_lists_every_command(home):
    told = home.run("--help")
    assert all(f"  {name} " in told for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(home, command):
    assert "Usage: newsletter" in home.run(command, "--help")


def test_help_imports_nothing_heavy(home):
    script = "import sys, newsletter.cli; print(sorted({'sqlalchemy','numpy','httpx','jinja2','starlette'} & set(sys.modules)))"
    assert "[]\n" == subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_init_writes_files_that_check_understands(tmp_path):
    home = make_home(tmp_path / "new", sources="file:papers")
    assert "wrote" in home.run("init", "ada@example.org")
    home.day("2026-03-03", invented_day("2026-03-03", 3))
    told = home.run("check")
    assert "ok      subscribers: 1 subscriber, 2 interests" in told
    assert "nothing leaves this machine" in told
    assert "kept" in home.run("init", "bo@example.org")
    assert "ada@example.org" in (home.path / "subscribers.yaml").read_text()


def test_check_says_what_is_broken_and_goes_on(home):
    told = home.run("check", NEWSLETTER_SOURCES="file:nowhere", code=1)
    assert "BROKEN  source file:nowhere" in told
    assert "ok      clock" in told


def test_check_can_be_read_by_programs(home):
    found = json.loads(home.run("check", "--json"))
    assert {"what", "state", "said"} == set(found[0])


def test_a_design_that_there_is_not_costs_only_its_reader_and_check_names_it(home):
    text = (home.path / "subscribers.yaml").read_text()
    home.subscribers(text.replace("    name: Bo\n", "    name: Bo\n    design: dayly\n"))
    assert "BROKEN  design dayly: there is no design 'dayly'" in home.run("check", code=2)
    told = home.run("send", "--date", "2026-03-03")
    assert "1 submitted, 1 failed" in told
    assert "there is no design 'dayly'" in told


def test_fetch_keeps_a_day_and_says_how_much(home):
    assert "10 new listings" in home.run("fetch", "--date", "2026-03-03")
    assert "0 new listings" in home.run("fetch", "--date", "2026-03-03")


def test_a_damaged_file_among_good_ones_is_named_and_the_others_are_used(home):
    (home.path / "papers" / "extra-2026-03-03.json").write_text('[{"paper": {"id": ')
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", "fetch", "--date", "2026-03-03"],
        env=home.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "extra-2026-03-03.json" in done.stderr
    assert "10 new listings" in done.stdout


def test_no_source_is_exit_three_and_nothing_is_planned(home):
    told = home.run("send", "--date", "2026-03-03", NEWSLETTER_SOURCES="file:nowhere", code=3)
    assert "no source answered" in told
    assert 0 == home.status()["audience"]


def test_one_broken_source_of_two_costs_only_its_papers(home):
    both = "file:papers file:nowhere"
    assert "2 submitted" in home.run("send", "--date", "2026-03-03", NEWSLETTER_SOURCES=both)
    texts = [text_of(path.read_bytes()) for path in (home.path / "outbox").glob("*.eml")]
    assert ["file:nowhere could not be read today" in " ".join(text.split()) for text in texts] == [True, True]


def test_status_names_the_people(home):
    home.run("send", "--date", "2026-03-03")
    told = home.run("status", "--who", "submitted")
    assert "audience" in told
    assert "ada@example.org  2026-03-03" in told
    people = json.loads(home.run("status", "--json", "--who", "submitted"))["people"]
    assert ["ada@example.org", "bo@example.org"] == [one["address"] for one in people]


def test_the_schema_can_be_written_beside_the_file(home):
    assert json.loads(home.run("subscribers", "schema"))["$schema"].endswith("2020-12/schema")
    assert "2 subscribers" in home.run("subscribers", "check")
    assert "ada@example.org  confirmed  daily 08:00 UTC" in home.run("subscribers", "list")
    assert "flow matching" in home.run("subscribers", "show", "ADA@example.org")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sned"], 2, "there is no command 'sned'; did you mean send?"),
        (["send", "--date", "tomorrow"], 2, "does not match the format"),
        (["send", "--again"], 2, "--again needs --subscriber"),
        (["send", "--dry-run", "--test-to", "x@example.org"], 2, "exclude each other"),
        (["send", "--subscriber", "eve@example.org", "--date", "2026-03-03"], 2, "no subscriber 'eve@example.org'"),
        (["subscribers", "show", "eve@example.org"], 2, "no subscriber 'eve@example.org'"),
        (["init", "nobody"], 2, "is not an address"),
    ],
)
def test_a_wrong_command_is_said_in_a_line(home, arguments, code, said):
    assert said in home.run(*arguments, code=code)


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("", "subscribers.yaml"),
        ("subscribers: [", "subscribers.yaml:2:1: a value is missing"),
        ("subscribers:\n  - emial: ada@example.org\n", "did you mean email"),
        ("subscribers:\n  - email: ada@example.org\n  - email: ADA@Example.ORG\n", "subscribers.yaml:3:"),
        ("subscribers:\n  - email: ada@bücher.example\n  - email: ada@xn--bcher-kva.example\n", "subscribers.yaml:3:"),
        ("subscribers:\n  - email: ada@example.org\n    timezone: Europe/Pariss\n", "did you mean Europe/Paris"),
    ],
)
def test_a_broken_file_is_named_with_its_line(home, yaml, said):
    home.subscribers(yaml)
    assert said in home.run("send", "--date", "2026-03-03", code=2)


def test_a_missing_file_says_how_to_make_one(home):
    (home.path / "subscribers.yaml").unlink()
    assert "newsletter init" in home.run("send", code=2)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("NEWSLETTER_SORCES", "huggingface", "did you mean NEWSLETTER_SOURCES"),
        ("NEWSLETTER_SOURCES", "hugingface", "did you mean huggingface"),
        ("NEWSLETTER_PROVIDER", "carrier-pigeon", "this version has file, smtp"),
        ("NEWSLETTER_QUEUE", "celery", "unknown queue 'celery'"),
        ("NEWSLETTER_DATABASE", "nosuch://x", "NEWSLETTER_DATABASE"),
        ("NEWSLETTER_BASE_URL", "http://papers.example.org", "https"),
    ],
)
def test_a_wrong_setting_is_named_with_its_cure(home, setting, value, said):
    assert said in home.run("send", "--date", "2026-03-03", code=2, **{setting: value})


def test_a_damaged_ledger_stops_before_anything_is_sent(home):
    (home.path / "newsletter.db").write_bytes(b"no database" * 1000)
    assert "newsletter.db: is damaged or not a database" in home.run("send", "--date", "2026-03-03", code=1)
    assert not (home.path / "outbox").exists()


def test_an_unwritable_home_is_said_in_a_line(commoner, monkeypatch, capsys):
    home = make_home(commoner / "home")
    home.subscribers(readers(["ada"]))
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    home.path.chmod(0o555)
    code = run(["send"])
    home.path.chmod(0o755)
    assert 2 == code
    said = capsys.readouterr().err
    assert 1 == len(said.splitlines())
    assert "the home cannot be written to; let this program write there" in said


def test_a_full_disk_is_said_and_nothing_is_lost(home, tmp_path):
    """The file size limit of the process stands in for a full disk: SQLite and the outbox see the same error."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000));"
        "from newsletter.__main__ import main; main(['send', '--date', '2026-03-03'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=home.environment, capture_output=True, text=True, check=False
    )
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "2 submitted" in home.run("send", "--date", "2026-03-03")


def test_run_serves_pages_and_publishes_by_itself(home):
    process = subprocess.Popen(
        [sys.executable, "-m", "newsletter", "run", "--port", "0"],
        env=home.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while not home.status()["audience"]:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < until, "the first tick comes at once"
            time.sleep(0.3)
        assert 2 == home.status()["audience"]
    finally:
        process.terminate()
        process.communicate(timeout=30)
