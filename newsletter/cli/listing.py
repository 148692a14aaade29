"""Looking at everybody, of the files and signed up: list, show."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final, get_args

import click

from newsletter.app import App
from newsletter.census import Census, Listed
from newsletter.cli.changing import paused
from newsletter.cli.opening import app_of, as_json, json_option, objects
from newsletter.errors import SubscriberError
from newsletter.models import Interest, Subscriber
from newsletter.readers.consents import Consent
from newsletter.readers.signups import Signup, Status
from newsletter.subscribers import roster, words
from newsletter.subscribers.adopt import typed
from newsletter.subscribers.writing import nobody
from newsletter.text import line

SIGNED_UP: Final = "signed up"
BY_THEMSELVES: Final = "by the reader on the web"
_WHEN: Final = ("cadence", "send_at", "timezone")


@click.command("list")
@click.option("--status", type=click.Choice(get_args(Status)), help="Only who is that.")
@json_option
@click.pass_context
def list_(ctx: click.Context, status: Status | None, machine: bool) -> None:
    """Everybody in the files and who signed up, a line each.

    First where they stand, then how it stands with them, then what they read and when.
    """
    with app_of(ctx) as app:
        today, home = app.clock().date(), app.settings.home
        pages = census_of(app).pages(status)
        told = objects(_told(one, home) for page in pages for one in page)
        for text in told if machine else (_lines(page, home, today) for page in pages):
            sys.stdout.write(text)


@click.command()
@click.argument("address")
@json_option
@click.pass_context
def show(ctx: click.Context, address: str, machine: bool) -> None:
    """One subscriber with everything that counts for their edition, and what they agreed to.

    Defaults are included, and what a reader of the files changed on the web is marked.
    """
    with app_of(ctx) as app:
        found = census_of(app).named(address)
        if found is None:
            raise SubscriberError(nobody(app.settings.home / "subscribers.yaml", address))
        said = app.consents.of(found.signup.key if found.signup else found.subscriber.key)
        shown = Shown(found, tuple(said), app.settings.home, app.clock().date())
    click.echo(as_json(shown.told()) if machine else "\n".join(shown.lines()))


def census_of(app: App) -> Census:
    """Everybody of this home; libraries among their examples by their names, as the file has them."""
    file = roster(app.settings.home / "subscribers.yaml", lambda library: (library,))
    return Census(file, app.overrides, app.signups, app.suppressions)


# -- a line each


def _lines(page: Sequence[Listed], home: Path, today: date) -> str:
    """The lines of some hundreds, in columns."""
    rows = [(place(one, home), one.subscriber.email, _standing(one, today), reads(one.subscriber)) for one in page]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) + "\n"
        for row in rows
    )


def place(one: Listed, home: Path) -> str:
    """Where somebody stands: `subscribers.yaml:5`, or `signed up`."""
    if one.entry is None:
        return SIGNED_UP
    file = one.entry.file
    return f"{file.relative_to(home) if file.is_relative_to(home) else file}:{one.entry.line}"


def _standing(one: Listed, today: date) -> str:
    """Whether they get editions: `confirmed`, `paused until 2026-12-24`, `bounced`."""
    if one.erased:
        return "erased"
    if one.suppressed or one.status != "confirmed":
        reason = one.suppressed.reason if one.suppressed else one.status
        return "suppressed" if reason == "operator" else reason
    until = one.subscriber.paused_until
    return paused(until) if until and until > today else "confirmed"


def reads(one: Subscriber) -> str:
    """When and what: `daily 08:00 UTC  Robots, Flows`."""
    names = ", ".join(line(interest.name, 60) for interest in one.interests) or "trending only"
    return f"{words.cadence_text(one.cadence)} {one.send_at:%H:%M} {one.timezone}  {names}"


def _told(one: Listed, home: Path) -> dict[str, Any]:
    reader = {field.name: getattr(one.subscriber, field.name) for field in fields(Subscriber)}
    times = {"asked_at": one.signup.asked_at, "confirmed_at": one.signup.confirmed_at} if one.signup else {}
    reason = one.suppressed.reason if one.suppressed else None
    return {**reader, "from": place(one, home), "status": one.status, "suppressed": reason, **times}


# -- one of them


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is shown of somebody."""

    listed: Listed
    said: tuple[Consent, ...]
    home: Path
    today: date

    def told(self) -> dict[str, Any]:
        """The same for programs."""
        one = self.listed
        changed = {name: typed(value) for name, value in (one.changed or {}).items()}
        no = {"suppressed": asdict(one.suppressed) if one.suppressed else None, "erased": one.erased}
        consents = [asdict(each) | {"version": each.version} for each in self.said]
        return _told(one, self.home) | asdict(one.subscriber) | no | {"changed": changed, "consents": consents}

    def lines(self) -> Iterator[str]:
        """The same for people."""
        one = self.listed.subscriber
        yield f"{one.name or one.email} <{one.email}>"
        yield f"  {place(self.listed, self.home)}, {self.listed.status}"
        yield from (f"  {text}" for text in self._how_they_came())
        yield from (f"  {text}" for text in self._not_written_to())
        yield f"  {words.cadence_text(one.cadence)} at {one.send_at:%H:%M} {one.timezone}{self._chosen(*_WHEN)}"
        yield f"  at most {one.max_papers} papers, {one.trending} of them trending"
        if one.paused_until or self._chosen("paused_until"):
            until = paused(one.paused_until) if one.paused_until else "not paused"
            yield f"  {until}{' (over)' if one.paused_until and one.paused_until <= self.today else ''}" + self._chosen(
                "paused_until"
            )
        if one.exclude or self._chosen("exclude"):
            yield f"  never: {', '.join(one.exclude) or 'nothing'}{self._chosen('exclude')}"
        for interest in one.interests:
            yield from _interest(interest)
        yield from self._consents()

    def _how_they_came(self) -> Iterator[str]:
        signup = self.listed.signup
        if signup and self.listed.entry:
            yield f"signed up too ({signup.status}), and reads as the file says as long as they stand in it"
        if signup:
            yield _times(signup)

    def _not_written_to(self) -> Iterator[str]:
        no = self.listed.suppressed
        if self.listed.erased:
            yield "not written to: they had everything about them erased"
        if no:
            detail = f", {line(no.detail, 200)}" if no.detail else ""
            yield f"not written to: {no.reason} on {no.at:%Y-%m-%d %H:%M} UTC{detail}"

    def _chosen(self, *names: str) -> str:
        """`, by the reader on the web (the file: not paused)`, where they changed one of these fields."""
        changed, entry = self.listed.changed or {}, self.listed.entry
        if entry is None or not any(name in changed for name in names):
            return ""
        return f", {BY_THEMSELVES} (the file: {_in_the_file(entry.subscriber, names[0])})"

    def _consents(self) -> Iterator[str]:
        if self.said:
            yield "  what they said:"
        for one in self.said:
            its = one.circumstances
            wording = f": {line(its.wording, 300)}" if its.wording else ""
            whence = ", ".join(line(text, 100) for text in (its.network, its.agent) if text)
            yield f"    {one.at:%Y-%m-%d %H:%M} UTC  {one.what} ({its.how}{wording}){f', {whence}' if whence else ''}"


def _times(signup: Signup) -> str:
    asked = f"asked {signup.asked_at:%Y-%m-%d %H:%M} UTC"
    confirmed = f", confirmed {signup.confirmed_at:%Y-%m-%d %H:%M} UTC" if signup.confirmed_at else ", not confirmed"
    again = ", and asked anew what waits for their confirmation" if signup.waiting and signup.confirmed_at else ""
    return f"{asked}{confirmed}{again}"


def _in_the_file(one: Subscriber, name: str) -> str:
    match name:
        case "cadence":
            return f"{words.cadence_text(one.cadence)} at {one.send_at:%H:%M} {one.timezone}"
        case "paused_until":
            return paused(one.paused_until) if one.paused_until else "not paused"
        case _:
            return ", ".join(one.exclude) or "nothing"


def _interest(interest: Interest) -> Iterator[str]:
    yield f"  {interest.name} ({interest.threshold}, weight {interest.weight:g})"
    for name in ("about", "keywords", "authors", "categories", "like", "dislike", "exclude"):
        if value := getattr(interest, name):
            yield f"    {name}: {value if isinstance(value, str) else ', '.join(value)}"
