"""What DNS says of the domain that mail is sent from, and what should be published there: MX, SPF, DKIM, DMARC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from newsletter.dkim import Signer
from newsletter.maildomain import dkim, dmarc, spf
from newsletter.maildomain.asked import Ask, Said, Unanswered

__all__ = ["Ask", "Said", "Sender", "envelope", "look"]

Parts: TypeAlias = tuple[tuple[str, Callable[[], Iterable[Said]]], ...]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and over what."""

    domain: str
    """Of `From` and of the envelope."""
    host: str
    """That takes the mail by SMTP; empty for a provider that signs by itself."""
    signers: tuple[Signer, ...]


def look(sender: Sender, ask: Ask) -> Iterator[Said]:
    """One thing after the other; a single line where DNS says nothing at all."""
    parts: Parts = (
        ("MX", lambda: [_mailbox(sender.domain, ask)]),
        ("SPF", lambda: [spf.look(sender.domain, sender.host, ask)]),
        ("DKIM", lambda: _signatures(sender, ask)),
        ("DMARC", lambda: dmarc.look(sender.domain, [one.domain for one in sender.signers], ask)),
    )
    yield from _each(parts, sender.domain)


def envelope(domain: str, host: str, ask: Ask) -> Iterator[Said]:
    """The same of a domain that is only the envelope's: whether bounces arrive there, and whose SPF counts."""
    parts: Parts = (("MX", lambda: [_mailbox(domain, ask)]), ("SPF", lambda: [spf.look(domain, host, ask)]))
    yield from _each(parts, domain)


def _each(parts: Parts, domain: str) -> Iterator[Said]:
    for what, part in parts:
        try:
            yield from list(part())
        except Unanswered as error:
            if error.silent:
                yield Said("DNS", False, f"{error}, so what {domain} publishes was not looked at")
                return
            yield Said(what, False, f"{error}; this was not looked at")


def _mailbox(domain: str, ask: Ask) -> Said:
    """Whether replies and bounces arrive anywhere (RFC 5321 section 5.1, RFC 7505)."""
    hosts = [one.partition(" ")[2] for one in ask(domain, "MX")]
    if any(hosts):
        return Said("MX", True, f"mail to {domain} goes to {', '.join(hosts[:3])}")
    if hosts:
        why = f"{domain} says that it takes no mail"
    elif ask(domain, "A") or ask(domain, "AAAA"):
        return Said("MX", True, f"mail to {domain} goes to that host itself, as it has no MX record")
    elif not ask(top := domain.rpartition(".")[2], "NS"):  # a network of its own, with names of its own
        raise Unanswered(f"the nameserver of this machine does not even know .{top}", silent=True)
    else:
        why = f"nobody takes mail to {domain}: it has no MX record and no address"
    return Said(
        "MX", False, f"{why}; bounces and replies are lost, and some refuse mail from there: publish an MX record"
    )


def _signatures(sender: Sender, ask: Ask) -> Iterator[Said]:
    if not sender.signers and sender.host:
        yield Said(
            "DKIM",
            True,
            f"nothing is signed here; where {sender.host} does not sign as {sender.domain} either, "
            "`newsletter dkim new SELECTOR` makes a key",
        )
    yield from (dkim.look(signer.record, ask) for signer in sender.signers)
