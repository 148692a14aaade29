"""Searching the archive."""

from __future__ import annotations

from datetime import date, datetime

import click

from newsletter.app import App
from newsletter.cli.opening import app_of, as_json, json_option, since_option, until_option
from newsletter.models import Match
from newsletter.search import MOST, Found, Query, search
from newsletter.text import without_query

EMPTY = "the archive is empty: `newsletter fetch` collects today's papers, `newsletter fetch --since D` past days"


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@since_option
@until_option
@click.option("--number", default=10, show_default=True, type=click.IntRange(1, MOST), help="How many to show.")
@click.option("--source", metavar="S", help="Only what this source listed, as `arxiv:cs.CL`.")
@json_option
@click.pass_context
def search_(
    ctx: click.Context,
    words: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    number: int,
    source: str | None,
    machine: bool,
) -> None:
    """Search the archive for WORDS: its papers, ranked as an edition's are for an interest in these words.

    What stands in quotes ("flow matching") is looked for as it is; the name of an author finds what they wrote.
    """
    if since and until and since > until:
        raise click.UsageError("--since is later than --until")
    query = Query(words, _day(since), _day(until), source)
    if not query.text:
        raise click.UsageError("there are no words to search for")
    with app_of(ctx) as app:
        if app.learns_long():
            click.echo("learning from the archive first; this takes a minute, once", err=True)
        found = search(app, query, app.clock())
        shown = found.hits[:number]
        if machine:
            hits = [_as_object(match) for match in shown]
            click.echo(
                as_json({"query": query.text, "searched": found.searched, "found": len(found.hits), "hits": hits})
            )
        elif shown:
            click.echo("\n\n".join("\n".join(_said(match)) for match in shown))
            click.echo(f"\n{_counted(found, number)}")
        else:
            click.echo(_nothing(app, query, found))


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _said(match: Match) -> list[str]:
    """A hit in lines: its title, what is known of it, why it is one, and where it is."""
    from newsletter.render.card import card

    made = card(match.paper)
    more = f" and {made.more_authors} more" if made.more_authors else ""
    known = [made.authors + more, f"listed {match.candidate.day}", str(made.votes)]
    known += [f"code: {link.url}" for link in made.links if str(link.name) == "Code"]
    why = " · ".join(map(str, match.reasons))
    lines = [made.title, "  " + " · ".join(filter(None, known)), f"  why: {why}" if why else "", f"  {made.url}"]
    return [line for line in lines if line]


def _counted(found: Found, number: int) -> str:
    hits = f"{len(found.hits)}{' or more' if len(found.hits) == MOST else ''}"
    more = f"; --number {min(2 * number, MOST)} shows more" if len(found.hits) > number else ""
    return f"{min(number, len(found.hits))} of {hits} {'hit' if hits == '1' else 'hits'} among {found.searched:,} papers{more}"


def _nothing(app: App, query: Query, found: Found) -> str:
    """Why nothing is shown, and how to find more, in a line."""
    if not app.archive.size():
        return EMPTY
    if query.source is not None and query.source not in (known := app.archive.sources()):
        return f"the archive has nothing of {query.source}; it has {', '.join(map(without_query, known))}"
    limits = [name for name in ("since", "until", "source") if getattr(query, name) is not None]
    wider = f"leave out {' and '.join(f'--{name}' for name in limits)}" if limits else ""
    if not found.searched:
        return f"nothing was listed then; {wider}, or collect past days with `newsletter fetch --since D`"
    cures = ["try other words" + (", or fewer" if " " in query.text else ""), *([wider] if wider else [])]
    return f"none of {found.searched:,} papers answers '{query.text}'; {', or '.join(cures)}"


def _as_object(match: Match) -> dict[str, object]:
    from newsletter.render.card import card

    paper = match.paper
    return {
        "id": paper.id,
        "title": card(paper).title,
        "authors": paper.authors,
        "listed": match.candidate.day,
        "upvotes": paper.upvotes,
        "code": paper.code,
        "url": card(paper).url,
        "sources": match.candidate.sources,
        "score": match.score,
        "why": [str(reason) for reason in match.reasons],
    }
