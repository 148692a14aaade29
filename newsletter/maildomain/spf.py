"""SPF (RFC 7208): which machines a domain says may send for it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from newsletter.maildomain.asked import Ask, Said, shown

Network: TypeAlias = IPv4Network | IPv6Network

MOST: Final = 10
"""Lookups that a check of SPF may take (RFC 7208 section 4.6.4)."""

# What these hosts ask their senders to include, as their help pages have it (2026-11).
_INCLUDES: Final = {
    "smtp.gmail.com": "_spf.google.com",
    "smtp.googlemail.com": "_spf.google.com",
    "smtp-relay.gmail.com": "_spf.google.com",
    "smtp.office365.com": "spf.protection.outlook.com",
    "smtp.fastmail.com": "spf.messagingengine.com",
    "smtp.sendgrid.net": "sendgrid.net",
    "smtp.mailgun.org": "mailgun.org",
}
_TERM = re.compile(r"([+?~-]?)([a-z0-9]+)(?:[:=]([^/\s]*))?(?:/(\d+))?(?://(\d+))?", re.IGNORECASE)
_ADDRESS = re.compile(r"([+?~-]?)(ip4|ip6):(\S+)", re.IGNORECASE)


@dataclass(slots=True)
class _Allowed:
    """What a record comes to, with all that it includes."""

    lookups: int = 0
    networks: list[Network] = field(default_factory=list)
    included: set[str] = field(default_factory=set)
    everybody: bool = False


def look(domain: str, host: str, ask: Ask) -> Said:
    """What is published for the domain of the envelope, and whether it names the host that sends."""
    records = _records(domain, ask)
    include = _INCLUDES.get(host.lower().rstrip("."), "")
    if not records:
        wanted = f"include:{include}" if include else _mechanism(host)
        hint = "" if include else f"; see what is said of SPF by who runs {host or 'your provider'}"
        return Said("SPF", False, f"none at {domain}; publish this TXT record there: v=spf1 {wanted} ~all{hint}")
    if len(records) > 1:
        return Said("SPF", False, f"{len(records)} records at {domain}, and so none of them counts; join them to one")
    allowed = _Allowed()
    _add(records[0], domain, ask, allowed)
    said = f"{domain} has {shown(records[0])}"
    if allowed.lookups > MOST:
        cure = "name fewer `include`, `a` and `mx`"
        return Said("SPF", False, f"{said}: it takes more than {MOST} lookups, and so it fails everywhere; {cure}")
    if allowed.everybody:
        return Said("SPF", False, f"{said}: everybody may send as {domain}; let it end with ~all")
    if include and include not in allowed.included:
        return Said("SPF", False, f"{said}: it does not name {host}; put include:{include} in front of its end")
    return Said("SPF", True, f"{said}{_of_host(host, allowed, ask) if host else ''}")


def _records(domain: str, ask: Ask) -> list[str]:
    return [text for text in ask(domain, "TXT") if re.match(r"v=spf1(?: |$)", text, re.IGNORECASE)]


def _mechanism(host: str) -> str:
    """What allows a host, as far as its name says that."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"a:{host}" if "." in host else "..."
    return f"ip{address.version}:{address}" if address.is_global else "..."


def _add(record: str, domain: str, ask: Ask, allowed: _Allowed) -> None:
    """Adds what a record allows; stops when there is no end to it."""
    for term in record.split()[1:]:
        if allowed.lookups > MOST:
            return
        if literal := _ADDRESS.fullmatch(term):
            if literal[1] in ("", "+"):
                with suppress(ValueError):
                    allowed.networks.append(ip_network(literal[3], strict=False))
        elif found := _TERM.fullmatch(term):
            _add_term(found, domain, ask, allowed)


def _add_term(found: re.Match[str], domain: str, ask: Ask, allowed: _Allowed) -> None:
    yes, name, target = found[1] in ("", "+"), found[2].lower(), found[3] or domain
    allowed.lookups += name in ("include", "a", "mx", "ptr", "exists", "redirect")
    if name == "all":
        allowed.everybody = allowed.everybody or yes
    elif "%" in target or not yes:  # macros are about a message, and there is none
        return
    elif name in ("include", "redirect"):
        allowed.included.add(target.lower().rstrip("."))
        for record in _records(target, ask)[:1]:
            _add(record, target, ask, allowed)
    elif name in ("a", "mx"):
        hosts = [target] if name == "a" else [one.partition(" ")[2] for one in ask(target, "MX")][:MOST]
        for address in (address for host in hosts for address in _addresses(host, ask)):
            length = found[5] if ":" in address else found[4]
            with suppress(ValueError):
                allowed.networks.append(ip_network(f"{address}/{length}" if length else address, strict=False))


def _addresses(host: str, ask: Ask) -> Iterator[str]:
    if host:
        yield from ask(host, "A")
        yield from ask(host, "AAAA")


def _of_host(host: str, allowed: _Allowed, ask: Ask) -> str:
    """Whether the host's own addresses are among those allowed; many hosts send from others."""
    if host.lower().rstrip(".") in _INCLUDES:
        return f", which names {host}"
    if "." not in host:
        return "; see that it names the address that this machine sends from"
    try:
        own = [ip_address(host)]
    except ValueError:
        own = [ip_address(one) for one in _addresses(host, ask)]
    for address in own:
        if any(address in network for network in allowed.networks):
            return f", which names {host} ({address})"
    return f"; it does not name the address of {host}: see that it names those that {host} sends from"
