"""Who reads: add, pause, resume, remove; in the files, whose comments, order and style stay, or signed up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import click

from newsletter.app import App, clock
from newsletter.cli import signed
from newsletter.cli.opening import app_of, as_json, json_option, subscribers_of
from newsletter.errors import SettingsError, SubscriberError
from newsletter.library import zotero
from newsletter.models import Subscriber
from newsletter.readers.signups import Signup
from newsletter.subscribers import words
from newsletter.subscribers.change import added, changed, removed
from newsletter.subscribers.examples import example
from newsletter.subscribers.file import SUFFIXES, files_of, text_of
from newsletter.subscribers.pen import Entry, Typed
from newsletter.subscribers.writing import Place, place, place_in, placed, rewrite
from newsletter.typed import address, line

Told: TypeAlias = Mapping[str, str | int | None]
"""Who, where they stand in the files (None: they signed up), and what became of them."""
file_option = click.option("--file", "into", metavar="F", help="Which file, where there are several.")


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option("--name", metavar="N", help="How the edition greets them.")
@click.option("--interest", "interests", multiple=True, metavar="I", help="What to read about; can be repeated.")
@click.option("--keyword", "keywords", multiple=True, metavar="W", help="A word of that interest; can be repeated.")
@click.option("--like", "likes", multiple=True, metavar="PAPER", help="An example of it: arXiv id, DOI or address.")
@click.option("--cadence", metavar="C", help="daily, weekdays, weekly [friday] or monthly.")
@click.option("--send-at", metavar="HH:MM", help="When, in their time zone.")
@click.option("--timezone", metavar="Z", help="Where their days begin, as Europe/Paris.")
@file_option
@json_option
@click.pass_context
def add(ctx: click.Context, /, addresses: tuple[str, ...], into: str | None, machine: bool, **typed: Any) -> None:
    """Add ADDRESS to subscribers.yaml.

    What is not said is as `defaults:` has it. There is more that can be set: `newsletter subscribers edit ADDRESS` opens
    the file there.
    """
    path = subscribers_of(ctx)
    file = chosen(path, into)
    if typed["name"] and len(addresses) > 1:
        raise SettingsError("--name is one person's: add the addresses one by one")
    if into is None:
        text_of(file)  # that it is not there is no reason to begin one in the wrong folder
    entries = [_entry(one, typed) for one in addresses]

    def change(text: str) -> str:
        for entry in entries:
            _refuse_known(path, str(entry["email"]))
        return added(text or _begun(path, file), entries)

    text = rewrite(path, file, change)
    found = [_found(text, file, str(entry["email"])) for entry in entries]
    _tell_all([_object(path, one, _reads(one.subscriber)) for one in found], machine)


@click.command()
@click.argument("who", metavar="ADDRESS")
@click.option("--until", metavar="YYYY-MM-DD", help="Their first day with an edition again; without it, until resumed.")
@json_option
@click.pass_context
def pause(ctx: click.Context, who: str, until: str | None, machine: bool) -> None:
    """Send ADDRESS nothing for a while.

    Afterwards one edition covers the time between (31 days at most).
    """
    day = _checked("--until", words.day, until) if until else words.FOREVER
    if day <= clock().date():
        raise SettingsError(f"--until: {day} is not in the future; write the first day with an edition again")
    _tell(_paused(ctx, who, day), machine)


@click.command()
@click.argument("who", metavar="ADDRESS")
@json_option
@click.pass_context
def resume(ctx: click.Context, who: str, machine: bool) -> None:
    """Send ADDRESS editions again, from the next one on."""
    _tell(_paused(ctx, who, None), machine)


def _paused(ctx: click.Context, who: str, until: date | None) -> Told:
    """Sends somebody nothing until that day, or again."""
    path = subscribers_of(ctx)
    listed = place(files_of(path), who)
    with app_of(ctx) as app:
        if listed is None:
            one = signed.found(app, path, who)
            signed.pause(app, one, until)
            return _of_signup(one.subscriber.email, _said(one.subscriber.paused_until, until))
        _refuse_what_they_chose(app, listed.subscriber)
    value = until.isoformat() if until else None
    found = _rewritten(path, who, lambda one: {"paused_until": value} if one.paused_until != until else {})
    if until is None and found.subscriber.paused_until:
        raise SubscriberError(f"{found.file}: {who} is paused by `defaults:`; take `paused_until` out there")
    return _object(path, found, _said(listed.subscriber.paused_until, until))


def _said(before: date | None, until: date | None) -> str:
    if until is None:
        return "gets editions again" if before else "was not paused"
    return paused(until)


def _refuse_what_they_chose(app: App, one: Subscriber) -> None:
    """What readers chose on the web wins: what is written into the file would change nothing."""
    chosen = app.overrides.of([one.key]).get(one.key, {})
    if "paused_until" in chosen:
        said = paused(chosen["paused_until"]) if chosen["paused_until"] else "not paused"
        cure = f"`newsletter subscribers adopt {one.email}` writes it there, and then it can be changed here"
        raise SubscriberError(f"{one.email} chose '{said}' on the web, which wins over the file; {cure}")


@click.command()
@click.argument("who", nargs=-1, required=True, metavar="ADDRESS...")
@json_option
@click.pass_context
def remove(ctx: click.Context, who: tuple[str, ...], machine: bool) -> None:
    """Take ADDRESS out of subscribers.yaml, or erase who signed up.

    What was sent to who stood in a file stays in the ledger, and that they are not to be written to in the suppressions:
    who is added again gets no paper twice. Of who signed up everything is removed, as on their own page; what stays is a
    hash by which no import brings them back.
    """
    path = subscribers_of(ctx)
    with app_of(ctx) as app:
        people = [place(files_of(path), name) or signed.found(app, path, name) for name in who]
        told = [_removed(app, path, one) for one in people]
    _tell_all(told, machine)


def _removed(app: App, path: Path, one: Place | Signup) -> Told:
    if isinstance(one, Signup):
        signed.erase(app, one)
        return _of_signup(one.subscriber.email, signed.ERASED)
    rewrite(path, one.file, partial(_without, one.file, one.subscriber.key))
    said = "removed; what they were sent, and whether they may be written to, is remembered"
    if (twin := app.signups.at(one.subscriber.email)) and twin.status == "confirmed":
        said = "removed from the file; they signed up too, and read on as that: the same again erases it"
    return _object(path, one, said)


def _without(file: Path, who: str, text: str) -> str:
    return removed(text, _found(text, file, who).number)


def chosen(path: Path, into: str | None) -> Path:
    """The file that is meant: named by itself or in the folder, with or without its ending; else the first one."""
    files, folder = files_of(path), path.with_suffix("")
    if into is None:
        return files[0]
    given = (path.parent / into).resolve()
    for file in files:
        if given == file.resolve() or into in (file.name, file.stem):
            return file
    new = folder / (into if Path(into).suffix in SUFFIXES else f"{into}.yaml")
    if given.parent == folder.resolve() and given.suffix in SUFFIXES:
        return folder / given.name
    if Path(into).name != into or into.startswith("."):
        raise SettingsError(f"--file: {into} is not read; name a file in {folder.name}/, as {folder.name}/robots.yaml")
    return new


def _begun(path: Path, file: Path) -> str:
    """The beginning of a new file."""
    there = file != path and path.with_name("subscribers.schema.json").exists()
    return "# yaml-language-server: $schema=../subscribers.schema.json\n" if there else ""


def _entry(email: str, typed: Mapping[str, Any]) -> Entry:
    """What is to be written of one of them, by key."""
    entry: dict[str, Typed] = {"email": _checked("ADDRESS", address, email)}
    entry |= {key: _checked(option, meaning, typed[key]) for key, (option, meaning) in _OPTIONS.items() if typed[key]}
    if typed["keywords"] or typed["likes"] or typed["interests"]:
        entry["interests"] = _interests(typed["interests"], typed["keywords"], typed["likes"])
    return entry


def _interests(names: tuple[str, ...], keywords: tuple[str, ...], likes: tuple[str, ...]) -> tuple[Entry, ...]:
    if (keywords or likes) and len(names) != 1:
        raise SettingsError("--keyword and --like describe one interest: give --interest once, and `edit` for more")
    for paper in likes:
        if not paper.lower().endswith(".bib") and not _checked("--like", zotero.name_in, paper):
            _checked("--like", example, paper)
    more: dict[str, Typed] = {"keywords": keywords, "like": likes}
    plain = [_checked("--interest", line(200), name) for name in names]
    return tuple({"name": name, **{key: value for key, value in more.items() if value}} for name in plain)


_OPTIONS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "name": ("--name", line(200)),
    "timezone": ("--timezone", words.zone),
    "cadence": ("--cadence", lambda text: words.cadence_text(words.cadence(text))),
    "send_at": ("--send-at", lambda text: f"{words.clock(text):%H:%M}"),
}
"""What an option's text becomes in the file."""


