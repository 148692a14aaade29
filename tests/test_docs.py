"""The documentation names everything that there is."""

import re
from pathlib import Path

import pytest

from newsletter.alarms import NAMES
from newsletter.bounces import KINDS
from newsletter.cli import COMMANDS
from newsletter.cli.archive import archive
from newsletter.cli.bounces import bounces
from newsletter.cli.db import db
from newsletter.cli.dkim import dkim
from newsletter.cli.subscribers import subscribers
from newsletter.cli.suppressions import suppressions
from newsletter.providers import PROVIDERS
from newsletter.providers.api_spec import OPTIONS
from newsletter.providers.smtp_spec import DEFAULTS
from newsletter.replies import row_of
from newsletter.settings import KEYS
from newsletter.sources import SOURCES
from newsletter.webhooks import HOOKS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DELIVERY = (ROOT / "docs" / "delivery.md").read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"`newsletter {command}`" in README


@pytest.mark.parametrize(
    ("group", "command"),
    [
        (group.name, command)
        for group in (subscribers, suppressions, bounces, db, dkim, archive)
        for command in group.commands
    ],
)
def test_every_command_of_a_group_is_in_the_readme(group, command):
    [row] = [line for line in README.splitlines() if line.startswith(f"| `newsletter {group}`")]
    assert f"`{command}" in row


@pytest.mark.parametrize("key", [key for key in KEYS if key.key], ids=lambda key: key.key)
def test_every_setting_is_in_the_readme_with_its_variable_and_default(key):
    row = next((line for line in README.splitlines() if line.startswith(f"| `{key.key}`")), "")
    assert f"`{key.variable}`" in row
    assert key.default.strip("()").replace("<", "\\<").replace(">", "\\>") in row


@pytest.mark.parametrize("variable", [key.variable for key in KEYS])
def test_every_variable_is_in_the_readme(variable):
    assert f"`{variable}`" in README


@pytest.mark.parametrize("name", [*SOURCES, *PROVIDERS])
def test_every_source_and_provider_is_in_the_readme(name):
    assert re.search(rf"`{name}[:`]", README)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_an_api_is_in_the_readme(option):
    assert f"`{option}=" in README


@pytest.mark.parametrize("provider", HOOKS)
def test_every_webhook_is_on_its_page_with_its_secret(provider):
    rows = (ROOT / "docs" / "running" / "webhooks.md").read_text("utf-8").splitlines()
    [row] = [row for row in rows if f"/webhooks/{provider}`" in row]
    assert f"`{HOOKS[provider].variable}=" in row


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_mail_that_comes_back_is_on_its_page(kind):
    page = (ROOT / "docs" / "running" / "bounces.md").read_text("utf-8")
    assert f"| `{kind}` |" in page


@pytest.mark.parametrize("option", DEFAULTS)
def test_every_option_of_smtp_is_in_the_readme_with_its_default(option):
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{option}=")]
    assert DEFAULTS[option] in row


def replies_on_the_page():
    rows = [line.split(" | ") for line in DELIVERY.splitlines() if line.startswith("| ") and line.count(" | ") == 2]
    said = [(row[0].strip("| "), reply) for row in rows for reply in re.findall(r"`([45]\d\d(?: [^`]*)?)`", row[1])]
    return [pytest.param(*one, id=" ".join(one)) for one in said]


@pytest.mark.parametrize(("meaning", "reply"), replies_on_the_page())
def test_what_the_page_says_of_a_reply_is_what_it_means(meaning, reply):
    code, _, said = reply.partition(" ")
    assert meaning == row_of(int(code), said).means


def test_the_page_has_every_meaning_of_a_reply():
    assert {"later", "slow", "address", "policy", "us", "quota", "message"} == {
        one.values[0] for one in replies_on_the_page()
    }


@pytest.mark.parametrize("alarm", NAMES)
def test_every_alarm_is_explained(alarm):
    assert f"| {alarm} |" in DELIVERY


def test_every_link_in_the_documentation_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    found = [(page, link) for page in pages for link in re.findall(r"\]\(((?!http)[^)#]+)", page.read_text("utf-8"))]
    assert found
    assert [] == [(page.name, link) for page, link in found if not (page.parent / link).exists()]


def test_every_script_that_is_named_exists():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"scripts/[a-z-]+\b(?!/)", page.read_text("utf-8"))}
    assert "scripts/demo" in named
    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_nothing_here_names_the_machine_it_was_written_on():
    places = [*ROOT.glob("*.*"), *(ROOT / "newsletter").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    assert [] == [path.name for path in places if path.is_file() and "/work/" in path.read_text("utf-8", "replace")]
