"""Papers: fetch a day or many, explain one."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import click

from newsletter.cli.opening import app_of, as_json, date_option, json_option
from newsletter.errors import SettingsError, SourceError
from newsletter.text import without_query


@click.command()
@date_option
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Every day from this one to today that the archive does not have.",
)
@json_option
@click.pass_context
def fetch(ctx: click.Context, day: datetime | None, since: datetime | None, machine: bool) -> int:
    """Collect a day's papers (today's and yesterday's without --date) into the archive.

    With --since many days, one after the other, with a pause between them. It can be interrupted: what was collected
    stays, and the same command goes on from there.
    """
    from newsletter.collect import collect

    if since and day:
        raise click.UsageError("--since and --date exclude each other")
    if since:
        return _fetch_since(ctx, since.date(), machine)
    with app_of(ctx) as app:
        now = app.clock()
        today = now.astimezone(UTC).date()
        days = [day.date()] if day else [today - timedelta(days=1), today]
        collected = collect(days, app.settings.sources, app.archive, app.reach, now)
    if collected.all_broken:
        raise SourceError("no source answered: " + "; ".join(state.detail for state in collected.states))
    if machine:
        told = [
            {"source": s.source, "state": s.state, "papers": s.papers, "detail": s.detail} for s in collected.states
        ]
        click.echo(as_json({"date": days[-1], "new": collected.new, "sources": told, "faults": collected.faults}))
    else:
        for state in collected.states:
            said = f"{state.papers} papers" if state.state == "ok" else f"{state.state} {state.detail}".rstrip()
            click.echo(f"{without_query(state.source)} {days[-1]}: {said}")
        click.echo(f"{collected.new} new listings in the archive")
    return 1 if any(state.state == "broken" for state in collected.states) else 0


def _fetch_since(ctx: click.Context, since: date, machine: bool) -> int:
    from newsletter.backfill import backfill
    from newsletter.cli.progress import watching

    with app_of(ctx) as app, watching() as progress:
        done = backfill(app, since, progress)
    if machine:
        click.echo(as_json(asdict(done) | {"days": done.days}))
    else:
        quiet = f" ({done.quiet} of them quiet)" if done.quiet else ""
        asked = f"{done.days} days, {done.asked} asked for{quiet}"
        click.echo(f"{done.since} to {done.until}: {asked}, {done.new} new listings")
        for gap in done.gaps:
            days = f"{gap.since}" if gap.since == gap.until else f"{gap.since} to {gap.until}"
            click.echo(f"missing: {without_query(gap.source)} {days}: {gap.why}")
        click.echo(f"{done.papers} papers in the archive")
    return 1 if done.gaps else 0


@click.command()
@json_option
@click.pass_context
def learn(ctx: click.Context, machine: bool) -> None:
    """Learn from the archive which terms are rare and which go together. `run` does it when nobody waits."""
    from newsletter.app import LEARNED_FROM
    from newsletter.ranking.model import ENOUGH

    with app_of(ctx) as app:
        started = time.perf_counter()
        papers = min(app.archive.size(), LEARNED_FROM)
        model = app.learn()
    told = {"papers": papers, "terms": len(model.columns), "topics": model.basis.shape[1]}
    seconds = round(time.perf_counter() - started, 1)
    if machine:
        click.echo(as_json(told | {"seconds": seconds}))
        return
    click.echo(f"learned from {papers} papers in {seconds} s: {told['terms']} terms, {told['topics']} topics")
    if not told["topics"]:
        click.echo(f"topics come with {ENOUGH} papers; `newsletter fetch --since D` collects past days")


@click.command()
@click.argument("paper")
@click.option("--subscriber", required=True, metavar="A", help="For whom, by address or id.")
@date_option
@json_option
@click.pass_context
def explain(ctx: click.Context, paper: str, subscriber: str, day: datetime | None, machine: bool) -> None:
    """Why PAPER (an arXiv id, a DOI, an address) is, or is not, in a subscriber's edition of a date."""
    from newsletter.audience import Order
    from newsletter.identity import paper_id
    from newsletter.look import explained

    id_ = paper_id(paper) or paper
    with app_of(ctx) as app:
        told = explained(app, app.clock(), Order(day.date() if day else None, subscriber), id_)
    if told is None:
        raise SettingsError(
            f"{id_} was not listed in the days of that edition; `newsletter fetch --date D` collects one"
        )
    click.echo(as_json(asdict(told)) if machine else "\n".join(told.sentences))
