"""What every command opens: settings from home and environment, logs, and the parts."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from newsletter.app import App, open_app
from newsletter.settings import Settings, ensure_secret, load


def settings_of(ctx: click.Context) -> Settings:
    """The settings of the home that the command line names."""
    _log(logging.INFO if ctx.obj["verbose"] else logging.WARNING)
    return load(Path(ctx.obj["home"]), os.environ)


@contextmanager
def app_of(ctx: click.Context) -> Iterator[App]:
    """The parts, opened; the secret for signed links is made when there is none."""
    with open_app(ensure_secret(settings_of(ctx))) as app:
        yield app


def _log(level: int) -> None:
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(message)s", force=True)
    for noisy in ("httpx", "httpcore", "httpx2", "httpcore2", "apscheduler", "sentence_transformers"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def as_json(value: Any) -> str:
    """A result as JSON: one object, or one list."""
    import json

    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


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
