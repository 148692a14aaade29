"""Settings: `newsletter.yaml`, the environment and `secrets.env` of a home, read once, every fault named with its place."""

from __future__ import annotations

import os
import re
import secrets as random_secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from newsletter import yamltext
from newsletter.errors import SettingsError
from newsletter.typed import address, choice, duration, integer, line, listed, mailbox, nearest, quoted
from newsletter.yamltext import Fields, Items, Text

FILE: Final = "newsletter.yaml"
SECRETS: Final = "secrets.env"
SHORTEST_SECRET: Final = 16
"""Characters of a secret for signed links; a made one has 43 (256 bits)."""

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
# Kubernetes puts these into every container beside a Service that is called "newsletter" (v1 API, 2026-11).
_KUBERNETES = re.compile(r"NEWSLETTER_(SERVICE_.*|PORT(_.*)?)")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a home is set to. Paths in it are absolute; secrets are not in its repr."""

    home: Path
    name: str = "Daily Papers"
    sender_name: str = ""
    """The display name of `from`; the newsletter's name if `from` has none."""
    sender_address: str = "papers@localhost"
    reply_to: str = ""
    """The address for replies and for unsubscribing by mail; the sender's if none is set."""
    postal_address: str = ""
    """Lines, separated by \\n."""
    base_url: str = ""
    """Without a slash at its end; empty where there are no web pages."""
    sources: tuple[str, ...] = ("huggingface",)
    providers: tuple[str, ...] = field(default=("file:outbox",), repr=False)
    database: str = field(default="sqlite:///newsletter.db", repr=False)
    archive: str = field(default="sqlite:///archive.db", repr=False)
    min_papers: int = 1
    max_age: timedelta = timedelta(days=2)
    give_up_after: timedelta = timedelta(hours=6)
    queue: str = "inline"
    in_doubt: Literal["resend", "hold"] = "resend"
    templates: Path | None = None
    hf_endpoint: str = "https://huggingface.co"
    hf_token: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """For signed links: the first signs, all verify."""
    variables: Mapping[str, str] = field(default=MappingProxyType({}), repr=False, compare=False)
    """The environment over `secrets.env`: where `secret` looks."""
    origins: Mapping[str, str] = field(default=MappingProxyType({}), repr=False, compare=False)

    def __post_init__(self) -> None:
        home = self.home.absolute()
        settled = {
            "home": home,
            "sender_name": self.sender_name or self.name,
            "reply_to": self.reply_to or self.sender_address,
            "database": _located(self.database, home),
            "archive": _located(self.archive, home),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def secret(self, name: str) -> str:
        """A provider's secret by the variable it calls it (`SMTP_PASSWORD`); empty if it is nowhere."""
        return self.variables.get(name, "")

    def origin(self, key: str) -> str:
        """Where a value came from, for errors: `newsletter.yaml:4`, `NEWSLETTER_SOURCES` or `default`."""
        return self.origins.get({"providers": "provider"}.get(key, key), "default")

    @property
    def shared(self) -> bool:
        """Whether other machines may use the same database."""
        return not self.database.startswith("sqlite:")


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: what docs print, `check` explains and `load` reads."""

    key: str
    """As in newsletter.yaml; empty if only the environment has it."""
    variable: str
    default: str
    """As it would be typed."""
    meaning: str
    name: str = ""
    """Of the field in `Settings`; empty where it is not a field of its own."""
    read: Callable[[str], Any] = field(default=str.strip, repr=False)
    many: bool = False


@dataclass(frozen=True, slots=True)
class _Typed:
    """The texts of one setting, where they stand for an error, and for `origin`."""

    texts: tuple[str, ...]
    place: str
    origin: str


def load(home: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of `home`. Raises SettingsError with every fault, one a line."""
    _check_home(home)
    faults: list[str] = []
    kept = _read_secrets(home, faults)
    variables = {name: value for name, (value, _) in kept.items()} | {k: v for k, v in environ.items() if v.strip()}
    typed = _from_file(home / FILE, faults) | _from_variables(environ, kept, faults)
    values = {key.name: _value(key, typed[_id(key)], faults) for key in KEYS if key.name and _id(key) in typed}
    values |= dict(zip(("sender_name", "sender_address"), values.pop("from", None) or ("", _USUAL_SENDER), strict=True))
    origins = {name: one.origin for name, one in typed.items()}
    _check_folders(home, values, faults)
    if faults:
        raise SettingsError("\n".join(dict.fromkeys(faults)))
    return Settings(home=home, variables=variables, origins=origins, **values)
