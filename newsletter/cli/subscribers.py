"""Looking at the subscribers' files: list, show, check, schema. What changes them stands in files of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from newsletter.cli import adopting, changing, editing, exchange
from newsletter.cli.learning import learn
from newsletter.cli.opening import as_json, json_option, subscribers_of
from newsletter.errors import SubscriberError
from newsletter.models import Subscriber
from newsletter.subscribers import words
from newsletter.subscribers.file import files_of, read_all


@click.group()
def subscribers() -> None:
    """Look at the subscribers in subscribers.yaml, and change them."""


@subscribers.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, machine: bool) -> None:
    """Every subscriber, a line each."""
    roster = _roster(ctx)
    if machine:
        click.echo(as_json([asdict(one) for one in roster]))
        return
    width = max((len(one.email) for one in roster), default=0)
    for one in roster:
        names = ", ".join(interest.name for interest in one.interests) or "trending only"
        click.echo(
            f"{one.email:<{width}}  {words.cadence_text(one.cadence)} {one.send_at:%H:%M} {one.timezone}  {names}"
        )


@subscribers.command()
@click.argument("address")
@json_option
@click.pass_context
def show(ctx: click.Context, address: str, machine: bool) -> None:
    """One subscriber with everything that counts for their edition, defaults included."""
    found = [one for one in _roster(ctx) if address.lower() in (one.key.lower(), one.email.lower())]
    if not found:
        raise SubscriberError(f"no subscriber '{address}'; `newsletter subscribers list` shows them")
    click.echo(as_json(asdict(found[0])) if machine else _shown(found[0]))


@subscribers.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Name every fault of subscribers.yaml, or subscribers/*.yaml."""
    roster = _roster(ctx)
    path = subscribers_of(ctx)
    names = [str(one.relative_to(path.parent)) for one in files_of(path)]
    told = ", ".join(names) if len(names) < 4 else f"{len(names)} files"
    click.echo(f"{told} {'is' if len(names) == 1 else 'are'} fine: {counted_subscribers(roster)}")


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


def _roster(ctx: click.Context) -> tuple[Subscriber, ...]:
    return read_all(subscribers_of(ctx))


def counted_subscribers(people: Iterable[Subscriber]) -> str:
    """`1 subscriber, 3 interests`."""
    readers = interests = 0
    for one in people:
        readers, interests = readers + 1, interests + len(one.interests)
    return f"{_number(readers, 'subscriber')}, {_number(interests, 'interest')}"


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _shown(one: Subscriber) -> str:
    lines = [
        f"{one.name or one.email} <{one.email}>",
        f"  {words.cadence_text(one.cadence)} at {one.send_at:%H:%M} {one.timezone}",
    ]
    lines += [f"  at most {one.max_papers} papers, {one.trending} of them trending"]
    lines += [f"  {changing.paused(one.paused_until)}"] if one.paused_until else []
    lines += [f"  never: {', '.join(one.exclude)}"] if one.exclude else []
    for interest in one.interests:
        lines.append(f"  {interest.name} ({interest.threshold}, weight {interest.weight:g})")
        for name in ("about", "keywords", "authors", "categories", "like", "dislike", "exclude"):
            value = getattr(interest, name)
            if value:
                lines.append(f"    {name}: {value if isinstance(value, str) else ', '.join(value)}")
    return "\n".join(lines)
