"""A real mail system on loopback: Postfix takes mail and puts it into Maildirs, Dovecot checks logins and lets it be read.

Nothing can leave: there is no client for other hosts among its programs, and whatever is not for `example.org` is
refused. Who is written to decides what Postfix answers; see `REFUSALS`, and beside them what it refuses by itself:
an unknown user, a message over `SIZE`, a subject with `casino` in it, another domain, too many messages a minute.
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
DOMAIN = "example.org"
PASSWORD = "right"
SIZE = 50_000
RATE = 3
"""Messages a minute, on the port `hurried`."""
KNOWN = ("ada", "bo", "cy", "eve", "lou")
BOUNCES: Mapping[str, str] = {"gone": "5.1.1", "stuffed": "5.2.2"}
"""Taken at first, and sent back by a report of Postfix's own: to whom, and what it says of it."""
_PORTS = range(10_000, 30_000)
REFUSALS: Mapping[str, str] = {
    "disabled": "550 5.2.1 Mailbox disabled",
    "moved": "551 5.1.6 Moved away",
    "full": "452 4.2.2 Mailbox over quota",
    "overfull": "552 5.2.2 Mailbox over quota",
    "grey": "451 4.7.1 Greylisted, try again in 60 seconds",
    "grey450": "450 4.2.0 Greylisted, please come back in 00:05:00",
    "busy": "450 4.2.1 Mailbox busy",
    "spam": "554 5.7.1 Rejected as spam",
    "unsigned": "550 5.7.26 Neither SPF nor DKIM is ours",
    "limit": "550 5.4.5 Daily limit exceeded",
    "fast": "421 4.7.28 Unusual rate of mail",
    "close": "421 4.7.0 Too many messages on this connection",
}

_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = mail.test
mydestination =
mynetworks =
inet_interfaces = {host}
inet_protocols = ipv4
alias_maps =
default_transport = error:5.4.4 nothing leaves
relay_transport = error:5.4.4 nothing leaves
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_transport = {transport}
transport_maps = inline:{{ {bounces} }}
recipient_delimiter = +
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = {size}
header_checks = regexp:{{ {{/^Subject: .*casino/ REJECT 5.7.1 looks like an advertisement}} }}
smtpd_recipient_restrictions = check_recipient_access inline:{{ {refusals} }} permit_sasl_authenticated
smtpd_relay_restrictions = permit_sasl_authenticated reject_unauth_destination
smtpd_client_event_limit_exceptions =
smtpd_tls_cert_file = {home}/server.pem
smtpd_tls_key_file = {home}/server.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {home}/login
"""

_MASTER = """\
{host}:{plain} inet n - n - 50 smtpd
{host}:{submission} inet n - n - 50 smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_delay_reject=yes
{host}:{hurried} inet n - n - 50 smtpd -o smtpd_client_message_rate_limit={rate}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
virtual unix - n n - - virtual
discard unix - - n - - discard
error unix - - n - - error
later unix - n n - - pipe user=nobody argv=/bin/sh -c {{echo $nexthop; exit 69}}
retry unix - - n - - error
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""

_DOVECOT = """\
base_dir = {home}/dovecot
log_path = {home}/dovecot.log
protocols = imap
listen = {host}
ssl = yes
ssl_cert = <{home}/server.pem
ssl_key = <{home}/server.pem
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%n
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail
}}
service auth {{
  unix_listener {home}/login {{
    mode = 0666
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """The running mail system."""

    home: Path
    plain: int
    """Takes mail for `DOMAIN` from anybody, with or without STARTTLS."""
    submission: int
    """Wants STARTTLS and a login: any name, `PASSWORD`."""
    hurried: int
    """Takes `RATE` messages a minute."""
    imap: int
    imaps: int
    """The same, encrypted from the first byte."""
    ca: Path
    """The certificate to trust."""

    def delivered(self, name: str, number: int = 1, within: float = 20) -> list[bytes]:
        """That reader's mails as they lie in the Maildir, unread and read, once there are so many."""
        until = time.monotonic() + within
        while len(files := sorted((self.home / "mail" / name).glob("[cn][ue][rw]/*"))) < number:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(files)} of {number} mails for {name}; see {self.home / 'log'}")
            time.sleep(0.05)
        return [file.read_bytes() for file in files]

    def read(self, name: str) -> list[bytes]:
        """The same, as a mail program gets them by IMAP."""
        with imaplib.IMAP4(HOST, self.imap) as box:
            box.login(name, PASSWORD)
            box.select()
            numbers = box.search(None, "ALL")[1][0].split()
            return [box.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers]


