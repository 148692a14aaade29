"""A real DNS server on loopback, over UDP and TCP, that knows the records it is given."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

HOST = "127.0.0.1"
UDP_SIZE = 512


@dataclass
class Names:
    """What it knows, and what it was asked."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By name and kind, as a zone file has them; a text is put into strings here."""
    failing: set[str] = field(default_factory=set)
    """Names that are answered with SERVFAIL."""
    silent: bool = False
    """Nothing is answered at all."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, kind, and `udp` or `tcp`."""
    port: int = 0

    @property
    def nameserver(self) -> tuple[str, int]:
        return HOST, self.port

    def text(self, name: str, *texts: str) -> None:
        """Puts TXT records there, in place of those that were."""
        self.records[name, "TXT"] = [
            " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255)) for text in texts
        ]

    def answer(self, query: bytes, way: str) -> bytes | None:
        asked = dns.message.from_wire(query)
        name = asked.question[0].name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(asked.question[0].rdtype)
        self.asked.append((name, kind, way))
        if self.silent:
            return None
        answer = dns.message.make_response(asked)
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text_list(asked.question[0].name, 60, "IN", kind, found))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        wire = answer.to_wire()
        if way == "udp" and len(wire) > UDP_SIZE:  # come back over TCP
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            wire = answer.to_wire()
        return wire


@contextlib.contextmanager
def running() -> Iterator[Names]:
    """The server, until the end of the block; it takes what is put into its records at once."""
    names = Names()

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, connection = self.request
            if answer := names.answer(query, "udp"):
                connection.sendto(answer, self.client_address)

    class Tcp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            size = int.from_bytes(self.request.recv(2, socket.MSG_WAITALL), "big")
            if answer := names.answer(self.request.recv(size, socket.MSG_WAITALL), "tcp"):
                self.request.sendall(len(answer).to_bytes(2, "big") + answer)

    class Listening(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Listening((HOST, 0), Tcp) as tcp:
        names.port = tcp.server_address[1]
        with socketserver.ThreadingUDPServer((HOST, names.port), Udp) as udp:
            servers = (tcp, udp)
            for server in servers:
                threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield names
            finally:
                for server in servers:
                    server.shutdown()
