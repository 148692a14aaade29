"""What readers changed on the web beside what the subscribers' files say: as a difference, and written into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from newsletter.app import App
from newsletter.cli.opening import app_of, as_json, json_option, subscribers_of
from newsletter.errors import SubscriberError
from newsletter.models import Subscriber
from newsletter.subscribers.adopt import Chosen, adopted, as_chosen, difference, differing, told, typed
from newsletter.subscribers.file import files_of, parse, text_of
from newsletter.subscribers.splice import Unspliceable
from newsletter.subscribers.writing import placed, rewrite


@dataclass(frozen=True, slots=True)
class Adoption:
    """A file, what becomes of it, and of whom in it."""

    file: Path
    before: str
    after: str
    readers: tuple[Subscriber, ...]
    """Who chose something else than it says, as it has them."""


@click.command()
@json_option
@click.pass_context
def diff(ctx: click.Context, machine: bool) -> int:
    """What readers changed on the web, as a patch of subscribers.yaml.

    Their changes hold already, only the file does not say so; `adopt` writes them into it. Ends with 1 where there are some.
    """
    path = subscribers_of(ctx)
    with app_of(ctx) as app:
        chosen = dict(app.overrides.each())
    found = list(adoptions(path, chosen))
    if machine:
        click.echo(as_json([_object(path, one.file, reader, chosen) for one in found for reader in one.readers]))
    for one in () if machine else found:
        click.echo(difference(str(one.file.relative_to(path.parent)), one.before, one.after), nl=False)
    return 1 if found else 0


@click.command("adopt")
@click.argument("who", nargs=-1, metavar="[ADDRESS]...")
@json_option
@click.pass_context
def adopt_(ctx: click.Context, who: tuple[str, ...], machine: bool) -> None:
    """Write what readers changed on the web into subscribers.yaml.

    All of them, or ADDRESS. The file says it from then on, and they can change it again.
    """
    path = subscribers_of(ctx)
    with app_of(ctx) as app:
        keys = {placed(path, name).subscriber.key for name in who}
        chosen = {key: values for key, values in app.overrides.each() if key in keys or not who}
        found = list(adoptions(path, chosen))
        for one in found:
            adopt(path, one, chosen)
        _forget(app, path, chosen)
    if machine:
        click.echo(as_json([_object(path, one.file, reader, chosen) for one in found for reader in one.readers]))
        return
    for one in found:
        for reader in one.readers:
            click.echo(f"{one.file.relative_to(path.parent)}: {reader.email}  {'; '.join(told(reader, chosen))}")
    if not found:
        click.echo("nobody changed anything that is not in the file")


def _forget(app: App, path: Path, chosen: Chosen) -> None:
    """What is in the file is needed no more; who changed something again meanwhile keeps that."""
    here = {one.key for file in files_of(path) for one in parse(text_of(file), str(file), file.parent)}
    now = app.overrides.of([key for key in chosen if key in here])
    app.overrides.forget([key for key, values in now.items() if values == chosen[key]])


def _object(path: Path, file: Path, reader: Subscriber, chosen: Chosen) -> dict[str, object]:
    changed = {
        name: {"file": typed(getattr(reader, name)), "chosen": typed(value)}
        for name, value in differing(reader, chosen).items()
    }
    return {"email": reader.email, "file": str(file.relative_to(path.parent)), "changed": changed}


def adoptions(path: Path, chosen: Chosen) -> Iterator[Adoption]:
    """The files that say something else than their readers chose. Raises SubscriberError."""
    for file in files_of(path):
        before = text_of(file)
        people = parse(before, str(file), file.parent)
        readers = tuple(one for one in people if differing(one, chosen))
        if readers:
            try:
                yield Adoption(file, before, _changed(before, file, chosen), readers)
            except Unspliceable as error:
                raise SubscriberError(f"{file}: {error}") from error


def adopt(path: Path, adoption: Adoption, chosen: Chosen) -> None:
    """Writes it into the file as it is now. Raises SubscriberError, and the file stays as it was."""
    rewrite(path, adoption.file, lambda text: _changed(text, adoption.file, chosen))


def _changed(text: str, file: Path, chosen: Chosen) -> str:
    people = parse(text, str(file), file.parent)
    after = adopted(text, people, chosen)
    for meant, found in zip(as_chosen(people, chosen), parse(after, str(file), file.parent), strict=True):
        if meant != found:
            cure = "take it out of `defaults:`, which has it for everybody"
            raise Unspliceable(f"{found.email}: what they chose cannot be written into the entry; {cure}")
    return after
