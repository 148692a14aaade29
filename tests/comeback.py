"""Mails that come back, invented in the shapes in which mail systems write them (as seen in 2026), and ours that they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from newsletter import links
from newsletter.verp import pattern, return_path
from tests.homes import SECRET

PATTERN = pattern("bounce@papers.example")
DAY = date(2026, 3, 3)


@dataclass(frozen=True)
class Ours:
    """A mail of ours, as far as it comes back."""

    to: str = "ada@example.org"
    reference: str = "AbCdEfGhIjKlMn_-"
    day: date = DAY
    message_id: str = "<0123456789abcdef0123456789abcdef@papers.example>"
    secret: str = SECRET
    plain: bool = False
    """Without a return path of its own."""

    @property
    def sender(self) -> str:
        if self.plain:
            return "papers@papers.example"
        return return_path(PATTERN, self.secret, self.reference, self.day, self.to)

    @property
    def token(self) -> str:
        return links.sign([self.secret], "unsubscribe", self.reference)

    @property
    def fields(self) -> str:
        return (
            f"From: Daily Papers <papers@papers.example>\nTo: Ada <{self.to}>\n"
            f"Subject: Straight paths and four more\nDate: Tue, 03 Mar 2026 08:00:00 +0000\n"
            f"Message-ID: {self.message_id}\nList-Id: Daily Papers <daily-papers.papers.example>\n"
            f"List-Unsubscribe: <https://papers.example/unsubscribe/{self.token}>,\n"
            f" <mailto:papers@papers.example?subject=unsubscribe%20{self.token}>\n"
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
        )

    @property
    def whole(self) -> str:
        return f"Return-Path: <{self.sender}>\nReceived: from papers.example by mx.example.org; Tue, 03 Mar 2026\n{self.fields}Content-Type: text/plain\n\nHello Ada.\n"


OURS = Ours()
Shape = Callable[[Ours, str, str], bytes]
GONE = ("5.1.1", "550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown")


def _delivered(ours: Ours, text: str) -> bytes:
    """As the last mail server puts it into the mailbox."""
    head = f"Return-Path: <>\nX-Original-To: {ours.sender}\nDelivered-To: {ours.sender}\n"
    return (head + text).encode()


def _report(ours: Ours, sender: str, subject: str, more: str, *parts: str) -> bytes:
    head = (
        f"Date: Tue, 03 Mar 2026 08:01:00 +0000\nFrom: {sender}\nTo: {ours.sender}\nSubject: {subject}\n{more}MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="=-=b1=-="\n\n'
    )
    body = "".join(f"--=-=b1=-=\n{part}\n" for part in parts)
    return _delivered(ours, f"{head}This is a MIME-encapsulated message.\n\n{body}--=-=b1=-=--\n")


def postfix(ours: Ours, status: str, said: str, action: str = "failed", final: str = "") -> bytes:
    words = (
        "Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\nThis is the mail system at host mail.papers.example.\n\n"
        f"I'm sorry to have to inform you that your message could not be delivered.\n\n<{ours.to}>: host mx.example.org[192.0.2.25] said:\n    {said}\n"
        "    (in reply to RCPT TO command)\n"
    )
    report = (
        "Content-Description: Delivery report\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.papers.example\n"
        f"X-Postfix-Queue-ID: 4F2A91B\nX-Postfix-Sender: rfc822; {ours.sender}\nArrival-Date: Tue,  3 Mar 2026 08:00:02 +0000 (UTC)\n\n"
        f"Final-Recipient: rfc822; {final or ours.to}\nOriginal-Recipient: rfc822;{ours.to}\nAction: {action}\nStatus: {status}\n"
        f"Remote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; {said}\n"
    )
    back = f"Content-Description: Undelivered Message\nContent-Type: message/rfc822\n\n{ours.whole}"
    more = "Auto-Submitted: auto-replied\n"
    return _report(
        ours,
        "MAILER-DAEMON@mail.papers.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        more,
        words,
        report,
        back,
    )


def sendmail(ours: Ours, status: str, said: str) -> bytes:
    words = f"\n   ----- The following addresses had permanent fatal errors -----\n<{ours.to}>\n    (reason: {said})\n\n   ----- Transcript of session follows -----\n... while talking to mx.example.org.:\n>>> DATA\n<<< {said}\n"
    report = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.papers.example\nReceived-From-MTA: DNS; papers.example\n"
        f"Arrival-Date: Tue, 3 Mar 2026 08:00:00 GMT\n\nFinal-Recipient: RFC822; {ours.to}\nAction: failed\nStatus: {status}\n"
        f"Remote-MTA: DNS; mx.example.org\nDiagnostic-Code: SMTP; {said}\nLast-Attempt-Date: Tue, 3 Mar 2026 08:00:01 GMT\n"
    )
    back = f"Content-Type: text/rfc822-headers\n\nReturn-Path: <{ours.sender}>\n{ours.fields}"
    return _report(
        ours,
        "Mail Delivery Subsystem <MAILER-DAEMON@mail.papers.example>",
        "Returned mail: see transcript for details",
        "Auto-Submitted: auto-generated (failure)\n",
        words,
        report,
        back,
    )


def exchange(ours: Ours, status: str, said: str) -> bytes:
    words = (
        'Content-Type: multipart/alternative; differences=Content-Type;\n\tboundary="_inner_"\n\n--_inner_\nContent-Type: text/plain; charset="us-ascii"\n'
        f"Content-Transfer-Encoding: quoted-printable\n\n{ours.to} wasn't found at example.org.\n\n--_inner_\nContent-Type: text/html\n\n<html><p>no</p></html>\n--_inner_--\n"
    )
    report = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns;AM9PR01MB0001.eurprd01.prod.exchangelabs.example\nReceived-From-MTA: dns;papers.example\n"
        f"Arrival-Date: Tue, 3 Mar 2026 08:00:03 +0000\n\nFinal-Recipient: rfc822;{ours.to}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp;{said}\nX-Display-Name: {ours.to}\n"
    )
    back = f"Content-Type: message/rfc822\n\n{ours.whole}"
    more = "Content-Language: en-US\nX-MS-Exchange-Message-Is-Ndr:\nX-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\n"
    return _report(
        ours, "<postmaster@example.org>", "Undeliverable: Straight paths and four more", more, words, report, back
    )


def gmail(ours: Ours, status: str, said: str) -> bytes:
    words = (
        'Content-Type: multipart/related; boundary="00000000000inner"\n\n--00000000000inner\nContent-Type: text/html; charset="UTF-8"\n\n<html><p>Address not found</p></html>\n'
        "--00000000000inner--\n"
    )
    report = (
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; googlemail.com\nReceived-From-MTA: dns; papers@papers.example\nArrival-Date: Tue, 03 Mar 2026 00:00:01 -0800 (PST)\n"
        f"X-Original-Message-ID: {ours.message_id}\n\nFinal-Recipient: rfc822; {ours.to}\nAction: failed\nStatus: {status}\n"
        f"Remote-MTA: dns; gmail-smtp-in.example. (192.0.2.26, the server for the domain example.org.)\nDiagnostic-Code: smtp; {said}\nLast-Attempt-Date: Tue, 03 Mar 2026 00:00:02 -0800 (PST)\n"
    )
    back = f"Content-Type: message/rfc822\n\nX-Google-DKIM-Signature: v=1; b=abc\n{ours.whole}"
    more = f"Auto-Submitted: auto-replied\nX-Failed-Recipients: {ours.to}\nReferences: {ours.message_id}\nIn-Reply-To: {ours.message_id}\n"
    return _report(
        ours,
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        more,
        words,
        report,
        back,
    )


def ses(ours: Ours, status: str, said: str) -> bytes:
    words = f"Content-Type: text/plain; charset=us-ascii\n\nAn error occurred while trying to deliver the mail to the following recipients:\n{ours.to}\n"
    report = (
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; a8-31.smtp-out.amazonses.example\n\nAction: failed\nFinal-Recipient: rfc822; {ours.to}\n"
        f"Diagnostic-Code: smtp; {said}\nStatus: {status}\n"
    )
    back = f"Content-Type: message/rfc822\nContent-Description: undelivered message\n\nX-SES-Outgoing: 2026.03.03-192.0.2.27\nFeedback-ID: ::1.eu-west-1.x:AmazonSES\n{ours.fields}\n"
    return _report(
        ours,
        "MAILER-DAEMON@eu-west-1.amazonses.example",
        "Delivery Status Notification (Failure)",
        "",
        words,
        report,
        back,
    )


def exim_report(ours: Ours, status: str, said: str) -> bytes:
    words = (
        "Content-type: text/plain; charset=us-ascii\n\nThis message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n"
        f"recipients. This is a permanent error. The following address(es) failed:\n\n  {ours.to}\n    host mx.example.org [192.0.2.28]\n    SMTP error from remote mail server after RCPT TO:<{ours.to}>:\n    {said}\n"
    )
    report = (
        "Content-type: message/delivery-status\n\nReporting-MTA: dns; mail.papers.example\n\n"
        f"Action: failed\nFinal-Recipient: rfc822;{ours.to}\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; {said}\n"
    )
    back = f"Content-type: message/rfc822\n\n{ours.whole}"
    more = f"X-Failed-Recipients: {ours.to}\nAuto-Submitted: auto-replied\n"
    return _report(
        ours,
        "Mail Delivery System <Mailer-Daemon@mail.papers.example>",
        "Mail delivery failed: returning message to sender",
        more,
        words,
        report,
        back,
    )


def exim(ours: Ours, status: str, said: str) -> bytes:
    return _delivered(
        ours,
        f"X-Failed-Recipients: {ours.to}\nAuto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@mail.papers.example>\nTo: {ours.sender}\n"
        "Subject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\n\n"
        "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
        f"  {ours.to}\n    SMTP error from remote mail server after RCPT TO:<{ours.to}>:\n    host mx.example.org [192.0.2.28]: {said}\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n{ours.whole}",
    )


def qmail(ours: Ours, status: str, said: str) -> bytes:
    return _delivered(
        ours,
        f"Date: 3 Mar 2026 08:00:05 -0000\nFrom: MAILER-DAEMON@mail.example.org\nTo: {ours.sender}\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mail.example.org.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{ours.to}>:\n192.0.2.29 does not like recipient.\nRemote host said: {said}\nGiving up on 192.0.2.29.\n\n"
        f"--- Below this line is a copy of the message.\n\n{ours.whole}",
    )


SHAPES: Mapping[str, Shape] = {
    "postfix": postfix,
    "sendmail": sendmail,
    "exchange": exchange,
    "gmail": gmail,
    "ses": ses,
    "exim with a report": exim_report,
    "exim": exim,
    "qmail": qmail,
}


# -- complaints


def _complaint(sender: str, kind: str, fields: str, back: str, program: str, to: str = "abuse@papers.example") -> bytes:
    return (
        f"Return-Path: <feedback@feedback.example>\nFrom: {sender}\nTo: {to}\nSubject: complaint about message from 192.0.2.30\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="arf1"\n\n--arf1\nContent-Type: text/plain\n\n'
        f"This is an email abuse report.\n\n--arf1\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: {program}\nVersion: 1\n{fields}\n"
        f"--arf1\nContent-Type: message/rfc822\nContent-Disposition: inline\n\n{back}\n--arf1--\n"
    ).encode()


def yahoo(ours: Ours, kind: str = "abuse") -> bytes:
    fields = f"Original-Mail-From: <{ours.sender}>\nOriginal-Rcpt-To: redacted@yahoo.example\nReceived-Date: Tue, 03 Mar 2026 08:00:09 +0000\nReported-Domain: papers.example\n"
    back = replace(ours, to="redacted@yahoo.example").fields + "\nHello.\n"
    return _complaint(
        "Yahoo! Mail AntiSpam Feedback <feedback@arf.yahoo.example>", kind, fields, back, "Yahoo!-Mail-Feedback/2.0"
    )


def fastmail(ours: Ours, kind: str = "abuse") -> bytes:
    fields = "Source-IP: 192.0.2.30\nArrival-Date: Tue, 03 Mar 2026 08:00:09 +0000\n"
    hidden = ours.fields.replace(ours.to, "REDACTED").replace("Ada <", "<")
    return _complaint(
        "Fastmail Feedback <feedback@fastmail.example>", kind, fields, f"{hidden}\nHello.\n", "FastMail Feedback/0.1"
    )


def microsoft(ours: Ours, kind: str = "abuse") -> bytes:
    fields = "Arrival-Date: Tue, 3 Mar 2026 08:00:09 +0000\nSource-IP: 192.0.2.30\n"
    shortened = f"X-HmXmrOriginalRecipient: {ours.to}\nReceived: from papers.example\nMessage-ID: {ours.message_id}\nSubject: Straight paths\nTo: {ours.to}\n\nHello.\n"
    return _complaint("staff@hotmail.example", kind, fields, shortened, "Hotmail FBL")


COMPLAINTS: Mapping[str, Callable[..., bytes]] = {"yahoo": yahoo, "fastmail": fastmail, "microsoft": microsoft}


# -- what people and programs write


def unsubscribing(ours: Ours, sender: str = "ada@example.org", more: str = "", before: str = "") -> bytes:
    return (
        f"Return-Path: <{sender}>\nFrom: {sender}\nTo: papers@papers.example\n{more}Subject: {before}unsubscribe {ours.token}\nContent-Type: text/plain\n\n\n"
    ).encode()


def letter(subject: str = "Re: Straight paths", more: str = "", body: str = "Thank you!") -> bytes:
    return f"Return-Path: <eve@example.org>\nFrom: Eve <eve@example.org>\nTo: papers@papers.example\n{more}Subject: {subject}\n\n{body}\n".encode()