def _checked(option: str, meaning: Callable[[str], Any], text: str) -> Any:
    try:
        return meaning(text)
    except ValueError as error:
        raise SettingsError(f"{option}: {error}") from error


def _refuse_known(path: Path, email: str) -> None:
    try:
        found = place(tuple(file for file in files_of(path) if file.exists()), email)
    except SubscriberError:  # the change says what is wrong with the file
        return
    if found:
        cure = f"`newsletter subscribers edit {email}` opens that entry"
        raise SubscriberError(f"{found.file}:{found.line}: {email} is here already; {cure}")


def _rewritten(path: Path, who: str, values: Callable[[Subscriber], Mapping[str, Typed | None]]) -> Place:
    """Gives keys of one subscriber other values, and returns where they are now."""
    found = placed(path, who)

    def change(text: str) -> str:
        now = _found(text, found.file, who)
        return changed(text, {now.number: values(now.subscriber)})

    return _found(rewrite(path, found.file, change), found.file, who)


def _found(text: str, file: Path, who: str) -> Place:
    """Where they are in the text as it is now."""
    found = place_in(text, file, who)
    if found is None:
        raise SubscriberError(f"{file}: {who} was taken out of this file meanwhile")
    return found


def _reads(one: Subscriber) -> str:
    names = ", ".join(interest.name for interest in one.interests) or "what is trending"
    return f"{words.cadence_text(one.cadence)} at {one.send_at:%H:%M} {one.timezone}: {names}"


def paused(day: date) -> str:
    """Until when, in words."""
    return "paused until resumed" if day == words.FOREVER else f"paused until {day}"


def _tell(told: Told, machine: bool) -> None:
    click.echo(as_json(told) if machine else _line(told))


def _tell_all(told: list[Told], machine: bool) -> None:
    click.echo(as_json(told) if machine else "\n".join(map(_line, told)))


def _line(told: Told) -> str:
    where = f"{told['file']}:{told['line']}" if told["file"] else "signed up"
    return f"{where}: {told['email']}  {told['said']}"


def _object(path: Path, found: Place, said: str) -> Told:
    where = str(found.file.relative_to(path.parent))
    return {"email": found.subscriber.email, "file": where, "line": found.line, "said": said}


def _of_signup(email: str, said: str) -> Told:
    return {"email": email, "file": None, "line": None, "said": said}
