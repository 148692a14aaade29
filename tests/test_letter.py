"""Letters: mails about a subscription itself, in the same clothes as the editions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.errors import RenderError
from newsletter.models import Letter, Message, said
from tests.test_render import RENDERER, Page, parsed

AT = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
URL = "https://news.example.org/c/token"


def letter(**changes: Any) -> Message:
    usual = {
        "recipient": "ada@example.org",
        "subject": said("Please confirm {name}", name="Daily Papers <b>"),
        "paragraphs": ("Somebody, we hope you, asked for it.", "Otherwise do nothing."),
        "action": "Confirm",
        "url": URL,
        "name": "Ada",
    }
    return RENDERER.letter(Letter(**(usual | changes)), AT)


def test_a_letter_says_the_same_in_both_parts_and_belongs_to_no_list():
    message = letter()
    read, page = parsed(message), Page(message.html)

    assert "Please confirm Daily Papers <b>" == message.subject == read["Subject"]
    assert ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"] == [name for name, _ in message.headers]
    assert [(URL, "Confirm"), (URL, URL)] == page.links
    for body in (message.text, page.words):
        assert "Somebody, we hope you, asked for it." in body
        assert URL in body
        assert "1 Harbour Road" in body
    assert ["h1"] == page.headings


def test_a_letter_without_a_button_has_no_link():
    assert [] == Page(letter(action="", url="").html).links


def test_a_letter_never_leads_to_anything_but_a_web_page():
    message = letter(url="javascript:alert(1)")

    assert {"#"} == {address for address, _ in Page(message.html).links}


def test_a_letter_in_arabic_is_read_from_right_to_left():
    message = letter(language="ar")

    assert "ar" == parsed(message)["Content-Language"]
    assert 'dir="rtl"' in message.html


def test_a_letter_goes_to_an_address_and_nothing_else():
    with pytest.raises(RenderError, match="is not an address"):
        letter(recipient="ada@example.org\r\nBcc: eve@example.org")
