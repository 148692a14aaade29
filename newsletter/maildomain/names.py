"""Asks DNS; the one module that knows which library does that."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import dns.exception
import dns.resolver
from dns.rdata import Rdata

from newsletter.maildomain.asked import Ask, Kind, Unanswered

PATIENCE: Final = 4.0
"""Seconds for one question, to all nameservers together."""


def asking(nameserver: tuple[str, int] | None = None, patience: float = PATIENCE) -> Ask:
    """Asks the nameservers of this machine, or the one that is given (address, port); each question once."""

    @cache
    def ask(name: str, kind: Kind) -> tuple[str, ...]:
        try:
            answer = resolver().resolve(f"{name}.", kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.resolver.NoNameservers as error:
            said = [one[4] for one in error.kwargs.get("errors", ()) if one[4] is not None]
            raise Unanswered(f"the nameservers answer {name} with an error", silent=not said) from error
        except dns.exception.Timeout as error:
            raise Unanswered(f"no nameserver answers within {patience:g} seconds", silent=True) from error
        except dns.exception.DNSException as error:
            silent = isinstance(error, dns.resolver.NoResolverConfiguration)
            raise Unanswered(f"{name} cannot be asked for ({error})", silent=silent) from error
        return tuple(sorted(_TEXT[kind](one) for one in answer))

    @cache
    def resolver() -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=nameserver is None)
        if nameserver is not None:
            made.nameservers, made.port = [nameserver[0]], nameserver[1]
        made.lifetime, made.timeout = patience, patience / 2
        return made

    return ask


def _text(record: Rdata) -> str:
    """The strings of a TXT record, which count as one."""
    return b"".join(record.strings).decode("utf-8", "replace")  # type: ignore[attr-defined]


_TEXT: Final[dict[Kind, Callable[[Rdata], str]]] = {
    "TXT": _text,
    "MX": lambda record: f"{record.preference} {record.exchange}".rstrip("."),  # type: ignore[attr-defined]
    "A": str,
    "AAAA": str,
    "NS": str,
}
