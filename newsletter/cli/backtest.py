"""What a subscribers' file would have sent on past days, and the difference to another."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import click

from newsletter.audience import is_paused
from newsletter.backtest import (
    Backtest,
    Changed,
    Replay,
    Replayed,
    Shared,
    Shown,
    Tally,
    Wish,
    difference,
    replayed,
    sums,
)
from newsletter.cli.opening import app_of, as_json, json_option, subscriber_option
from newsletter.cli.progress import watching
from newsletter.errors import SettingsError
from newsletter.models import Subscriber
from newsletter.subscribers.words import cadence_text
from newsletter.text import readable

OURS = "subscribers.yaml"
NAMED = 6  # spans of days, or papers, that a line names
WIDE = 1000  # columns, where no terminal says how many there are


@dataclass(frozen=True)
class Told:
    """What is to be told: a replay each, and the other file's beside it."""

    found: Backtest
    here: Sequence[Subscriber]
    there: Mapping[str, Subscriber]
    """By key; empty without another file."""
    other: str
    """The other file's name as it was typed; empty without one."""
    unknown: Sequence[str]
    """Example papers that the archive does not have."""

    @property
    def pairs(self) -> Iterator[tuple[Replay, Replay | None]]:
        replays = self.found.replays
        for one in self.here:
            yield replays[one], replays[self.there[one.key]] if one.key in self.there else None

    @property
    def only_here(self) -> list[str]:
        return [one.email for one in self.here if self.other and one.key not in self.there]

    @property
    def only_there(self) -> list[str]:
        known = {one.key for one in self.here}
        return [one.email for one in self.there.values() if one.key not in known]


@click.command()
@click.option("--since", required=True, type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The first day.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The last day.  [default: the latest]"
)
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="FILE", help="Beside what this subscribers' file brings."
)
@subscriber_option
@json_option
@click.pass_context
def backtest(
    ctx: click.Context,
    since: datetime,
    until: datetime | None,
    against: Path | None,
    subscriber: str | None,
    machine: bool,
) -> None:
    """What subscribers.yaml would have sent on past days, from the archive alone.

    The days are replayed one after the other: each paper comes once, and what was really sent does not count.
    Nothing is asked of a source, sent or recorded.
    """
    from newsletter.collect import unknown_examples
    from newsletter.subscribers import read
    from newsletter.subscribers.examples import filled

    with app_of(ctx) as app, watching() as progress:
        here = _asked(app.roster(), subscriber)
        there = {one.key: filled(one, app.papers_in) for one in read(against)} if against else {}
        if subscriber:
            there = {one.key: there[one.key] for one in here if one.key in there}
        both = [*here, *(there[one.key] for one in here if one.key in there)]
        found = replayed(app, since.date(), until.date() if until else None, both, progress)
        unknown = unknown_examples(chain.from_iterable(one.examples for one in both), app.archive)
        told = Told(found, here, there, str(against or ""), sorted(unknown))
    if machine:
        click.echo(as_json(_values(told)))
    else:
        _print(told)


def _asked(roster: Iterable[Subscriber], only: str | None) -> list[Subscriber]:
    asked = [one for one in roster if only in (None, one.key, one.email)]
    if only is not None and not asked:
        raise SettingsError(f"no subscriber '{only}'; `newsletter subscribers list` shows them")
    return asked


# -- for programs


def _values(told: Told) -> dict[str, Any]:
    found = told.found
    values: dict[str, Any] = {"since": found.since, "until": found.until, "days": found.days}
    values |= {"lacking": found.lacking, "unknown_examples": told.unknown, "against": told.other or None}
    values |= {"only_here": told.only_here, "only_there": told.only_there}
    return values | {"subscribers": [_pair_values(here, there) for here, there in told.pairs]}


def _pair_values(here: Replay, there: Replay | None) -> dict[str, Any]:
    values = {"key": here.subscriber.key, "email": here.subscriber.email, "here": _replay_values(here)}
    if there is None:
        return values
    return values | {"there": _replay_values(there), "difference": asdict(difference(here, there))}


