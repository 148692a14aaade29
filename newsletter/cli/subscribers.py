"""The subscribers' files as they are: check, schema. Looking at everybody, and changing them, stands in files of its own."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from newsletter.cli import adopting, changing, editing, exchange, listing
from newsletter.cli.learning import learn
from newsletter.cli.opening import as_json, subscribers_of
from newsletter.models import Subscriber
from newsletter.subscribers.file import Entered, files_of, hand_over_all


@click.group()
def subscribers() -> None:
    """Look at the subscribers in subscribers.yaml, and change them."""


@subscribers.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Name every fault of subscribers.yaml, or subscribers/*.yaml."""
    path = subscribers_of(ctx)
    said = _counted(path)
    names = [str(one.relative_to(path.parent)) for one in files_of(path)]
    told = ", ".join(names) if len(names) < 4 else f"{len(names)} files"
    click.echo(f"{told} {'is' if len(names) == 1 else 'are'} fine: {said}")


@subscribers.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there instead of printing.")
def schema(out: Path | None) -> None:
    """Print the JSON Schema, for editors that complete and check while typing."""
    from newsletter.subscribers import schema as make

    text = as_json(make()) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, "utf-8")
        click.echo(f"wrote {out}")


for command in (
    learn,
    listing.list_,
    listing.show,
    changing.add,
    editing.edit,
    changing.pause,
    changing.resume,
    changing.remove,
    exchange.import_,
    exchange.export,
    adopting.diff,
    adopting.adopt_,
):
    subscribers.add_command(command)


def counted_subscribers(people: Iterable[Subscriber]) -> str:
    """`1 subscriber, 3 interests`."""
    readers = interests = 0
    for one in people:
        readers, interests = readers + 1, interests + len(one.interests)
    return _numbers(readers, interests)


def _counted(path: Path) -> str:
    """The same of the files, none of whom is kept: they may be more than memory holds."""
    found: Counter[str] = Counter()

    def count(one: Subscriber, _: Entered) -> None:
        found.update(readers=1, interests=len(one.interests))

    hand_over_all(files_of(path), count)
    return _numbers(found["readers"], found["interests"])


def _numbers(readers: int, interests: int) -> str:
    return f"{_number(readers, 'subscriber')}, {_number(interests, 'interest')}"


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
