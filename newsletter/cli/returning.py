"""What `check` says of mail that comes back: the mailbox, the return path, and what DNS says of its domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from newsletter import inbox
from newsletter.app import App
from newsletter.errors import NewsletterError, SettingsError
from newsletter.providers import called, smtp_spec

if TYPE_CHECKING:
    from newsletter.maildomain import Ask

Finding = tuple[str, str, str]


def findings(app: App, ask: Ask | None = None) -> Iterator[Finding]:
    """Nothing where neither setting is made."""
    settings = app.settings
    if settings.bounces_mailbox:
        yield _mailbox(app)
    elif settings.bounces:
        yield ("bounces", "warning", "nobody reads them: name their mailbox as `bounces_mailbox`")
    if settings.bounces:
        by_smtp = any(called(spec) == "smtp" for spec in settings.providers)
        said = f"each mail's go to an address of its own, {settings.bounces}"
        alone = "only `smtp` uses it; an API tells of bounces by webhook"
        yield ("bounces", "ok" if by_smtp else "warning", said if by_smtp else alone)
        yield from _domain(app, ask)


def _mailbox(app: App) -> Finding:
    try:
        with inbox.opened(app.settings) as opened:
            return ("bounces_mailbox", "ok", opened.check())
    except NewsletterError as error:
        return ("bounces_mailbox", "broken", str(error).removeprefix("bounces_mailbox: "))


def _domain(app: App, ask: Ask | None) -> Iterator[Finding]:
    """The envelope's domain is the one whose SPF counts (RFC 7208 section 2.4); that of `from` is looked at anyway."""
    settings = app.settings
    domain = settings.bounces.rpartition("@")[2]
    if domain == settings.sender_address.rpartition("@")[2] or domain == "localhost":
        return
    from newsletter import maildomain
    from newsletter.maildomain.names import asking

    specs = [spec for spec in settings.providers if called(spec) == "smtp"]
    try:
        host = smtp_spec.parse(specs[0], settings.origin("provider")).host if specs else ""
    except SettingsError:  # it was named already, with the provider
        return
    for said in maildomain.envelope(domain, host, ask or asking()):
        yield (f"bounces {said.what}", "ok" if said.fine else "warning", said.text)