def _replay_values(replay: Replay) -> dict[str, Any]:
    told = sums(replay)
    return {"editions": [asdict(one) for one in replay.editions], "sums": asdict(told) | {"mean": told.mean}}


# -- for people


def _print(told: Told) -> None:
    for here, there in told.pairs:
        _print_pair(told, here, there)
    for line in _notes(told):
        click.echo(line)


def _print_pair(told: Told, here: Replay, there: Replay | None) -> None:
    reader, found = here.subscriber, told.found
    click.secho(f"{reader.email}  {cadence_text(reader.cadence)}, {found.since} to {found.until}", bold=True)
    if not here.editions and (there is None or not there.editions):
        paused = is_paused(reader, found.until)
        click.echo(f"  {f'paused until {reader.paused_until}' if paused else 'no edition falls on these days'}\n")
        return
    _print_days(told, here, there)
    _print_sums(told, here, there)
    _print_reasons(told, here, there)
    if there is not None:
        _print_difference(told, here, there)


def _print_days(told: Told, here: Replay, there: Replay | None) -> None:
    """A line for each day on which either has an edition."""
    sections = sums(here).sections
    names = [tally.section for tally in sections]
    if there is None:
        rows = [(edition.period.name, *_day(edition, sections)) for edition in here.editions]
        _table(("", *names, "papers"), rows)
        return
    ours = {edition.period.day: edition for edition in here.editions}
    theirs = {edition.period.day: edition for edition in there.editions}
    changed = {change.day: change for change in difference(here, there).days}
    rows = [
        (day.isoformat(), *_day(ours.get(day), sections), _papers(theirs.get(day)), *_signs(changed.get(day)))
        for day in sorted({*ours, *theirs})
    ]
    _table(("", *names, "papers", told.other, "+", "-"), rows)


def _day(edition: Replayed | None, sections: Sequence[Tally]) -> tuple[str, ...]:
    """How many papers each section has, and how many there are."""
    papers = Counter((paper.kind, paper.section) for paper in edition.papers) if edition else Counter()
    return (*(_number(papers[tally.kind, tally.section]) for tally in sections), _papers(edition))


def _papers(edition: Replayed | None) -> str:
    if edition is None:
        return ""
    return "quiet" if edition.quiet else str(len(edition.papers))


def _signs(change: Changed | None) -> tuple[str, str]:
    return (_number(len(change.here)), _number(len(change.there))) if change else ("-", "-")


def _number(number: int) -> str:
    return str(number) if number else "-"


def _print_sums(told: Told, here: Replay, there: Replay | None) -> None:
    columns = [sums(replay) for replay in (here, there) if replay is not None]
    rows: list[tuple[str, ...]] = [
        ("editions", *(str(one.editions) for one in columns)),
        ("quiet", *(str(one.quiet) for one in columns)),
        ("papers", *(str(one.papers) for one in columns)),
        ("papers an edition", *(f"{one.mean:.1f}" for one in columns)),
        ("empty sections", *(f"{one.empty:.0%}" for one in columns)),
        ("mean score", *(_score(one.score) for one in columns)),
    ]
    tallies = [{(tally.kind, tally.section): tally for tally in one.sections} for one in columns]
    for key in dict.fromkeys(key for one in tallies for key in one):
        rows.append((key[1], *(_tally(one.get(key)) for one in tallies)))
    _table(("", OURS, told.other) if there is not None else ("", ""), rows)


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.2f}"


def _tally(tally: Tally | None) -> str:
    if tally is None:
        return ""
    score = f", mean score {tally.score:.2f}" if tally.score is not None else ""
    return f"{tally.papers} papers on {tally.days} days{score}"


