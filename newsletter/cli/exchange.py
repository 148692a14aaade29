"""Subscribers from and for other programs: import, export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final, TextIO

import click

from newsletter.cli.changing import chosen
from newsletter.cli.opening import app_of, as_json, json_option, subscribers_of
from newsletter.errors import SettingsError
from newsletter.models import Subscriber
from newsletter.readers.consents import Circumstances
from newsletter.readership import Readership
from newsletter.subscribers import roster
from newsletter.subscribers.change import added
from newsletter.subscribers.export import csv_lines, json_lines
from newsletter.subscribers.file import files_of, hand_over_all, shared_of, subscriber_of, text_of
from newsletter.subscribers.pen import Entry
from newsletter.subscribers.table import BadRow, Row, Rows, csv_rows, header_of, json_rows, once
from newsletter.subscribers.writing import rewrite
from newsletter.typed import folded, line

MOST: Final = 10_000
"""Subscribers that one import writes into a file."""


@dataclass(slots=True)
class Sorted:
    """What an import found."""

    new: list[Entry] = field(default_factory=list)
    known: int = 0
    left_out: int = 0


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig", errors="replace"))
@click.option("--file", "into", metavar="F", help="Which file to add them to, where there are several.")
@click.option("--consent", metavar="TEXT", help="How they agreed: takes them into the database, as who signed up.")
@json_option
@click.pass_context
def import_(ctx: click.Context, file: TextIO, into: str | None, consent: str | None, machine: bool) -> int:
    """Add everybody in FILE (- for a pipe) to subscribers.yaml, or as sign-ups.

    FILE is CSV with a header, or JSON as `export` writes it. Columns: email, name, timezone, send_at, cadence, language,
    interests (names with ; between) and the other keys of subscribers.yaml; keywords, like and about are of the row's one
    interest. Rows that cannot be used are named, and the others are in. Who is there already stays as they are.

    With --consent they are sign-ups in the database, of whom there may be millions; TEXT is kept as the record of their
    consent. Whoever is suppressed stays so, and who had everything about them erased is not taken.
    """
    path = subscribers_of(ctx)
    if consent is not None:
        return _taken_in(ctx, file, consent, machine)
    target = chosen(path, into)
    text = text_of(target) if target.exists() or into is None else ""
    shared = shared_of(text, target.parent)
    usual = subscriber_of({"email": "@"}, shared)
    try:
        found = _sorted(file, _rows(file, shared, target.parent), _known(path), usual)
    except SettingsError as error:
        raise SettingsError(f"{file.name}:{error}") from error
    if found.new:
        rewrite(path, target, lambda text: added(text, found.new))
    name = target.relative_to(path.parent)
    if machine:
        click.echo(
            as_json({"file": str(name), "new": len(found.new), "known": found.known, "left_out": found.left_out})
        )
    else:
        click.echo(f"{name}: {len(found.new):,} new, {found.known:,} known before, {found.left_out:,} left out")
    return 1 if found.left_out else 0


def _taken_in(ctx: click.Context, file: TextIO, consent: str, machine: bool) -> int:
    """Takes the rows into the database as they are read."""
    try:
        said = Circumstances("import", line(2000)(consent))
    except ValueError as error:
        raise SettingsError(f"--consent: {error}") from error
    if not said.wording:
        raise SettingsError("--consent: say how they agreed, as 'ticked a box at the conference of May 2026'")
    found = Sorted()
    with app_of(ctx) as app:
        rows = _faultless(file, once(_rows(file, {}, app.settings.home)), found)
        taken = app.signups.take_in((row.subscriber for row in rows), app.clock(), said)
    if machine:
        click.echo(as_json({**asdict(taken), "left_out": found.left_out}))
    else:
        erased = f"{taken.erased:,} once had themselves erased, " if taken.erased else ""
        click.echo(f"sign-ups: {taken.new:,} new, {taken.known:,} known before, {erased}{found.left_out:,} left out")
    return 1 if found.left_out else 0


@click.command()
@click.option("--csv", "form", flag_value="csv", default="csv", help="A row for each (this is the default).")
@click.option("--json", "form", flag_value="json", help="With everything about each interest, to import elsewhere.")
@click.pass_context
def export(ctx: click.Context, form: str) -> None:
    """Print everybody who reads, sign-ups too, as CSV or JSON.

    `newsletter subscribers export --json > people.json` has all that `import` needs elsewhere. CSV has the names of
    their interests only, and the rest of it where somebody has a single one.
    """
    file = roster(subscribers_of(ctx), lambda library: (library,))
    with app_of(ctx) as app:
        people = Readership(file, app.overrides, app.signups)
        for text in (json_lines if form == "json" else csv_lines)(people):
            click.echo(text, nl=False)


def _rows(file: TextIO, shared: Mapping[str, Any], folder: Path) -> Rows:
    """The rows of a file in either form; a report to the operator names the columns that are not read."""
    first = next(file, "")
    if first.lstrip()[:1] in ("[", "{"):
        return json_rows(chain([first], file), shared, folder)
    header = header_of(first)
    if header.unread:
        click.echo(f"{file.name}:1: not read: {', '.join(header.unread)}", err=True)
    return csv_rows(file, header, shared, folder)


def _known(path: Path) -> set[str]:
    """The addresses and keys that are there."""
    known: set[str] = set()
    hand_over_all(
        [one for one in files_of(path) if one.exists()], lambda one, _: known.update((folded(one.email), one.key))
    )
    return known


def _sorted(file: TextIO, rows: Rows, known: set[str], usual: Subscriber) -> Sorted:
    """Who is new, with what is not usual in the file anyway; faults are told as they come."""
    found = Sorted()
    for row in _faultless(file, once(rows), found):
        if {folded(row.subscriber.email), row.subscriber.key} & known:
            found.known += 1
        elif len(found.new) == MOST:
            raise SettingsError(
                f"{row.line}: more than {MOST:,} new subscribers are too many for a file: --consent takes them into the database"
            )
        else:
            found.new.append(_unusual(row, usual))
    return found


def _faultless(file: TextIO, rows: Rows, found: Sorted) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, BadRow):
            found.left_out += 1
            click.echo(f"{file.name}:{row.line}: {row.said}", err=True)
        else:
            yield row


def _unusual(row: Row, usual: Subscriber) -> Entry:
    """What has to be written of a row."""
    same = {key for key in row.said if key != "id" and getattr(row.subscriber, key) == getattr(usual, key)}
    return {key: value for key, value in row.said.items() if key not in same or key == "email"}
