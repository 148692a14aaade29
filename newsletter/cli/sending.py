"""Sending and its account: send, status, stop, resume."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click

from newsletter import logs
from newsletter.alarms import Alarm
from newsletter.app import App
from newsletter.cli.opening import app_of, as_json, date_option, json_option, subscriber_option
from newsletter.cli.progress import watching
from newsletter.cli.signals import heard
from newsletter.ledger import Account, Person
from newsletter.models import STATES, State
from newsletter.text import without_query

_LEFT: tuple[State, ...] = ("pending", "submitting", "uncertain")


@click.command()
@date_option
@subscriber_option
@click.option("--dry-run", is_flag=True, help="Say what would be sent; send and record nothing.")
@click.option("--test-to", metavar="ADDRESS", help="Send a copy marked [Test] there, outside ledger and seen.")
@click.option("--again", is_flag=True, help="A subscriber's last edition once more, on purpose, recorded as such.")
@click.option(
    "--wait", metavar="TIME", default="0s", help="Stay so long (30m, 2h) and try again who is refused for now."
)
@json_option
@click.pass_context
def send(
    ctx: click.Context,
    day: datetime | None,
    subscriber: str | None,
    dry_run: bool,
    test_to: str | None,
    again: bool,
    wait: str,
    machine: bool,
) -> int:
    """Send to whoever is due, and to whoever still waits.

    --date D is an order: local date D for everybody, whatever the hour. Running the same command again is the
    retry; what was submitted is never sent twice.
    """
    from newsletter import heartbeat, publish, retention, watch
    from newsletter.audience import Order

    if sum((dry_run, test_to is not None, again)) > 1:
        raise click.UsageError("--dry-run, --test-to and --again exclude each other")
    if again and not subscriber:
        raise click.UsageError("--again needs --subscriber: an edition is only repeated for one person, on purpose")
    order = Order(day.date() if day else None, subscriber, _time(wait))
    with app_of(ctx) as app:
        if dry_run:
            return _dry_run(app, order, machine)
        if test_to is not None:
            return _test(app, order, test_to)
        with heard(app.ending), watching() as progress:
            now = app.clock()
            account = publish.again(app, now, order) if again else publish.publish(app, now, order, progress)
        watch.mail(app, _alarms(app, machine), app.clock())
        heartbeat.Heartbeat(app).look()
        waiting = _waiting(app, account) if order.wait and account.left else []
        told = _account(account) | ({"waiting": [asdict(one) for one in waiting]} if order.wait else {})
        click.echo(as_json(told) if machine else sentence(account))
        for one in () if machine else waiting:
            click.echo(f"still waits: {one.address}  {one.period}  {one.reason}".rstrip())
        # Where a timer sends, nothing else would; last, for the account is to be read whatever happens.
        retention.tidy(app, now)
        return _said_stopped(app) or (1 if account.left else 0)


def _time(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})(s|m|h)", text)
    if not found:
        raise click.UsageError(f"--wait {text} is not a time; write 90s, 30m or 2h")
    return timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]])


def _waiting(app: App, account: Account) -> list[Person]:
    """Who has no final state yet."""
    return app.ledger.people(account.occasion, account.day, _LEFT) if account.day else []


def _dry_run(app: App, order: Any, machine: bool) -> int:
    from newsletter import warmup
    from newsletter.editing.edit import quiet_reason
    from newsletter.look import look_at_due, render

    lines: list[dict[str, Any]] = []
    for seen in look_at_due(app, app.clock(), order):
        edition = seen.edition
        quiet = quiet_reason(edition, app.settings.min_papers)
        subject = "" if quiet else render(app, seen).subject
        papers = [match.paper.id for match in edition.matches]
        lines.append({"email": edition.subscriber.email, "period": edition.period.name, "subject": subject})
        lines[-1] |= {"papers": papers, "quiet": quiet}
    if machine:
        click.echo(as_json(lines))
        return 0
    for line in lines:
        said = line["quiet"] or f"{len(line['papers'])} papers  {line['subject']}"
        click.echo(f"{line['email']}  {line['period']}  {said}")
    number = sum(not line["quiet"] for line in lines)
    click.echo(f"{number} of {len(lines)} would be sent; nothing was sent or recorded")
    if (found := warmup.standing(app, app.clock())) is not None:
        click.echo(f"warm-up: {found}")
    if found is not None and found.left is not None and found.left < number:
        click.echo(f"warm-up: {number - found.left:,} of them would be held back until tomorrow")
    return 0


def _test(app: App, order: Any, address: str) -> int:
    from newsletter.look import send_test

    said = send_test(app, app.clock(), order, address)
    click.echo(f"{said}; it is not in the ledger and nothing counts as seen")
    return 0


@click.command()
@date_option
@json_option
@click.option("--who", type=click.Choice(STATES), help="List the people in this state.")
@click.option(
    "--page", is_flag=True, help="Print the address of a page with all figures: for 12 hours, for who has it."
)
@click.pass_context
def status(ctx: click.Context, day: datetime | None, machine: bool, who: State | None, page: bool) -> int:
    """The account of a day (the latest without --date): audience = the six states, exactly.

    Alarms go to stderr, a line each. Exits 1 while somebody has no final state, or an alarm stands.
    """
    with app_of(ctx) as app:
        if page:
            from newsletter.web.admin import link

            click.echo(link(app, app.clock()))
            return 0
        account = app.ledger.account(app.occasion, day.date() if day else None)
        people = app.ledger.people(app.occasion, account.day, [who]) if who and account.day else []
        sources = app.archive.collected(account.day) if account.day else ()
        alarms = _alarms(app, machine)
        if machine:
            told = _account(account) | {"sources": [asdict(state) for state in sources]}
            told |= {"mail_read": _mail_read(app)} if app.settings.bounces_mailbox else {}
            told |= {"stopped": app.ledger.stopped(), "alarms": [asdict(alarm) for alarm in alarms]}
            told |= {"engine": asdict(app.engine.look(done=True))} if app.engine else {}
            click.echo(as_json(told | ({"people": [asdict(one) for one in people]} if who else {})))
        else:
            click.echo(_table(account))
            if app.engine:
                click.echo(f"workers: {app.engine.look(done=True).said()}")
            for state in sources:
                did = f"{state.state}, {state.papers} papers {state.detail}".rstrip()
                click.echo(f"source {without_query(state.source)}: {did}")
            if app.settings.bounces_mailbox:
                counts = ", ".join(f"{number} {kind}" for kind, number in _mail_read(app).items())
                click.echo(f"mail read in the last 7 days: {counts or 'none'}")
            for one in people:
                twice = f"  (taken {one.accepts} times)" if one.accepts > 1 else ""
                click.echo(f"{one.address}  {one.period}  {one.reason or one.receipt}{twice}")
            _said_stopped(app)
        return 1 if account.left or alarms else 0


@click.command()
@click.pass_context
def stop(ctx: click.Context) -> None:
    """No further message is handed over, by any process of this home, within two seconds."""
    with app_of(ctx) as app:
        app.ledger.stop(app.clock())
    click.echo("stopped: nothing more is sent until `newsletter resume`")


@click.command()
@click.pass_context
def resume(ctx: click.Context) -> None:
    """Take the stop back; what waits is sent by the next run."""
    with app_of(ctx) as app:
        was = app.ledger.resume()
    click.echo("resumed: the next run goes on where it stopped" if was else "it was not stopped")


def _mail_read(app: App) -> dict[str, int]:
    """How many mails of each kind came back and were read, of the last seven days."""
    from newsletter.bounces import KINDS

    found = app.bounces.read_since((app.clock() - timedelta(days=6)).date())
    return {kind: found[kind] for kind in KINDS if kind in found}


def sentence(account: Account) -> str:
    """The account in a line, and what was not submitted, a line each."""
    if account.day is None:
        return "nobody is due, and nobody ever was: `newsletter send --date YYYY-MM-DD` orders an edition"
    counts = ", ".join(f"{account.counts[state]} {state}" for state in STATES if account.counts[state])
    called = "" if account.occasion == "regular" else f" ({account.occasion})"
    lines = [f"{account.day}{called}: {account.audience} readers: {counts or 'nobody'}"]
    return "\n".join(lines + [f"  {number} {reason}" for reason, number in account.reasons.items()])


def _table(account: Account) -> str:
    if account.day is None:
        return "nothing was planned yet"
    rows = [("audience", account.audience), *((state, account.counts[state]) for state in STATES)]
    lines = [f"{account.day} {'' if account.occasion == 'regular' else account.occasion}".rstrip()]
    lines += [f"  {name:<11}{number:>9}" for name, number in rows]
    return "\n".join(lines + [f"  {number} {reason}" for reason, number in account.reasons.items()])


def _account(account: Account) -> dict[str, Any]:
    counts = {state: account.counts[state] for state in STATES}
    told: dict[str, Any] = {"date": account.day, "occasion": account.occasion, "audience": account.audience}
    return told | counts | {"reasons": dict(account.reasons)}


def _alarms(app: App, machine: bool) -> tuple[Alarm, ...]:
    """The alarms that stand, each said in a line to who is no machine."""
    from newsletter.watch import standing

    alarms = standing(app, app.clock())
    for alarm in () if machine else alarms:
        logs.say(f"alarm: {alarm.name}: {alarm.text}", logging.ERROR)
    return alarms


def _said_stopped(app: App) -> int:
    since = app.ledger.stopped()
    if since is None:
        return 0
    logs.say(f"sending is stopped since {since:%Y-%m-%d %H:%M} UTC; `newsletter resume`", logging.WARNING)
    return 1
