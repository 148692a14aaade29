"""Setting up: init writes the files to edit, check says in words what works and how to mend what does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tzlocal import get_localzone_name

from newsletter.app import App
from newsletter.cli.opening import app_of, as_json, json_option
from newsletter.errors import NewsletterError, SettingsError
from newsletter.files.whole import replacing
from newsletter.providers import is_rehearsal, smtp_spec
from newsletter.readership import Readership
from newsletter.settings import Settings
from newsletter.text import without_query

if TYPE_CHECKING:
    from newsletter.maildomain import Ask

FILES = {"subscribers.yaml": "subscribers.yaml", "newsletter.yaml": "newsletter.yaml", ".gitignore": "gitignore"}
SCHEMA = "subscribers.schema.json"


@click.command()
@click.argument("email", default="you@example.org")
@click.pass_context
def init(ctx: click.Context, email: str) -> None:
    """Write subscribers.yaml (for EMAIL), newsletter.yaml and .gitignore; files that exist stay as they are.

    Beside them subscribers.schema.json, with which editors complete and check subscribers.yaml while typing, also
    offline; a later `init` renews it.
    """
    from newsletter.render import default_templates

    home = Path(ctx.obj["home"])
    if any(c in email for c in "\r\n\"'{}#:") or "@" not in email:
        raise SettingsError(f"{email!r} is not an address; write for instance: newsletter init ada@example.org")
    for name, template in FILES.items():
        text = (default_templates() / "home" / template).read_text("utf-8")
        text = text.replace("{{ email }}", email).replace("{{ timezone }}", get_localzone_name() or "UTC")
        click.echo(_write_new(home / name, text))
    click.echo(_write_schema(home / SCHEMA))
    click.echo("next: edit subscribers.yaml, then `newsletter check` and `newsletter preview`")


def _write_schema(path: Path) -> str:
    if not path.exists():
        return _write_new(path, _schema())
    if path.read_text("utf-8", "replace") == _schema():
        return f"kept   {path} (it is there already)"
    with replacing(path) as file:
        file.write(_schema().encode())
    return f"renewed  {path}"


def _schema() -> str:
    from newsletter.render import default_templates

    return (default_templates() / "home" / SCHEMA).read_text("utf-8")


def _write_new(path: Path, text: str) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return f"kept   {path} (it is there already)"
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror}; choose another --home") from error
    return f"wrote  {path}"


@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, machine: bool) -> int:
    """Check everything that could go wrong at eight o'clock, each in words, with the cure."""
    with app_of(ctx) as app:
        found = list(_findings(app))
    if machine:
        click.echo(as_json([{"what": what, "state": state, "said": said} for what, state, said in found]))
    else:
        for what, state, said in found:
            click.echo(f"{_MARKS[state]} {what}: {said}")
    broken = {what.split()[0] for what, state, _ in found if state == "broken"}
    return 2 if broken & _SETTINGS else 1 if broken else 0


_SETTINGS = {"subscribers", "design", "queue", "warm-up"}
"""What somebody wrote: a fault in it is wrong settings, anything else is left undone."""
_MARKS = {"ok": "ok     ", "warning": "warning", "broken": "BROKEN "}
Finding = tuple[str, str, str]


def _findings(app: App) -> Iterator[Finding]:
    yield ("home", "ok", str(app.settings.home.resolve()))
    yield ("archive", "ok", app.archive.about())
    risk = app.ledger.risk()
    yield ("database", "broken" if risk else "ok", risk or app.ledger.about())
    yield from _subscribers(app)
    yield from _libraries(app)
    yield from _sources(app)
    if app.vectors:
        yield _tried(f"model {app.vectors.model.name}", app.vectors.check)
    if app.summaries:
        works, said = app.summaries.state(app.clock())
        yield ("summaries", "ok" if works else "warning", said)
    yield _tried("provider", lambda: _provider(app))
    yield from mailbox(app)
    yield from _warm_up(app)
    yield from _published(app)
    yield from sender_domain(app)
    yield from _returning(app)
    yield _tried("queue", lambda: _queue(app))
    yield from _workers(app)
    yield from _publisher(app)
    yield from _operation(app)
    yield _now(app)


