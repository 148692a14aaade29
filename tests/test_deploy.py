"""What is in deploy/ for those who run it: units, a container, a workflow. Tried as far as this machine can."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from newsletter.app import open_app
from newsletter.settings import ensure_secret, load
from newsletter.web.metrics import Figures
from tests.homes import SECRET, invented_day, make_home, readers

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PAGES = ROOT / "docs" / "running"
UNITS = ("newsletter.service", "newsletter-send.service", "newsletter-worker.service", "newsletter.timer")


def said(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    return done.returncode, done.stdout + done.stderr


# -- pages


@pytest.mark.parametrize("name", [path.name for path in DEPLOY.iterdir()])
def test_every_file_for_running_it_has_its_page(name):
    assert any(name in page.read_text("utf-8") for page in PAGES.glob("*.md"))


@pytest.mark.parametrize("name", [path.name for path in DEPLOY.iterdir()])
def test_every_file_for_running_it_names_its_page(name):
    [page] = re.findall(r"docs/running/[a-z-]+\.md", "\n".join((DEPLOY / name).read_text("utf-8").splitlines()[:3]))
    assert (ROOT / page).is_file()


# -- systemd


@pytest.fixture
def units(tmp_path):
    """The units, with a program that is on every machine."""
    for name in UNITS:
        text = (DEPLOY / name).read_text("utf-8").replace("/opt/newsletter/bin/newsletter", "/bin/true")
        (tmp_path / name).write_text(text)
    return tmp_path


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_units(units):
    assert (0, "") == said(["systemd-analyze", "verify", "--man=no", *(str(units / name) for name in UNITS)])


@needs_systemd
@pytest.mark.parametrize("name", UNITS[:3])
def test_a_service_may_do_little_else_than_its_work(units, name):
    code, told = said(["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", units / name])
    if "Unknown" in told or "unrecognized" in told:
        pytest.skip("an older systemd-analyze")
    assert 0 == code, told[-300:]


def test_all_services_are_confined_alike():
    confined = [(DEPLOY / name).read_text("utf-8").split("# It reads and writes")[1] for name in UNITS[:3]]
    assert 1 == len({one.split("\n[Install]")[0].strip() for one in confined})


# -- container


def instructions():
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    return [line.split(" ", 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_what_the_container_is_made_of_exists():
    copied = [
        word for name, rest in instructions() if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]
    ]
    assert [] == [name for name in copied if not (ROOT / name).exists()]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    needed = {"README.md", "LICENSE", "templates", "subscribers.example.yaml"}
    assert all(f'"{name}"' in project for name in needed)
    assert needed < set(copied)


def test_the_container_is_nobody_in_particular_and_asks_whether_it_is_ready():
    told = dict(instructions())
    user, _, group = told["USER"].partition(":")
    assert (True, True) == (int(user) > 999, int(group) > 999)
    assert "/readyz" in told["HEALTHCHECK"]
    assert ["newsletter", "run"] == [*json.loads(told["ENTRYPOINT"]), json.loads(told["CMD"])[0]]


def test_the_containers_check_tells_ready_from_not(tmp_path):
    answers = [200, 503]

    class Door(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    command = dict(instructions())["HEALTHCHECK"]
    words = json.loads(command[command.index("[") :])
    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = [sys.executable, *(word.replace("8080", str(server.server_port)) for word in words[1:])]
        assert [0, 1] == [said(asked)[0] for _ in range(2)]
        server.shutdown()


# -- GitHub Actions


WORKFLOW = yaml.safe_load((DEPLOY / "newsletter.yml").read_text("utf-8"))
STEPS = {step["name"]: step for step in WORKFLOW["jobs"]["send"]["steps"] if "name" in step}
PUBLIC, STATE, BEGIN, SEND, KEEP = (
    "Only where nobody else reads",
    "The state, which cannot",
    "Say that sending begins",
    "Send",
    "Keep the state",
)


class Repository:
    """A private repository with a home in it, and the machine that its workflow runs on."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.origin, self.runs = folder, folder / "origin.git", 0
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.program("newsletter", f'PYTHONPATH={ROOT} exec {sys.executable} -m newsletter "$@"')
        self.program("gh", "echo true")
        self.program("sleep", "exit 0")
        self.git("init", "--quiet", "--bare", str(self.origin), at=folder)
        home = self.checkout()
        (home / "papers").mkdir()
        for n in range(2):
            day = (datetime.now(UTC).date() - timedelta(days=n)).isoformat()
            (home / "papers" / f"{day}.json").write_text(json.dumps(invented_day(day, 10, first=100 * n)))
        (home / "subscribers.yaml").write_text(readers(["ada", "bo"]).replace("08:00", "00:00"))
        (home / ".gitignore").write_text((ROOT / "templates" / "home" / "gitignore").read_text())
        self.git("add", "-A", at=home)
        self.git("-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "home", at=home)
        self.git("push", "--quiet", "origin", "HEAD:main", at=home)
        self.git("symbolic-ref", "HEAD", "refs/heads/main", at=self.origin)

    def program(self, name: str, body: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def git(self, *words: str, at: Path) -> str:
        return subprocess.run(["git", *words], cwd=at, check=True, capture_output=True, text=True).stdout

    def checkout(self) -> Path:
        self.runs += 1
        home = self.folder / f"run{self.runs}"
        self.git("clone", "--quiet", str(self.origin), str(home), at=self.folder)
        return home

    def step(self, name: str, home: Path, state: str = "kept") -> tuple[int, str]:
        """Runs a step as the runner does: with bash -e, in the checked-out repository."""
        script = home.with_suffix(".sh")
        script.write_text(STEPS[name]["run"])
        temp = home.with_suffix(".temp")
        temp.mkdir(exist_ok=True)
        environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "STATE": state,
            "BRANCH": WORKFLOW["env"]["BRANCH"],
            "RUNNER_TEMP": str(temp),
            "GITHUB_REPOSITORY": "ada/papers",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": str(self.runs),
            "NEWSLETTER_HOME": str(home),
            "NEWSLETTER_SOURCES": "file:papers",
            "NEWSLETTER_SECRET": SECRET,
            "NEWSLETTER_HEARTBEAT": "",
        }
        return said(["bash", "-e", str(script)], cwd=home, env=environment)

    def run(self, state: str = "kept", *, until: str = KEEP) -> str:
        """A whole run on a new machine, as far as its steps succeed; `until`: it dies after that one."""
        home, told = self.checkout(), ""
        for name in (PUBLIC, STATE, BEGIN, SEND, KEEP):
            code, text = self.step(name, home, state)
            told += text
            if code or name == until:
                break
        return told

    def mails(self) -> list[str]:
        return sorted(path.parent.parent.name for path in self.folder.glob("run*/outbox/*.eml"))


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One from which two runs have sent, each on a machine of its own, and what the second said. Nothing more is sent."""
    repository = Repository(tmp_path_factory.mktemp("kept"))
    repository.run("first")
    return repository, repository.run()


together = pytest.mark.xdist_group("kept")


def test_the_workflow_waits_for_itself_and_may_write_its_branch_alone():
    assert {"contents": "write"} == WORKFLOW["permissions"]
    assert {"group": "newsletter", "cancel-in-progress": False} == WORKFLOW["concurrency"]
    assert all(re.fullmatch(r"\d+ \d+ \* \* \*", one["cron"]) for one in WORKFLOW[True]["schedule"])  # YAML 1.1: on
    assert not any("${{" in step.get("run", "") for step in STEPS.values()), (
        "nothing from outside is pasted into a shell"
    )


def test_without_a_state_nothing_is_sent_unless_it_is_the_first_time(repository):
    assert "there is no state" in repository.run()
    assert "there is no state" in repository.run("after-a-loss")
    assert [] == repository.mails()
    assert "2 submitted" in repository.run("first")
    assert "there is a state already" in repository.run("first")


@together
def test_the_next_run_on_another_machine_knows_who_was_written_to(kept):
    repository, told = kept
    assert "2 submitted" in told, "the account is that of the first run"
    assert ["run2", "run2"] == repository.mails()


@together
def test_the_branch_is_one_commit_however_often_it_is_kept(kept):
    repository, _ = kept
    assert "1" == repository.git("rev-list", "--count", "newsletter-state", at=repository.origin).strip()
    names = repository.git("ls-tree", "--name-only", "newsletter-state", at=repository.origin).split()
    assert (["marker", "newsletter.db.gz"], "kept") == (
        names,
        repository.git("show", "newsletter-state:marker", at=repository.origin),
    )


def test_after_a_run_that_died_nobody_is_written_to_until_a_person_has_looked(repository):
    repository.run("first", until=SEND)
    told = repository.run()
    assert "https://github.com/ada/papers/actions/runs/2 began to send, and what it did was not kept" in told
    assert ["run2", "run2"] == repository.mails()
    assert "2 submitted" in repository.run("after-a-loss")
    assert "2 submitted" in repository.run()
    assert ["run2", "run2", "run4", "run4"] == repository.mails()


@together
def test_a_state_that_cannot_be_asked_for_is_not_a_first_time(kept):
    repository, _ = kept
    home = repository.checkout()
    repository.git("remote", "set-url", "origin", str(repository.folder / "away.git"), at=home)
    for state in ("kept", "first", "after-a-loss"):
        code, told = repository.step(STATE, home, state)
        assert (1, True) == (code, "nothing was sent" in told)


@together
def test_who_cannot_say_that_it_begins_does_not_begin(kept):
    repository, _ = kept
    home = repository.checkout()
    assert 0 == repository.step(STATE, home)[0]
    repository.git("remote", "set-url", "origin", str(repository.folder / "away.git"), at=home)
    assert 1 == repository.step(BEGIN, home)[0]


def test_what_could_not_be_kept_is_a_failure(repository):
    home = repository.checkout()
    for name in (STATE, BEGIN, SEND):
        assert 0 == repository.step(name, home, "first")[0]
    repository.git("remote", "set-url", "origin", str(repository.folder / "away.git"), at=home)
    assert 1 == repository.step(KEEP, home)[0]
    assert "steps.keep.outcome == 'failure'" in STEPS["Keep it elsewhere, if that failed"]["if"]


def test_a_public_repository_is_refused(repository):
    repository.program("gh", "echo false")
    assert "make it private" in repository.run("first")
    assert [] == repository.mails()


# -- figures


def test_every_figure_and_setting_is_on_the_page_of_watching(tmp_path):
    home = make_home(tmp_path)
    home.subscribers(readers(["ada"]))
    page = (PAGES / "watching.md").read_text("utf-8")
    with open_app(ensure_secret(load(home.path, home.environment))) as app:
        app.pulse.beat(app.clock())
        told = {one.name for one in Figures(app).collect() if one.name.startswith("newsletter_")}
    assert told == {name.removesuffix("_total") for name in re.findall(r"^\| `(newsletter_\w+)`", page, re.M)}
    assert all(word in page for word in ("NEWSLETTER_METRICS_TOKEN", "NEWSLETTER_HEARTBEAT", "log: json"))
