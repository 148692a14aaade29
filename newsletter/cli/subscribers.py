"""Looking at the subscribers' file: list, show, check, schema; learn proposes what to write into it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from newsletter.cli.learning import learn
from newsletter.cli.opening import as_json, json_option, settings_of
from newsletter.errors import SubscriberError
from newsletter.models import Cadence, Subscriber


@click.group()
def subscribers() -> None:
    """Look at the subscribers in subscribers.yaml."""


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
        click.echo(f"{one.email:<{width}}  {cadence(one.cadence)} {one.send_at:%H:%M} {one.timezone}  {names}")


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
    """Read the file and name every fault in it with its line."""
    roster = _roster(ctx)
    interests = sum(len(one.interests) for one in roster)
    click.echo(f"subscribers.yaml is fine: {len(roster)} subscribers, {interests} interests")


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


subscribers.add_command(learn)


def _roster(ctx: click.Context) -> tuple[Subscriber, ...]:
    from newsletter.subscribers import read

    return read(settings_of(ctx).home / "subscribers.yaml")


def cadence(what: Cadence) -> str:
    """A cadence as it is written in the file."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return f"weekly {days[what.weekday]}" if what.kind == "weekly" else what.kind


def _shown(one: Subscriber) -> str:
    lines = [
        f"{one.name or one.email} <{one.email}>",
        f"  {cadence(one.cadence)} at {one.send_at:%H:%M} {one.timezone}",
    ]
    lines += [f"  at most {one.max_papers} papers, {one.trending} of them trending"]
    lines += [f"  paused until {one.paused_until}"] if one.paused_until else []
    lines += [f"  never: {', '.join(one.exclude)}"] if one.exclude else []
    for interest in one.interests:
        lines.append(f"  {interest.name} ({interest.threshold}, weight {interest.weight:g})")
        for name in ("about", "keywords", "authors", "categories", "like", "dislike", "exclude"):
            value = getattr(interest, name)
            if value:
                lines.append(f"    {name}: {value if isinstance(value, str) else ', '.join(value)}")
    return "\n".join(lines)