def _tried(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return (what, "ok", attempt())
    except NewsletterError as error:
        return (what, "broken", str(error))


def _subscribers(app: App) -> Iterator[Finding]:
    from newsletter.cli.subscribers import counted_subscribers
    from newsletter.collect import unknown_examples

    try:
        everybody = app.roster()
    except NewsletterError as error:
        yield from (("subscribers", "broken", line) for line in str(error).splitlines())
        return
    roster = everybody.file
    yield ("subscribers", "ok", counted_subscribers(roster))
    schema = app.settings.home / SCHEMA
    if schema.exists() and schema.read_text("utf-8", "replace") != _schema():
        yield ("subscribers", "warning", f"{SCHEMA} is of another version; `newsletter init` renews it")
    yield from _sign_ups(app, everybody)
    for design in sorted({design for design, _ in everybody.looks()}):
        yield from _design(app, design)
    for tag in sorted({language for _, language in everybody.looks()}):
        yield from ((f"language {tag}", "warning", fault) for fault in app.renderer.language_faults(tag))
    rated = app.feedback.papers([one.key for one in roster])
    wanted = rated.union(*(one.examples for one in roster))
    for id_ in sorted(wanted & app.archive.missing()):
        yield ("subscribers", "warning", f"example paper {id_} was not found; check the id")
    waiting = unknown_examples(wanted, app.archive)
    if waiting:
        yield ("subscribers", "ok", f"{len(waiting)} example papers will be looked up with the next collection")


def _sign_ups(app: App, everybody: Readership) -> Iterator[Finding]:
    if app.settings.base_url and app.settings.sign_ups:
        where = f"everybody may subscribe on {app.settings.base_url}/subscribe; `sign_ups: off` ends that"
        yield ("sign-ups", "ok", where)
    if number := app.signups.number():
        yield ("sign-ups", "ok", f"{number} read")
    for address in everybody.twins():
        yield ("sign-ups", "ok", f"{address} signed up and is in the file: one reader, as the file has them")
    for address in everybody.erased():
        what = "is in the file, but had everything about them erased, and is not written to: remove them there"
        yield ("subscribers", "warning", f"{address} {what}")


def _libraries(app: App) -> Iterator[Finding]:
    from newsletter import zotero

    for name in _named_libraries(app):
        yield _tried(f"library {name}", partial(zotero.check, name, app.archive, app.reach))


def _named_libraries(app: App) -> tuple[str, ...]:
    try:
        return app.roster().libraries()
    except NewsletterError:  # it was named already
        return ()


def _sources(app: App) -> Iterator[Finding]:
    from newsletter import sources

    for name in app.settings.sources:
        yield _tried(f"source {without_query(name)}", partial(sources.check, name, app.reach))


def _design(app: App, name: str) -> Iterator[Finding]:
    faults = app.renderer.faults(name)
    yield from ((f"design {name}", "broken", fault) for fault in faults)
    if not faults:
        yield _tried(f"design {name}", lambda: f"version {app.renderer.version(name)}")


def _provider(app: App) -> str:
    said = []
    for link in app.links():
        with link.provider() as provider:
            said.append(provider.check())
    return "; when it is away: ".join(said)


def mailbox(app: App) -> Iterator[Finding]:
    """What is known of the mailbox that is sent from, where it is one of those that people have."""
    from newsletter.providers import mailboxes

    settings = app.settings
    if not settings.providers[0].startswith("smtp:"):
        return
    try:
        server = smtp_spec.parse(settings.providers[0], settings.origin("provider"))
        readers = len(app.roster())
    except NewsletterError:  # it was named already
        return
    for one in mailboxes.advice(server, settings.secret("SMTP_PASSWORD"), readers):
        yield ("mailbox", "ok" if one.fine else "warning", one.text)


def _warm_up(app: App) -> Iterator[Finding]:
    """How far a new sender is."""
    from newsletter import warmup

    try:
        found = warmup.standing(app, app.clock())
    except SettingsError as error:
        yield from (("warm-up", "broken", line) for line in str(error).splitlines())
        return
    if found is not None:
        yield ("warm-up", "ok", str(found))


def _published(app: App) -> Iterator[Finding]:
    """How mailbox providers are written to, where that is asked for."""
    from newsletter.limits.shipped import published

    if any(f"domain_rate={smtp_spec.PUBLISHED}" in spec for spec in app.settings.providers):
        families = published().named.values()
        said = ", ".join(f"{one.name} {one.at_once} at once and {one.per_connection} a connection" for one in families)
        yield ("limits", "ok", f"as published: {said}; so a relay's own settings should be")


def sender_domain(app: App, ask: Ask | None = None) -> Iterator[Finding]:
    """What DNS says of the domain that mail is really sent from. DNS that does not answer is nobody's wrong settings."""
    settings = app.settings
    domain = settings.sender_address.rpartition("@")[2]
    if is_rehearsal(settings) or domain == "localhost":
        return
    from newsletter import dkimkeys, maildomain
    from newsletter.maildomain.names import asking

    try:
        by_smtp = settings.providers[0].startswith("smtp:")
        host = smtp_spec.parse(settings.providers[0], settings.origin("provider")).host if by_smtp else ""
        signers = dkimkeys.signers(settings) if by_smtp else ()
    except SettingsError:  # it was named already, with the provider
        return
    for said in maildomain.look(maildomain.Sender(domain, host, signers), ask or asking()):
        yield (said.what, "ok" if said.fine else "warning", said.text)


def _returning(app: App) -> Iterator[Finding]:
    """Whether what comes back by mail is read, and can come back."""
    from newsletter.cli.returning import findings

    yield from findings(app)


def _queue(app: App) -> str:
    from newsletter import queues

    queues.queue(app.settings)
    if app.engine is not None:
        return f"{app.settings.queue}, its tables are there; this version's workers take '{app.engine.queue}'"
    with app.provider() as provider:
        hands = min(queues.hands(app.settings), provider.hands)
    return f"{app.settings.queue}, in {hands} process{'' if hands == 1 else 'es'} where there is much to send"


def _workers(app: App) -> Iterator[Finding]:
    """Whether anybody is there to send, where workers do."""
    if app.engine is not None:
        look = app.engine.look()
        cure = "" if look.workers else "; start `newsletter worker` on some machine"
        yield ("workers", "ok" if look.workers and not look.elsewhere else "warning", f"{look.said()}{cure}")


def _publisher(app: App) -> Iterator[Finding]:
    from newsletter import embeddings, heartbeat, sources, zotero

    settings = app.settings
    if settings.sender_address.endswith("@localhost"):
        yield ("from", "warning", f"mail from {settings.sender_address} is not accepted elsewhere; set `from`")
    if not settings.base_url:
        read = "" if settings.bounces_mailbox else "; name the mailbox that those go to as `bounces_mailbox`"
        told = f"not set: readers unsubscribe by mail, and mail programs show no one-click button{read}"
        yield ("base_url", "warning", told)
    if not settings.postal_address:
        yield ("postal_address", "warning", "not set: several countries demand one in the footer of a newsletter")
    hosts = [*_carriers(app), *(host for name in settings.sources for host in sources.hosts(name, app.reach))]
    hosts += [zotero.host(app.reach)] if _named_libraries(app) else []
    hosts += embeddings.hosts(app.vectors.model, settings.hf_endpoint) if app.vectors else ()
    hosts += app.summaries.hosts() if app.summaries else ()
    hosts += _host_of_mailbox(settings)
    hosts += [heartbeat.host(settings.heartbeat)] if settings.heartbeat else ()
    hosts += [host for host in (app.ledger.host(), app.archive.host()) if host]
    named = ", ".join(dict.fromkeys(hosts))
    yield ("network", "ok", f"talks to {named}, and to nobody else" if named else "talks to nobody")
    stopped = app.ledger.stopped()
    if stopped:
        yield ("sending", "warning", f"stopped since {stopped:%Y-%m-%d %H:%M} UTC; `newsletter resume` goes on")


def _host_of_mailbox(settings: Settings) -> list[str]:
    """Where returned mail is read; nothing of a mailbox that cannot be, which was said already."""
    from newsletter import inbox

    with suppress(NewsletterError):
        return [host] if (host := inbox.host(settings)) else []
    return []


def _carriers(app: App) -> Iterator[str]:
    """The hosts of the providers; none of one that cannot be opened, which was said already."""
    with suppress(NewsletterError):
        for link in app.links():
            with link.provider() as provider:
                yield from provider.hosts()


def _operation(app: App) -> Iterator[Finding]:
    """Who notices when something is wrong."""
    from newsletter import heartbeat

    settings = app.settings
    yield _tried("heartbeat", lambda: heartbeat.check(settings.heartbeat))
    told = f"mailed to {settings.operator}, once a day each" if settings.operator else "in the log and in `status` only"
    hours = settings.alarm_after // timedelta(hours=1)
    patience = f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"
    yield ("alarms", "ok", f"{told}; also when nobody was sent what was due for {patience}")
    yield ("metrics", "ok", _readers_of_metrics(settings))
    yield ("log", "ok", f"{settings.log}, on stderr")


def _readers_of_metrics(settings: Settings) -> str:
    if settings.metrics_token:
        return "/metrics is for who sends NEWSLETTER_METRICS_TOKEN"
    if settings.base_url:
        return "/metrics is closed, as the pages are public; NEWSLETTER_METRICS_TOKEN in secrets.env opens it to who has it"
    return "/metrics is for this machine only; NEWSLETTER_METRICS_TOKEN in secrets.env opens it to who has it"


def _now(app: App) -> Finding:
    now = app.clock()
    return (
        "clock",
        "ok",
        f"{now:%Y-%m-%d %H:%M} UTC; this machine's zone is {os.environ.get('TZ') or get_localzone_name()}",
    )
