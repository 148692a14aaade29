"""Who carries messages: the contract, and the table of those that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

from newsletter.errors import SettingsError
from newsletter.models import Message, Outcome
from newsletter.pace import Pace
from newsletter.providers import brevo, file, mailgun, postmark, resend, sendgrid, ses, smtp
from newsletter.settings import Settings
from newsletter.typed import nearest


class Provider(Protocol):
    """Carries messages."""

    pace: Pace
    """How fast, and what its answers did to that."""

    @property
    def hands(self) -> int:
        """How many processes may have one each, when each takes its part of it."""

    @property
    def batch(self) -> int:
        """How many messages one call takes; what is in doubt after a crash."""

    @property
    def idempotent_for(self) -> timedelta:
        """How long a repeated key is recognised; zero: never."""

    def send(self, messages: Sequence[Message], key: str) -> list[Outcome]:
        """Sends each message once; answers in the same order. Raises only `Halt`."""

    def check(self) -> str:
        """Logs in without sending and says how it went, in a sentence. Raises `Halt` with the cure."""

    def hosts(self) -> tuple[str, ...]:
        """The hosts it talks to."""

    def close(self) -> None:
        """Ends its connections."""


Clock: TypeAlias = Callable[[], datetime]
Opener: TypeAlias = Callable[[str, Settings, int, Clock], Provider]
"""Opens a provider for one of so many processes; Amazon has the time signed, others need no clock."""

PROVIDERS: Mapping[str, Opener] = {
    "file": file.open_provider,
    "smtp": smtp.open_provider,
    "resend": resend.open_provider,
    "ses": ses.open_provider,
    "postmark": postmark.open_provider,
    "sendgrid": sendgrid.open_provider,
    "mailgun": mailgun.open_provider,
    "brevo": brevo.open_provider,
}


def open_provider(settings: Settings, share: int = 1, clock: Clock = lambda: datetime.now(UTC)) -> Provider:
    """The first provider that the settings name, for one of `share` processes; nothing is connected yet."""
    spec = settings.providers[0]
    name = called(spec)
    opener = PROVIDERS.get(name)
    if opener is None:
        hint = nearest(name, PROVIDERS) or f"; this version has {', '.join(PROVIDERS)}"
        raise SettingsError(f"{settings.origin('provider')}: unknown provider '{name}'{hint}")
    return opener(spec, settings, share, clock)


def links(settings: Settings) -> list[Settings]:
    """The settings with each provider alone, in their order."""
    specs = settings.providers
    if len(specs) > 1 and "file" in map(called, specs):
        raise SettingsError(
            f"{settings.origin('providers')}: `file` carries nothing; leave it out beside other providers"
        )
    return [replace(settings, providers=(spec,)) for spec in specs]


def is_rehearsal(settings: Settings) -> bool:
    """Whether messages only go into files: such editions are no deliveries once a real provider is set."""
    return all(called(spec) == "file" for spec in settings.providers)


def called(spec: str) -> str:
    """The provider's name: `ses` of `ses:eu-west-1?rate=14/s`."""
    return re.split("[:?]", spec, maxsplit=1)[0]
