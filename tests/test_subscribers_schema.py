"""The JSON Schema that editors check the subscribers' file with."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from newsletter.__main__ import run
from newsletter.subscribers import read, schema
from newsletter.subscribers.fields import INTEREST, SUBSCRIBER

EXAMPLE = Path(__file__).parents[1] / "subscribers.example.yaml"
PUBLISHED = Path(__file__).parents[1] / "templates" / "home" / "subscribers.schema.json"


def as_editors_type(text: str) -> Any:
    """YAML with its scalars guessed, as the editors' language servers do; dates are strings to them."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return value.isoformat() if isinstance(value, date) else value

    return plain(yaml.safe_load(text))


def complaints(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(schema()).iter_errors(as_editors_type(text))]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


def test_the_example_file_is_valid_as_editors_type_it():
    assert [] == complaints(EXAMPLE.read_text("utf-8"))


def test_the_example_file_names_the_schema_in_its_first_line():
    first = EXAMPLE.read_text("utf-8").splitlines()[0]
    assert "# yaml-language-server: $schema=subscribers.schema.json" == first


def test_the_schema_that_is_published_is_the_one_of_this_program():
    # newsletter subscribers schema --out templates/home/subscribers.schema.json
    assert schema() == json.loads(PUBLISHED.read_text("utf-8"))


def test_init_writes_the_schema_beside_the_file_that_names_it_and_renews_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NEWSLETTER_HOME", str(tmp_path))
    assert 0 == run(["init", "ada@example.org"])
    first = (tmp_path / "subscribers.yaml").read_text("utf-8").splitlines()[0]
    assert "# yaml-language-server: $schema=subscribers.schema.json" == first
    assert schema() == json.loads((tmp_path / "subscribers.schema.json").read_text("utf-8"))
    assert [] == complaints((tmp_path / "subscribers.yaml").read_text("utf-8"))
    (tmp_path / "subscribers.schema.json").write_text("{}")
    assert 0 == run(["init", "ada@example.org"])
    assert "renewed  " in capsys.readouterr().out
    assert schema() == json.loads((tmp_path / "subscribers.schema.json").read_text("utf-8"))


def test_the_example_file_has_readers_of_different_kinds():
    readers = read(EXAMPLE)
    assert 6 == len(readers)
    assert {"daily", "weekdays", "weekly"} == {reader.cadence.kind for reader in readers}
    assert [()] == [reader.interests for reader in readers if not reader.interests]
    assert all(reader.email.endswith("@example.org") for reader in readers)


@pytest.mark.parametrize(
    "keys",
    [
        "paused_until: 2026-12-24",
        "send_at: 18:30",
        "id: 7",
        "language: no",
        "interests: [NO, {name: 1984, like: 2401.10020, keywords: [2024, true], weight: '1.5'}]",
        "interests: Robots",
        "max_papers: '20'",
    ],
)
def test_bare_scalars_are_text_wherever_text_is_meant(keys: str):
    text = f"subscribers:\n  - email: ada@example.org\n    {keys}\n"
    assert [] == complaints(text)


@pytest.mark.parametrize(
    "text",
    [
        "subscribers: [{name: Ada}]",
        "subscribers: [{email: a@b.org, intrests: []}]",
        "subscribers: [{email: a@b.org, cadence: hourly}]",
        "subscribers: [{email: a@b.org, max_papers: 0}]",
        "subscribers: [{email: a@b.org, interests: [{about: x}]}]",
        "subscribers: [{email: a@b.org, interests: [{name: x, threshold: striict}]}]",
        "defaults: {email: a@b.org}\nsubscribers: []",
        "defaults: {}",
        "[]",
    ],
)
def test_what_the_program_refuses_an_editor_underlines(text: str):
    assert [] != complaints(text)


def test_every_key_says_what_it_is_for():
    assert all(field.says.endswith(".") for field in (*SUBSCRIBER.values(), *INTEREST.values()))
