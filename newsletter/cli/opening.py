"""What every command opens: settings from home and environment, logs, and the parts."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from newsletter import logs
from newsletter.app import App, open_app
from newsletter.settings import Settings, ensure_secret, load


def settings_of(ctx: click.Context) -> Settings:
    """The settings of the home that the command line names."""
    settings = load(Path(ctx.obj["home"]), os.environ)
    level = logging.INFO if ctx.obj["verbose"] else logging.WARNING
    logs.set_up(settings.log, level, timed=bool(ctx.obj.get("stays")), environ=os.environ)
    return settings


@contextmanager
def app_of(ctx: click.Context) -> Iterator[App]:
    """The parts, opened; the secret for signed links is made when there is none."""
    with open_app(ensure_secret(settings_of(ctx))) as app:
        yield app


def subscribers_of(ctx: click.Context) -> Path:
    """The subscribers' file of the home; a folder of its name beside it may hold more."""
    return settings_of(ctx).home / "subscribers.yaml"


def as_json(value: Any) -> str:
    """A result as JSON: one object, or one list."""
    import json

    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def objects(found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A JSON list, an object on each line: as many as there may be."""
    yield "["
    before = "\n"
    for one in found:
        yield before + msgspec.json.encode(one).decode()
        before = ",\n"
    yield "\n]\n"


date_option = click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="A calendar date."
)
since_option = click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="D", help="First listed on this day or later."
)
until_option = click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="D", help="First listed on this day or earlier."
)
subscriber_option = click.option("--subscriber", metavar="A", help="One subscriber, by address or id.")
json_option = click.option("--json", "machine", is_flag=True, help="Print JSON.")
