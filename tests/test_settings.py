"""Settings: newsletter.yaml, environment and secrets.env, and every fault with its place and cure."""

import pickle
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.settings import KEYS, Settings, ensure_secret, load

SECRET = "an invented secret of many letters".replace(" ", "-")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def write(home: Path, text: str, secrets: str = "") -> Path:
    (home / "newsletter.yaml").write_text(text, "utf-8")
    if secrets:
        (home / "secrets.env").write_text(secrets, "utf-8")
        (home / "secrets.env").chmod(0o600)
    return home


def faults(home: Path, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(home, environ)
    return str(caught.value).replace(f"{home}/", "").split("\n")


def test_nothing_needs_to_be_set(home: Path):
    assert Settings(home) == load(home, {})


def test_the_printed_defaults_are_the_defaults(home: Path):
    typed = {key.variable: key.default for key in KEYS if key.default and not key.default.startswith("(")}
    assert Settings(home) == load(home, typed)


def test_every_key_is_read_from_the_file(home: Path):
    write(
        home,
        """
name: Lab Papers
from: "The Lab <papers@müller.example>"
postal_address: |
  1 Invented Street
  Nowhere
base_url: https://papers.example.org/lab/
sources: [huggingface, arxiv:cs.CL+cs.LG]
providers: [resend, file:outbox]
database: sqlite:///data/ledger.db
archive: sqlite:///data/archive.db
embeddings: lab/our-model
reply_to: lab@example.org
min_papers: 3
max_age: 36 hours
give_up_after: 90m
queue: inline
in_doubt: hold
""",
    )
    assert Settings(
        home=home,
        name="Lab Papers",
        sender_name="The Lab",
        sender_address="papers@xn--mller-kva.example",
        reply_to="lab@example.org",
        postal_address="1 Invented Street\nNowhere",
        base_url="https://papers.example.org/lab",
        sources=("huggingface", "arxiv:cs.CL+cs.LG"),
        providers=("resend", "file:outbox"),
        database=f"sqlite:///{home}/data/ledger.db",
        archive=f"sqlite:///{home}/data/archive.db",
        embeddings="lab/our-model",
        min_papers=3,
        max_age=timedelta(hours=36),
        give_up_after=timedelta(minutes=90),
        in_doubt="hold",
    ) == load(home, {})


def test_private_hosts_are_names_or_numbers_alone(home: Path):
    settings = load(home, {"NEWSLETTER_PRIVATE_HOSTS": "Wiki.Lab.example 10.0.0.5 [::1]"})
    assert ("wiki.lab.example", "10.0.0.5", "::1") == settings.private_hosts
    for typed in ("http://wiki.lab.example", "wiki.lab.example:8080", "10.0.0.0/8"):
        with pytest.raises(SettingsError, match="is not a host; write it without scheme, port and path"):
            load(home, {"NEWSLETTER_PRIVATE_HOSTS": typed})


def test_the_environment_wins_and_separates_lists_by_spaces(home: Path):
    write(home, "name: From the file\nsources: huggingface\nmin_papers: 2\n")
    settings = load(home, {"NEWSLETTER_NAME": "From outside", "NEWSLETTER_SOURCES": "arxiv:cs.CL  huggingface"})
    assert ("From outside", ("arxiv:cs.CL", "huggingface"), 2) == (settings.name, settings.sources, settings.min_papers)


def test_an_empty_variable_is_as_if_unset(home: Path):
    write(home, "name: From the file\n")
    assert "From the file" == load(home, {"NEWSLETTER_NAME": "", "NEWSLETTER_BASE_URL": " "}).name


def test_the_environment_can_take_embeddings_back(home: Path):
    write(home, "embeddings: lab/our-model\n")
    assert "" == load(home, {"NEWSLETTER_EMBEDDINGS": "Off"}).embeddings


def test_every_value_knows_its_origin(home: Path):
    write(home, "# lab\nname: Lab\nprovider: smtp://host\n", f"NEWSLETTER_SECRET={SECRET}\n")
    settings = load(home, {"NEWSLETTER_SOURCES": "huggingface"})
    assert {
        "name": f"{home}/newsletter.yaml:2",
        "provider": f"{home}/newsletter.yaml:3",
        "providers": f"{home}/newsletter.yaml:3",
        "sources": "NEWSLETTER_SOURCES",
        "NEWSLETTER_SECRET": f"{home}/secrets.env:1",
        "database": "default",
    } == {
        key: settings.origin(key)
        for key in ("name", "provider", "providers", "sources", "NEWSLETTER_SECRET", "database")
    }


def test_the_sender_is_named_like_the_newsletter_unless_from_says_else(home: Path):
    assert ("Lab", "papers@localhost") == _sender(load(write(home, "name: Lab"), {}))
    assert ("Lab", "a@example.org") == _sender(load(write(home, "name: Lab\nfrom: a@example.org"), {}))
    assert ("Us", "a@example.org") == _sender(load(write(home, "name: Lab\nfrom: Us <a@example.org>"), {}))


def _sender(settings: Settings) -> tuple[str, str]:
    return settings.sender_name, settings.sender_address


def test_replies_go_to_the_sender_unless_told_else(home: Path):
    assert "a@example.org" == load(home, {"NEWSLETTER_FROM": "Us <a@example.org>"}).reply_to


def test_sqlite_files_are_found_from_the_home(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(home)
    settings = load(Path(), {"NEWSLETTER_DATABASE": "sqlite:////var/lib/n.db?timeout=5"})
    assert ("sqlite:////var/lib/n.db?timeout=5", f"sqlite:///{home}/archive.db") == (
        settings.database,
        settings.archive,
    )


def test_every_fault_is_told_at_once(home: Path):
    write(
        home,
        """nmae: X
from: Papers <nowhere>
provider: a
providers: [b]
min_papers: none
max_age: 2 moths
in_doubt: resnd
name: {a: b}
sources: [[a]]
name: twice
""",
        "NEWSLETTER_FORM=x\n",
    )
    assert [
        "newsletter.yaml:10:1: 'name' is given twice, first on line 8: keep one",
        "newsletter.yaml:1:1: 'nmae' is not a setting; did you mean name?",
        "newsletter.yaml:4:1: `provider` and `providers` are both given; keep one",
        "newsletter.yaml:8:1: name: expected a single text",
        "newsletter.yaml:9:1: sources: expected texts in the list",
        "secrets.env:1: NEWSLETTER_FORM is not a setting; did you mean NEWSLETTER_FROM?",
        "NEWSLETTER_SORCES is not a setting; did you mean NEWSLETTER_SOURCES?",
        "newsletter.yaml:2:7: from: 'nowhere' is not an address: it has no @",
        "NEWSLETTER_REPLY_TO: 'x' is not an address: it has no @",
        "newsletter.yaml:5:13: min_papers: 'none' is not a whole number; write 1 to 500",
        "newsletter.yaml:6:10: max_age: '2 moths' is not a duration; write 2 days, 6 hours or 90m",
        "newsletter.yaml:7:11: in_doubt: 'resnd' is not resend or hold; did you mean resend?",
    ] == faults(home, NEWSLETTER_SORCES="x", NEWSLETTER_REPLY_TO="x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- name: x", "newsletter.yaml:1: expected settings as `key: value` lines"),
        ("hello", "newsletter.yaml:1: expected settings as `key: value` lines"),
        ("name: [x", "newsletter.yaml:1:7: a list opened with '[' here lacks"),
        ("name: a: b", "newsletter.yaml:1:8: a colon does not belong here"),
    ],
)
def test_a_file_of_another_shape_is_one_line_with_the_cure(home: Path, text: str, expected: str):
    (fault,) = faults(write(home, text))
    assert fault.startswith(expected)


