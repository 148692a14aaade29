"""The addresses that are not written to: list, add, remove, import, export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import TextIO

import click

from newsletter.app import App
from newsletter.cli.opening import app_of, json_option, objects
from newsletter.errors import SettingsError
from newsletter.models import SuppressedFor, Suppression
from newsletter.suppressionlist import REASONS, BadLine, read, written
from newsletter.typed import address

TOGETHER = 1000  # lines that are imported in one transaction
_reason = click.option(
    "--reason", type=click.Choice(REASONS), default="operator", show_default=True, help="Why, where nothing else says."
)


@click.group()
def suppressions() -> None:
    """The addresses that are not written to, and why."""


@suppressions.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, machine: bool) -> None:
    """Every address that is not written to, a line each."""
    with app_of(ctx) as app:
        if machine:
            for text in objects(asdict(one) for one in app.suppressions.each()):
                click.echo(text, nl=False)
            return
        for one in app.suppressions.each():
            click.echo(f"{one.address}  {one.reason}  {one.at:%Y-%m-%d %H:%M} UTC  {one.detail}".rstrip())


@suppressions.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@_reason
@click.option("--detail", default="", metavar="TEXT", help="What should be known of it.")
@click.pass_context
def add(ctx: click.Context, addresses: tuple[str, ...], reason: SuppressedFor, detail: str) -> None:
    """Do not write to these addresses any more.

    Who asked by mail not to be written to is `--reason unsubscribed`: that is not taken back by mistake.
    """
    found = [_address(text) for text in addresses]
    with app_of(ctx) as app:
        for one in found:
            new = app.suppressions.add(one, reason, app.clock(), detail)
            click.echo(f"{one}  {'is not written to any more' if new else 'was not written to before either'}")


@suppressions.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option("--they-asked", is_flag=True, help="They said no themselves, and asked to be written to again.")
@click.pass_context
def remove(ctx: click.Context, addresses: tuple[str, ...], they_asked: bool) -> int:
    """Let addresses be written to again, from their next edition on.

    Who unsubscribed or complained is only let in again with --they-asked.
    """
    found = [_address(text) for text in addresses]
    with app_of(ctx) as app:
        return max([_removed(app, one, they_asked) for one in found])


def _removed(app: App, one: str, they_asked: bool) -> int:
    was = app.suppressions.find(one)
    if app.suppressions.remove(one, they_asked=they_asked):
        click.echo(f"{one}  can be written to again" + (f" (was: {was.reason})" if was else ""))
        return 0
    if was is None:
        click.echo(f"{one}: is not suppressed; `newsletter suppressions list`", err=True)
    else:
        told = f"{was.reason} on {was.at:%Y-%m-%d}"
        click.echo(f"{one}: said no themselves ({told}); --they-asked, if they have asked for it since", err=True)
    return 1


@suppressions.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig", errors="replace"))
@_reason
@click.pass_context
def import_(ctx: click.Context, file: TextIO, reason: SuppressedFor) -> int:
    """Add a list from FILE (- for a pipe): CSV as `export` writes it, or an address a line.

    Lines that cannot be read are named, and the others are in; the same list again adds nothing.
    """
    new = known = bad = 0
    with app_of(ctx) as app:
        for some in _together(read(file, app.clock(), reason)):
            good = [one for one in some if isinstance(one, Suppression)]
            for fault in (one for one in some if isinstance(one, BadLine)):
                click.echo(f"{file.name}:{fault.number}: {fault.said}", err=True)
            added = app.suppressions.add_all(good)
            new, known, bad = new + added, known + len(good) - added, bad + len(some) - len(good)
    click.echo(f"{new:,} new, {known:,} known before" + (f", {bad:,} lines could not be read" if bad else ""))
    return 1 if bad else 0


def _together(found: Iterable[Suppression | BadLine]) -> Iterator[list[Suppression | BadLine]]:
    rest = iter(found)
    while some := list(islice(rest, TOGETHER)):
        yield some


@suppressions.command()
@click.pass_context
def export(ctx: click.Context) -> None:
    """Print the list as CSV: `newsletter suppressions export > no.csv`."""
    with app_of(ctx) as app:
        for line in written(app.suppressions.each()):
            click.echo(line, nl=False)


def _address(text: str) -> str:
    try:
        return address(text)
    except ValueError as error:
        raise SettingsError(str(error)) from error
