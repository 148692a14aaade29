"""Who carries messages: the contract, and the table of those that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
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


Opener: TypeAlias = Callable[[str, Settings, int], Provider]
"""Opens a provider for one of so many processes."""

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


def open_provider(settings: Settings, share: int = 1) -> Provider:
    """The provider that the settings name, for one of `share` processes; nothing is connected yet."""
    if len(settings.providers) > 1:
        raise SettingsError(
            f"{settings.origin('providers')}: {len(settings.providers)} providers: this version carries no fallback "
            f"chain; name one, for instance provider: {settings.providers[0]}"
        )
    spec = settings.providers[0]
    name = called(spec)
    opener = PROVIDERS.get(name)
    if opener is None:
        hint = nearest(name, PROVIDERS) or f"; this version has {', '.join(PROVIDERS)}"
        raise SettingsError(f"{settings.origin('provider')}: unknown provider '{name}'{hint}")
    return opener(spec, settings, share)


def is_rehearsal(settings: Settings) -> bool:
    """Whether messages only go into files: such editions are no deliveries once a real provider is set."""
    return all(called(spec) == "file" for spec in settings.providers)


def called(spec: str) -> str:
    """The provider's name: `ses` of `ses:eu-west-1?rate=14/s`."""
    return re.split("[:?]", spec, maxsplit=1)[0]
