"""Learning what a subscriber reads from their library of papers."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from newsletter.app import App
from newsletter.cli.opening import app_of, as_json, json_option
from newsletter.errors import SettingsError
from newsletter.library import zotero
from newsletter.models import Subscriber
from newsletter.propose import Proposal


class _FileOrLibrary(click.Path):
    """A file that is there, or what names a Zotero library, as the text it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return zotero.name_in(value) or super().convert(value, param, ctx)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("address")
@click.argument("file", type=_FileOrLibrary(exists=True, dir_okay=False, allow_dash=True))
@json_option
@click.pass_context
def learn(ctx: click.Context, address: str, file: str, machine: bool) -> int:
    """Propose interests for ADDRESS from the library in FILE, as YAML to paste into subscribers.yaml.

    FILE is an export of Zotero, Mendeley, Paperpile and the like (BibTeX, RIS, CSL-JSON), or a list of arXiv ids,
    DOIs or addresses, one a line; `-` reads standard input. It may also name a Zotero library, which is asked then:
    zotero:users/12345, zotero:groups/678, or a collection of either. Nothing is changed: paste what you like.
    """
    from newsletter.cli.progress import watching
    from newsletter.library import parse
    from newsletter.propose import propose
    from newsletter.zotero import read

    of_file = None if zotero.is_name(file) else parse(_body(Path(file)))
    with app_of(ctx) as app, watching() as progress:
        subscriber = _known(app, address)
        email = subscriber.email if subscriber else _address(address)
        try:
            library = of_file or read(file, app.reach, progress)
            proposal = propose(app, subscriber, library, progress)
        except SettingsError as error:
            raise SettingsError(f"{file}: {error}") from error
        is_there = _is_there(app)
    click.echo(_told(file, proposal), err=True)
    if machine:
        click.echo(as_json(_as_object(email, subscriber, proposal)))
    else:
        sys.stdout.write(_yaml(email, subscriber, proposal, is_there))
    return 1 if proposal.waiting else 0


def _body(file: Path) -> bytes:
    from newsletter.subscribers.examples import LARGEST

    try:
        if str(file) == "-":
            body = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with file.open("rb") as opened:
                body = opened.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}); let this program read it") from error
    if len(body) > LARGEST:
        raise SettingsError(f"{file}: larger than {LARGEST // 1_000_000} MB; export a part of the library")
    return body


def _is_there(app: App) -> bool:
    """Whether anybody is listed yet: in subscribers.yaml, or in the folder beside it."""
    from newsletter.subscribers.file import files_of

    return any(file.exists() for file in files_of(app.settings.home / "subscribers.yaml"))


def _known(app: App, address: str) -> Subscriber | None:
    return app.roster().named(address) if _is_there(app) else None


def _address(text: str) -> str:
    from newsletter import typed

    try:
        return typed.address(text)
    except ValueError as error:
        raise SettingsError(f"{error}; `newsletter subscribers list` shows who is there") from error


def _told(file: str, proposal: Proposal) -> str:
    """What was read, in a line."""
    name = "standard input" if file == "-" else file
    groups = len(proposal.interests)
    said = f"{name}: {proposal.format}, {proposal.entries} entries, {proposal.texts} with text, {groups} new interests"
    if proposal.left_out:
        said += "; left out: " + ", ".join(f"{number} {reason}" for reason, number in proposal.left_out.items())
    if proposal.waiting:
        said += f"; {proposal.waiting} not looked up yet, run it again for them"
    return said + (f" ({proposal.failed})" if proposal.failed else "")


def _yaml(email: str, subscriber: Subscriber | None, proposal: Proposal, is_there: bool) -> str:
    from newsletter.subscribers.paste import as_yaml, subscriber_as_yaml

    interests = [one.interest for one in proposal.interests]
    if not interests:
        return ""
    if subscriber is None:
        return ("" if is_there else "subscribers:\n") + subscriber_as_yaml(email, interests, proposal.titles)
    return ("" if subscriber.interests else "    interests:\n") + as_yaml(interests, proposal.titles)


def _as_object(email: str, subscriber: Subscriber | None, proposal: Proposal) -> dict[str, object]:
    interests = [
        {"name": i.name, "keywords": i.keywords, "like": i.like, "papers": one.papers}
        for one in proposal.interests
        for i in [one.interest]
    ]
    read = {key: value for key, value in asdict(proposal).items() if key not in ("interests", "titles")}
    return {"subscriber": email, "in_file": subscriber is not None, "interests": interests, **read}
