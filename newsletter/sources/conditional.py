"""Asks an address only whether its answer has changed since the last time (RFC 9110, 13.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import TypeAlias

from newsletter import http
from newsletter.answers import Answer
from newsletter.sources.reach import Reach

Ask: TypeAlias = Callable[[Mapping[str, str], Collection[int]], http.Response]
"""Asks the address with these headers; the statuses are those that are understood here."""

_SENDABLE = re.compile(r"[ -~]{1,1000}")


def get(address: str, reach: Reach, ask: Ask, *, fresh_for: timedelta = timedelta()) -> http.Response:
    """The answer of an address, status 200: what it sends now, or what it sent last if that is still so. Of its headers
    there is the content type.

    Within `fresh_for` of the last answer it is not asked at all. `ask` decides how, as with

        lambda headers, answers: http.get(client, address, patience=patience, headers=headers, answers=answers)

    and may understand more statuses, which come back as they are. Raises what it raises.
    """
    known = reach.answers.find(address) if reach.answers else None
    if known and known.fetched_at <= reach.now() < known.fetched_at + fresh_for:
        return http.Response(200, {"content-type": known.content_type}, known.body, address)
    answer = ask(_conditions(known), (200, 304) if known else (200,))
    if known and answer.status == 304:
        now = Answer(known.body, fetched_at=reach.now(), **_said(answer, known))
    elif answer.status == 200:
        now = Answer(answer.body, fetched_at=reach.now(), **_said(answer))
    else:
        return answer
    if reach.answers and (now.etag or now.last_modified or fresh_for):
        reach.answers.keep(address, now)
    return http.Response(200, {"content-type": now.content_type}, now.body, answer.url)


def _said(answer: http.Response, known: Answer | None = None) -> dict[str, str]:
    """What an answer says of its body; where it only says that nothing has changed, what was said before stands."""
    before = (known.etag, known.last_modified, known.content_type) if known else ("", "", "")
    names = ("etag", "last-modified", "content-type")
    return {
        name.replace("-", "_"): _sendable(answer.headers.get(name, "")) or old
        for name, old in zip(names, before, strict=True)
    }


def _conditions(known: Answer | None) -> dict[str, str]:
    said = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known else {}
    return {name: value for name, value in said.items() if value}


def _sendable(value: str) -> str:
    """What can be sent back as it came; what is longer, or has other characters, is nobody's validator."""
    return value if _SENDABLE.fullmatch(value) else ""