@pytest.mark.parametrize("text", ["", "# nothing set\n", "---\n", "name:\nsources: []\nprovider: ''\n"])
def test_a_file_that_sets_nothing_leaves_the_defaults(home: Path, text: str):
    assert Settings(home) == load(write(home, text), {})


def test_a_file_that_is_not_utf8_is_named(home: Path):
    (home / "newsletter.yaml").write_bytes(b"name: Zo\xeb")
    assert ["newsletter.yaml: this is not UTF-8; save the file as UTF-8 in your editor"] == faults(home)


def test_variables_that_kubernetes_adds_are_passed_over(home: Path):
    environ = {"NEWSLETTER_SERVICE_HOST": "10.0.0.1", "NEWSLETTER_PORT": "tcp://x", "NEWSLETTER_PORT_80_TCP": "x"}
    assert Settings(home) == load(home, environ)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("https://papers.example.org", "https://papers.example.org"),
        ("https://papers.example.org:8443/lab//", "https://papers.example.org:8443/lab"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_the_base_url_is_public_https_or_this_machine(home: Path, typed: str, expected: str):
    assert expected == load(home, {"NEWSLETTER_BASE_URL": typed}).base_url


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("http://papers.example.org", "is not https; links in mail need https"),
        ("https://10.0.0.1", "cannot be reached by readers"),
        ("https://[fd00::1]", "cannot be reached by readers"),
        ("https://papers", "cannot be reached by readers"),
        ("https://papers.example.org?x=1", "must end before ? and #"),
        ("https://papers.example.org#x", "must end before ? and #"),
        ("papers.example.org", "is not a web address"),
        ("https://papers.example.org:99999", "is not a web address"),
        ("https://papers example.org", "is not a web address"),
        ("https://papers.example.org\\x", "is not a web address"),
        ("https://münchen.example", "is not a web address in ASCII"),
        ("https://", "is not a web address"),
        ("http://[", "is not a web address"),
    ],
)
def test_another_base_url_is_refused_with_the_reason(home: Path, typed: str, reason: str):
    (fault,) = faults(home, NEWSLETTER_BASE_URL=typed)
    assert fault.startswith("NEWSLETTER_BASE_URL: ")
    assert reason in fault


