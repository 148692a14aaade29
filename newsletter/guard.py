"""Which machines may be asked when somebody else's address leads there: public ones, and those that the settings name."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

_NAT64 = IPv6Network("64:ff9b::/96")

Resolve: TypeAlias = Callable[[str, int], list[tuple[Any, ...]]]


class Forbidden(ValueError):
    """A host that is not to be asked; the text says why."""


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


@dataclass(frozen=True, slots=True)
class Guard:
    """Resolves a host once, so that what is connected to is what was looked at (DNS rebinding)."""

    private: frozenset[str] = frozenset()
    """Hosts that may be on private addresses, in lower case."""
    resolve: Resolve = _resolve

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The IP addresses of a host that may be connected to, in the resolver's order.

        Raises Forbidden if there is none, OSError if the name does not resolve.
        """
        found = dict.fromkeys(str(row[4][0]) for row in self.resolve(host, port))
        if host.lower() in self.private:
            return tuple(found)
        if allowed := tuple(filter(is_public, found)):
            return allowed
        raise Forbidden(f"{host} is at {', '.join(found) or 'no address'}, which is not a public address")


def is_public(written: str) -> bool:
    """Whether an IP address is one of the internet's, also inside of one that stands for another."""
    return all(one.is_global and not one.is_multicast for one in _meant(ip_address(written)))


def _meant(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """The address, or the IPv4 addresses that an IPv6 one stands for: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address.sixtofour:
        yield address.sixtofour
    elif address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    else:
        yield address
        yield from address.teredo or ()
