"""TEMPORARY stand-in so that the rest can be tried; the real one replaces this file."""

import hashlib
from email.utils import format_datetime
from html import escape
from newsletter import links
from newsletter.models import *
from newsletter.render.card import card
from newsletter.render.designs import default_templates
from newsletter.render.imprint import Imprint
from newsletter.render.mime import mime, mailbox


class Renderer:
    def __init__(self, imprint, templates):
        self.i = imprint

    def version(self, design):
        return "tmp"

    def render(self, e, stamp):
        i = self.i
        s = e.subscriber
        mid = (
            "<"
            + hashlib.sha256(f"{i.domain} {s.key} {e.period.name} {stamp.occasion}".encode()).hexdigest()[:32]
            + "@"
            + i.domain
            + ">"
        )
        ms = list(e.matches)
        subject = (
            "[Test] " if stamp.occasion == "test" else ""
        ) + f"{i.name}: {card(ms[0].paper).title if ms else 'quiet'}"
        t = []
        for sec in e.sections:
            t.append("== " + sec.title)
            for m in sec.matches:
                c = card(m.paper)
                t += [c.title, c.summary, " · ".join(m.reasons), c.url, ""]
        t += list(e.notes)
        text = "\n".join(t) + "\n"
        html = "<pre>" + escape(text) + "</pre>"
        h = (
            ("From", mailbox(i.sender, i.address)),
            ("To", mailbox(s.name, s.email)),
            ("Subject", subject),
            ("Date", format_datetime(stamp.at)),
            ("Message-ID", mid),
        )
        label = e.period.name + ("" if stamp.occasion in ("regular", "rehearsal") else "-" + stamp.occasion)
        return Message(i.address, s.email, h, text, html, mid, mime(h, text, html, mid), label)