def _print_reasons(told: Told, here: Replay, there: Replay | None) -> None:
    reasons, unmet = sums(here).reasons, sums(here).unmet
    if reasons:
        click.echo("  most frequent reasons: " + ", ".join(f"{reason} {number}" for reason, number in reasons))
    for wish in unmet:
        click.echo(f"  {_unmet(wish)} in {told.found.days} days")
    for wish in sums(there).unmet if there is not None else ():
        if wish not in unmet:
            click.echo(f"  {told.other}: {_unmet(wish)} in {told.found.days} days")
    click.echo()


def _unmet(wish: Wish) -> str:
    return f"{wish.kind} '{wish.text}' ({wish.interest}) brought nothing"


def _print_difference(told: Told, here: Replay, there: Replay) -> None:
    found = difference(here, there)
    if not found.days:
        click.echo(f"  {OURS} and {told.other} bring the same papers on the same days\n")
        return
    _table(("", f"only {OURS}", f"only {told.other}", "both"), [*map(_shared, found.sections), _shared(found.total)])
    click.echo(f"  + only in {OURS}, - only in {told.other}")
    for change in found.days:
        click.echo(f"  {change.day}")
        _print_papers("+", "green", change.here, told.other, _days(there))
        _print_papers("-", "red", change.there, OURS, _days(here))
    click.echo()


def _days(replay: Replay) -> dict[str, date]:
    return {paper.id: edition.period.day for edition in replay.editions for paper in edition.papers}


def _shared(one: Shared) -> tuple[str, ...]:
    return (one.section or "all", str(one.here), str(one.there), str(one.both))


def _print_papers(sign: str, colour: str, papers: Sequence[Shown], other: str, days: Mapping[str, date]) -> None:
    """A line each, with the day on which the other file brings the paper, if it does."""
    for paper in papers:
        moved = f", {other} on {days[paper.id]}" if paper.id in days else ""
        click.secho(f"    {sign} {readable(paper.title)}  [{paper.section}{moved}]", fg=colour)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """As wide as the terminal; without one plain, and so wide that nothing is cut."""
    from rich import box
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table

    terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, show_header=any(columns))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=not terminal, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(width=None if terminal else WIDE, markup=False, highlight=False, emoji=False)
    with console.capture() as kept:
        console.print(Padding(table, (0, 0, 0, 2), expand=False))
    lines = [line.rstrip() for line in kept.get().splitlines()]
    click.echo("\n".join(lines).strip("\n") + "\n")


# -- once, at the end


def _notes(told: Told) -> Iterator[str]:
    found = told.found
    if not told.here:
        yield f"{OURS} lists nobody"
    if told.only_here:
        yield f"only in {OURS}: {', '.join(told.only_here)}"
    if told.only_there:
        yield f"only in {told.other}: {', '.join(told.only_there)}"
    if found.lacking:
        lacking = f"the archive lacks {len(found.lacking)} of the days: {_spans(found.lacking)}"
        yield f"{lacking}; `newsletter fetch --since {found.lacking[0]}` collects them"
    if told.unknown:
        yield f"{_unknown(told.unknown)}; `newsletter preview` looks up those of {OURS}"
    if any(any(replay.papers) for replay in found.replays.values()):
        yield "upvotes are those that the archive knows now, not those of each day; every list is a whole day's"


def _spans(days: Sequence[date]) -> str:
    """Days that follow each other as one span; only the first few spans are named."""
    spans: list[list[date]] = []
    for day in days:
        if spans and day - spans[-1][-1] == timedelta(days=1):
            spans[-1].append(day)
        else:
            spans.append([day])
    named = [f"{one[0]} to {one[-1]}" if len(one) > 1 else f"{one[0]}" for one in spans[:NAMED]]
    return ", ".join(named) + (f" and {len(spans) - NAMED} more" if len(spans) > NAMED else "")


def _unknown(ids: Sequence[str]) -> str:
    """Example papers change the ranking only when their text is known."""
    number = "1 example paper is" if len(ids) == 1 else f"{len(ids)} example papers are"
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return f"{number} not in the archive and did not count: {', '.join(ids[:NAMED])}{more}"