def missing() -> str:
    """Why it cannot run here; empty when it can."""
    for program in ("postfix", "dovecot"):
        if shutil.which(program) is None:
            return f"{program} is not installed (scripts/test --install)"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    version = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=False).stdout
    return "" if version.startswith("2.3") else f"written for Dovecot 2.3, not {version.split(' ')[0]}"


@contextlib.contextmanager
def running(*, everybody: bool = False, kept: bool = False) -> Iterator[Postfix]:
    """A mail system of its own, empty, until the end of the block.

    For `everybody` it takes mails of any usual size to any name of `DOMAIN`, and throws them away once they are queued;
    those that are `kept` lie in one Maildir, of the name "".
    """
    # Not a folder of pytest's: Postfix's programs run as another user, who could not enter it.
    home = Path(tempfile.mkdtemp(prefix="postfix-"))
    try:
        home.chmod(0o755)
        served = _set_up(home, everybody, kept)
        with (home / "started").open("wb") as said:
            subprocess.run(["dovecot", "-c", home / "dovecot.conf"], stdout=said, stderr=said, check=True)
            subprocess.run(["postfix", "-c", home / "etc", "start"], stdout=said, stderr=said, check=True)
        _wait_for(served.plain, served.imap)
        yield served
    finally:
        subprocess.run(["postfix", "-c", home / "etc", "stop"], capture_output=True, check=False)
        subprocess.run(["doveadm", "-c", home / "dovecot.conf", "stop"], capture_output=True, check=False)
        shutil.rmtree(home, ignore_errors=True)


def _set_up(home: Path, everybody: bool, kept: bool) -> Postfix:
    nobody = pwd.getpwnam("nobody")
    plain, submission, hurried, imap, imaps = _free_ports(5)
    values = {
        "home": home,
        "host": HOST,
        "domain": DOMAIN,
        "daemons": "/usr/lib/postfix/sbin",
        "boxes": ", ".join(
            f"{{ {name}@{DOMAIN} = {name}/ }}"
            for name in ("", "bounce", *KNOWN, *BOUNCES, *REFUSALS)
            if name or everybody
        ),
        "bounces": ", ".join(f"{{ {name}@{DOMAIN} = later:{said} }}" for name, said in BOUNCES.items()),
        "transport": "discard" if everybody and not kept else "virtual",
        "refusals": ", ".join(f"{{ {name}@{DOMAIN} = {reply} }}" for name, reply in REFUSALS.items()),
        "uid": nobody.pw_uid,
        "gid": nobody.pw_gid,
        "size": 10 * SIZE if everybody else SIZE,
        "rate": RATE,
        "password": PASSWORD,
        "plain": plain,
        "submission": submission,
        "hurried": hurried,
        "imap": imap,
        "imaps": imaps,
    }
    for folder in ("etc", "queue", "data", "mail", "dovecot"):
        (home / folder).mkdir()
    shutil.chown(home / "data", "postfix")
    shutil.chown(home / "mail", nobody.pw_uid, nobody.pw_gid)
    (home / "etc" / "main.cf").write_text(_MAIN.format_map(values))
    (home / "etc" / "master.cf").write_text(_MASTER.format_map(values))
    (home / "dovecot.conf").write_text(_DOVECOT.format_map(values))
    return Postfix(home, plain, submission, hurried, imap, imaps, _certificate(home))


def _certificate(home: Path) -> Path:
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(home / "ca.pem"))
    authority.issue_cert("localhost", HOST).private_key_and_cert_chain_pem.write_to_path(str(home / "server.pem"))
    (home / "server.pem").chmod(0o600)
    return home / "ca.pem"


def _free_ports(number: int) -> list[int]:
    """Ports that nobody listens on, and that no system gives away by itself: from below all that it would choose from.

    A port of those is soon somebody else's: another test, still writing to a server that has ended, would write to us.
    """
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < number:
            with contextlib.suppress(OSError):
                ports.append(stack.enter_context(socket.create_server((HOST, secrets.choice(_PORTS)))).getsockname()[1])
        return ports


def _wait_for(*ports: int, within: float = 20) -> None:
    until = time.monotonic() + within
    for port in ports:
        while True:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1) as connection:
                connection.recv(1)
                break
            if time.monotonic() > until:
                raise TimeoutError(f"nobody answers on port {port}")
            time.sleep(0.05)