@pytest.mark.parametrize(
    ("variable", "typed"),
    [
        ("NEWSLETTER_BASE_URL", "https://me:hunter2@papers.example.org"),
        ("NEWSLETTER_DATABASE", "mysql://me:hunter2@db/papers"),
        ("NEWSLETTER_DATABASE", "postgres://me:hunter2@db/papers"),
        ("NEWSLETTER_SECRET", "hunter2"),
        ("HF_TOKEN", "hunter2 hunter2"),
    ],
)
def test_no_fault_shows_a_secret(home: Path, variable: str, typed: str):
    (fault,) = faults(home, **{variable: typed})
    assert fault.startswith(f"{variable}: ")
    assert "hunter2" not in fault


def test_papers_are_kept_as_long_as_the_latest_edition_may_need_them(home: Path):
    assert timedelta(days=730) == load(write(home, "keep: 2 years\nmax_age: 90 days\n"), {}).keep
    assert load(home, {"NEWSLETTER_KEEP": "everything"}).keep is None
    fault = "keep: a late edition looks back 45 days more than max_age; write more, or everything"
    assert [fault] == faults(home, NEWSLETTER_KEEP="4 months")
    assert ["NEWSLETTER_KEEP: '9 days' is out of range; write 60 days to 100 years, or everything"] == faults(
        home, NEWSLETTER_KEEP="9 days"
    )


