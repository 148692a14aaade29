"""The archive: what it knows of a paper, all of it as a file, and removing what is old."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import click

from newsletter.app import App
from newsletter.archive import Listed, Noted
from newsletter.cli.opening import app_of, as_json, json_option, since_option, until_option
from newsletter.errors import SettingsError
from newsletter.models import Paper


@click.group()
def archive() -> None:
    """Every paper ever collected: what became of one, all as a file, removing what is old."""


@archive.command()
@click.argument("paper")
@json_option
@click.pass_context
def show(ctx: click.Context, paper: str, machine: bool) -> None:
    """What is known of PAPER (an arXiv id, a DOI, an address): its days, its upvotes over time, its later life."""
    with app_of(ctx) as app:
        known = _known(app, paper)
        listings, history = app.archive.listings_of([known.id]), app.archive.history([known.id]).get(known.id, [])
    if machine:
        click.echo(as_json(_as_object(known, listings, history)))
    else:
        click.echo("\n".join(_said(known, listings, history)))


def _known(app: App, text: str) -> Paper:
    from newsletter.identity import paper_id
    from newsletter.typed import quoted

    id_ = paper_id(text) or text.strip()
    found = app.archive.find([id_]).get(id_)
    if found is None:
        raise SettingsError(
            f"{quoted(id_)} is not in the archive; `newsletter search WORDS` finds papers by their words"
        )
    return found


def _said(paper: Paper, listings: list[Listed], history: list[Noted]) -> Iterator[str]:
    from newsletter.render.card import card
    from newsletter.text import without_query

    made = card(paper)
    yield made.title
    yield "  " + " · ".join(filter(None, [paper.id, made.authors, made.url]))
    for one in listings:
        yield f"listed   {one.day} {without_query(one.source)}"
    for noted in _upvotes(history):
        yield f"upvotes  {noted.at:%Y-%m-%d %H:%M} UTC  {noted.upvotes:,}"
    for day, gain in _later(history):
        yield f"later    {day} {gain}"


def _upvotes(history: list[Noted]) -> Iterator[Noted]:
    """The readings at which the upvotes were others than before."""
    before = None
    for noted in history:
        if noted.upvotes != before:
            yield noted
        before = noted.upvotes


def _later(history: list[Noted]) -> Iterator[tuple[str, str]]:
    from newsletter.editing.since import life

    for at, gain in life([(noted.at, noted.reading) for noted in history]):
        yield f"{at:%Y-%m-%d}", str(gain)


def _as_object(paper: Paper, listings: list[Listed], history: list[Noted]) -> dict[str, object]:
    from newsletter.render.card import card

    return {
        "id": paper.id,
        "title": card(paper).title,
        "url": card(paper).url,
        "listings": [{"day": one.day, "source": one.source, "seen_at": one.seen_at.isoformat()} for one in listings],
        "upvotes": [{"at": noted.at.isoformat(), "upvotes": noted.upvotes} for noted in _upvotes(history)],
        "later": [{"day": day, "what": gain} for day, gain in _later(history)],
    }


# -- all of it


@archive.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@since_option
@until_option
@click.pass_context
def export(ctx: click.Context, file: Path, since: datetime | None, until: datetime | None) -> None:
    """Write every paper to FILE as JSON Lines, with its listings and its upvotes over time; - prints them.

    A FILE that is there is replaced when all is written. The source `file:FILE` reads it.
    """
    first, last = (day.date() if day else None for day in (since, until))
    with app_of(ctx) as app:
        lines = _lines(app, app.archive.ids(first, last))
        if str(file) == "-":
            sys.stdout.writelines(lines)
            return
        number = _written(file, lines)
    click.echo(f"{number:,} papers in {file}")


def _lines(app: App, pages: Iterable[Sequence[str]]) -> Iterator[str]:
    """A line each, in order of id, out of the memory that a few hundred take."""
    from newsletter.archive.lines import as_line

    for ids in pages:
        papers, history = app.archive.find(ids), app.archive.history(ids)
        listings: dict[str, list[Listed]] = {}
        for one in app.archive.listings_of(ids):
            listings.setdefault(one.paper, []).append(one)
        for id_ in ids:
            if id_ in papers:
                yield as_line(papers[id_], listings.get(id_, []), history.get(id_, [])) + "\n"


def _written(file: Path, lines: Iterable[str]) -> int:
    """Writes beside the file and puts it into its place at the end; returns how many papers."""
    from newsletter.files.whole import replacing

    number = 0
    try:
        with replacing(file) as draft:
            for line in lines:
                draft.write(line.encode())
                number += 1
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written: {error.strerror}; name another file") from error
    return number


# -- what is old


@archive.command()
@click.option("--keep", metavar="TIME", help="As `2 years` or `90 days`.  [default: the setting `keep`]")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option
@click.pass_context
def prune(ctx: click.Context, keep: str | None, dry_run: bool, machine: bool) -> None:
    """Remove papers that no source has listed for a time, with their listings, readings, vectors and summaries.

    Examples and papers of feedback stay. No paper is shown again for being removed: what readers have seen is in the
    ledger.
    """
    from newsletter import retention

    with app_of(ctx) as app:
        span = _span(app, keep)
        now = app.clock()
        old, first = retention.prune(app, span, now, only_look=dry_run), retention.day_of(span, now)
    if machine:
        click.echo(as_json({"kept_from": first, "removed": not dry_run, **asdict(old)}))
        return
    said = "would be removed" if dry_run else "removed"
    click.echo(
        f"{old.papers:,} papers ({old.listings:,} listings) and {old.digests:,} digests from before {first} {said}"
    )
    if old.papers and not dry_run:
        click.echo("their room in the database is used again by what comes")


def _span(app: App, given: str | None) -> timedelta:
    from newsletter.settings import SHORTEST_KEEP
    from newsletter.typed import span

    try:
        wanted = span(SHORTEST_KEEP)(given) if given is not None else app.settings.keep
    except ValueError as error:
        raise SettingsError(f"--keep: {error}") from error
    if wanted is None:
        raise SettingsError("everything is kept: say how long with --keep, as '2 years', or set `keep`")
    return wanted
