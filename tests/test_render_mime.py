from __future__ import annotations

import quopri
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import RenderError
from newsletter.render.mime import header, mailbox, mime, one_line, plain_line, printable, quoted_printable
from newsletter.render.place import PLACE

HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from('\r\n\0\x0b\x0c\x1c\x85\u2028\u2029\t =?_<>@,;:"\\()éツ🙂ａ.')),
    max_size=200,
)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def unfolded(field: str) -> str:
    return field.removesuffix("\r\n").replace("\r\n ", " ")


def assert_fit_for_the_wire(raw: bytes) -> None:
    assert raw.isascii()
    assert b"\0" not in raw
    assert b"\r" not in raw.replace(b"\r\n", b"") and b"\n" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@given(HOSTILE)
def test_any_body_comes_back_to_the_letter(body: str):
    shown = printable(body + "\n")
    encoded = quoted_printable(shown)
    message = read(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded
    )

    assert shown == message.get_content().replace("\r\n", "\n")
    assert_fit_for_the_wire(encoded)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))


@given(
    st.lists(
        st.sampled_from([PLACE, "From ", ".", " ", "\t", "·", "a" * 70, "é", "=", "Why: this", "\x7f"]), max_size=9
    )
)
def test_a_plain_line_is_encoded_as_any_other(pieces: list[str]):
    line = "".join([*pieces, "\n"])

    assert plain_line(line) in (None, quoted_printable(line))


def test_most_lines_of_a_reader_are_plain():
    assert b"Why: flow matching =C2=B7 like 2011.13456\r\n" == plain_line("Why: flow matching · like 2011.13456\n")
    assert b"a" * 75 + b"\r\n" == plain_line("a" * 75 + "\n")
    for other in ("a" * 76, "=", ".", "From here", "ends in a blank ", "Grüße", "one\ntwo", PLACE):
        assert plain_line(other + "\n") is None


@given(st.lists(st.sampled_from(["From ", ".", " ", "\t", "\n", "a" * 70, "é", "=", "From"]), max_size=30))
def test_no_line_of_a_body_begins_with_a_dot_or_from_or_ends_in_a_blank(pieces: list[str]):
    lines = quoted_printable("".join([*pieces, "\n"])).split(b"\r\n")

    assert not [line for line in lines if line.startswith((b".", b"From ")) or line.endswith((b" ", b"\t"))]
    assert all(len(line) <= 76 for line in lines)


@given(HOSTILE)
def test_any_subject_comes_back_and_stays_one_header(subject: str):
    field = header("Subject", subject)
    raw = field.encode("ascii") + b"\r\n"

    assert ["Subject"] == read(raw).keys()
    assert one_line(subject).split() == str(read(raw)["Subject"]).split()
    assert_fit_for_the_wire(raw)
    assert "?==?" not in field
    assert all(len(word) <= 75 for word in re.findall(r"=\?utf-8\?[qb]\?[^?]*\?=", field))
    assert all(len(line) <= 76 for line in field.split("\r\n"))


@pytest.mark.parametrize(
    "subject",
    [
        "Flow matching",
        "é" * 100,
        "拡散モデルの高速サンプリング" * 6,
        "a" * 110,
        "word " * 21 + "end",
        "=?utf-8?q?x?=",
        "two  blanks",
    ],
)
def test_a_subject_of_words_comes_back_to_the_letter(subject: str):
    assert subject == read(header("Subject", subject).encode() + b"\r\n")["Subject"]


def test_latin_letters_stay_readable_in_the_source_and_others_are_short():
    assert "Subject: =?utf-8?q?Schr=C3=B6dinger_bridges?=\r\n" == header("Subject", "Schrödinger bridges")
    assert header("Subject", "拡散モデル").startswith("Subject: =?utf-8?b?")


@given(HOSTILE)
def test_any_display_name_leaves_one_address(name: str):
    raw = header("From", mailbox(name, "papers@example.org")).encode("ascii") + b"\r\n"
    [address] = read(raw)["From"].addresses

    assert ["From"] == read(raw).keys()
    assert "papers@example.org" == address.addr_spec
    # Python 3.11 leaves the blank between two encoded-words in a name, which RFC 2047 section 6.2 takes away.
    assert "".join(one_line(name).split()) == "".join(address.display_name.split())
    assert_fit_for_the_wire(raw)


@pytest.mark.parametrize(
    "name", ["Ada", "Ada B. Brook", 'Ada "the" Brook', "Ada, Bo", "Ada Löf", "貴子", "a\\b", "Bo <bo@evil.example>"]
)
def test_an_ordinary_name_comes_back_to_the_letter(name: str):
    decoded = mailbox(name, "ada@example.org")

    assert [(name, "ada@example.org")] == getaddresses([decoded])
    assert name == read(header("To", decoded).encode() + b"\r\n")["To"].addresses[0].display_name


@pytest.mark.parametrize("length", [1, 60, 75, 76, 77, 78, 200, 900])
def test_an_unsubscribe_address_of_any_length_is_never_encoded(length: int):
    value = f"<https://example.org/unsubscribe/{'t' * length}>, <mailto:papers@example.org?subject=unsubscribe%20{'t' * min(length, 900)}>"
    field = header("List-Unsubscribe", value)

    assert f"List-Unsubscribe: {value}" == unfolded(field)
    assert field.startswith("List-Unsubscribe: <https://")
    assert_fit_for_the_wire(field.encode())


def test_a_header_that_may_not_be_encoded_must_be_ascii():
    with pytest.raises(RenderError, match="the header Message-ID cannot hold"):
        header("Message-ID", "<é@example.org>")


def test_a_message_is_text_then_html_in_quoted_printable():
    text, html = [quoted_printable("Grüße\n")], [quoted_printable("<p>Grüße</p>\n")]
    raw = mime((("Subject", "x"),), text, html, "<1@example.org>", "de")
    message = read(raw)
    parts = list(message.iter_parts())

    assert "multipart/alternative" == message.get_content_type()
    assert [("text/plain", "Grüße\r\n"), ("text/html", "<p>Grüße</p>\r\n")] == [
        (part.get_content_type(), part.get_content()) for part in parts
    ]
    assert not message.defects and not any(part.defects for part in parts)
    assert raw == mime((("Subject", "x"),), text, html, "<1@example.org>", "de")


@pytest.mark.parametrize("length", [1, 3, 72, 73, 74, 75, 76, 77, 78, 150])
@pytest.mark.parametrize("rest", ["a", ".", "é", "=", "a."])
def test_no_line_begins_with_a_dot_so_that_nothing_is_stuffed(length: int, rest: str) -> None:
    text = "".join(f".{(rest * length)[: length + n]}\n" for n in range(4))
    encoded = quoted_printable(text)
    lines = encoded.split(b"\r\n")
    assert [] == [line for line in lines if line.startswith(b".") or len(line) > 76]
    assert text == quopri.decodestring(encoded).decode().replace("\r\n", "\n")
