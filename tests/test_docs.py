"""The documentation names everything that there is."""

import re
from pathlib import Path

import pytest

from newsletter.cli import COMMANDS
from newsletter.cli.subscribers import subscribers
from newsletter.providers import PROVIDERS
from newsletter.settings import KEYS
from newsletter.sources import SOURCES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"`newsletter {command}`" in README


@pytest.mark.parametrize("command", subscribers.commands)
def test_every_subscribers_command_is_in_the_readme(command):
    assert f"`{command}" in README


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
