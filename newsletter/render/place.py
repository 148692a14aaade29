"""Links that name the reader, in cards that all readers share: the token's place is kept, and filled in each message.

Nothing in a card may differ between readers, or it would be rendered and encoded for each of them. So a shared link
has `PLACE` where the token belongs, and a body is searched for it once, when it is whole.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

PLACE: Final = secrets.token_urlsafe(26)
"""As long as a token (35 characters), and like one. No paper can have it in its text and so get at a reader's token,
for it is another one in every process; no message has it, so all make the same bytes."""
MARK: Final = b"\x1f"
"""The same in quoted-printable, which has no such byte: one byte is found in a fifth of the time (CPython 3.11)."""

_BROKEN: Final = re.compile(
    rb"(?:=\r\n)?" + rb"(?:=\r\n)?".join(re.escape(PLACE[n]).encode() for n in range(len(PLACE)))
)


def marked(encoded: bytes) -> bytes:
    """Quoted-printable with `MARK` on lines of its own for each `PLACE`, wherever its lines were broken."""
    return _BROKEN.sub(b"=\r\n" + MARK + b"=\r\n", encoded)