@pytest.mark.parametrize("typed", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://newsletter.db"])
def test_a_ledger_that_forgets_is_refused(home: Path, typed: str):
    assert [
        "NEWSLETTER_DATABASE: a SQLite database needs a file, so that nothing is forgotten; write "
        "sqlite:///newsletter.db"
    ] == faults(home, NEWSLETTER_DATABASE=typed)


def test_database_and_archive_are_two(home: Path):
    assert ["database and archive are the same; give each its own, as only the first is precious"] == faults(
        home, NEWSLETTER_ARCHIVE=f"sqlite:///{home}/newsletter.db"
    )


def test_with_postgresql_the_archive_is_there_too_unless_another_is_named(home: Path):
    url = "postgresql://papers:hunter2@db/papers"
    assert url == load(home, {"NEWSLETTER_DATABASE": url}).archive
    other = "postgresql://db/other"
    assert other == load(home, {"NEWSLETTER_DATABASE": url, "NEWSLETTER_ARCHIVE": other}).archive
    assert [
        "archive: who shares the database shares the archive too; leave it out, or name PostgreSQL there"
    ] == faults(home, NEWSLETTER_DATABASE=url, NEWSLETTER_ARCHIVE="sqlite:///archive.db")


def test_secrets_come_from_the_environment_or_else_from_the_file(home: Path):
    write(home, "", f"SMTP_PASSWORD='from file'\nRESEND_API_KEY=re_1\nNEWSLETTER_SECRET={SECRET}-2 {SECRET}-1\n")
    settings = load(home, {"SMTP_PASSWORD": "from outside"})
    assert ["from outside", "re_1", ""] == [
        settings.secret(name) for name in ("SMTP_PASSWORD", "RESEND_API_KEY", "AWS_ACCESS_KEY_ID")
    ]
    assert (f"{SECRET}-2", f"{SECRET}-1") == settings.secrets


def test_no_secret_is_in_the_repr(home: Path):
    environ = {
        "HF_TOKEN": "hunter2",
        "SMTP_PASSWORD": "hunter2",
        "NEWSLETTER_SECRET": "hunter2" * 5,
        "NEWSLETTER_DATABASE": "postgresql://me:hunter2@db/papers",
        "NEWSLETTER_PROVIDER": "smtp://me:hunter2@host",
    }
    assert "hunter2" not in repr(load(home, environ))


def test_settings_travel_to_other_processes(home: Path):
    settings = load(home, {"NEWSLETTER_SECRET": SECRET, "SMTP_PASSWORD": "x"})
    travelled = pickle.loads(pickle.dumps(settings))
    assert (settings, "x") == (travelled, travelled.secret("SMTP_PASSWORD"))


def test_secrets_that_others_may_read_are_refused(home: Path):
    write(home, "", "SMTP_PASSWORD=x\n")
    (home / "secrets.env").chmod(0o644)
    assert ["secrets.env: others on this machine may read it; run `chmod 600 secrets.env`"] == faults(home)


def test_hugging_face_variables_mean_what_they_mean_there(home: Path):
    settings = load(home, {"HF_ENDPOINT": "http://mirror.example:8080/", "HF_TOKEN": "hf_invented"})
    assert ("http://mirror.example:8080", "hf_invented") == (settings.hf_endpoint, settings.hf_token)


def test_templates_are_a_folder(home: Path):
    (home / "mine").mkdir()
    assert home / "mine" == load(home, {"NEWSLETTER_TEMPLATES": "mine"}).templates
    (fault,) = faults(home, NEWSLETTER_TEMPLATES="none")
    assert "templates: none is not a folder; name one, or leave it out" == fault


def test_a_missing_home_is_one_line_with_the_cure(home: Path):
    with pytest.raises(SettingsError) as caught:
        load(home / "none", {})
    assert f"{home}/none: there is no such home folder; `newsletter --home {home}/none init` makes one" == str(
        caught.value
    )


def test_a_home_that_is_a_file_is_named(home: Path):
    (home / "file").touch()
    with pytest.raises(SettingsError, match="the home is not a folder"):
        load(home / "file", {})


def test_a_home_that_cannot_be_written_to_is_named(commoner: Path):
    commoner.chmod(0o500)
    try:
        assert "the home cannot be written to; let this program write there" in faults(commoner)[0]
    finally:
        commoner.chmod(0o700)


def test_a_secret_is_made_once(home: Path):
    settings = ensure_secret(load(home, {}))
    assert 43 == len(settings.secrets[0])
    assert settings.secrets == ensure_secret(load(home, {})).secrets
    assert f"{home}/secrets.env:2" == load(home, {}).origin("NEWSLETTER_SECRET")


def test_of_two_programs_that_start_at_once_both_have_the_first_secret(home: Path):
    first, second = load(home, {}), load(home, {})
    assert ensure_secret(first).secrets == ensure_secret(second).secrets


def test_a_secret_that_is_set_is_left_alone(home: Path):
    settings = load(home, {"NEWSLETTER_SECRET": SECRET})
    assert settings is ensure_secret(settings)
    assert not (home / "secrets.env").exists()


def test_a_shared_database_needs_a_secret_that_is_given(home: Path):
    settings = load(home, {"NEWSLETTER_DATABASE": "postgresql://db/papers"})
    with pytest.raises(SettingsError, match="NEWSLETTER_SECRET is not set and the database is shared"):
        ensure_secret(settings)
    assert not (home / "secrets.env").exists()


def test_every_key_has_a_meaning_and_a_variable_of_its_own():
    assert all(key.meaning for key in KEYS)
    assert len(KEYS) == len({key.variable for key in KEYS})
