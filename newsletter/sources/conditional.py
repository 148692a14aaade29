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
    """The answer of an address, status 200: what it sends now, or what it sent last if that is still so.

    Within `fresh_for` of the last answer it is not asked at all. `ask` decides how, as with

        lambda headers, answers: http.get(client, address, patience=patience, headers=headers, answers=answers)

    and may understand more statuses, which come back as they are. Raises what it raises.
    """
    known = reach.answers.find(address) if reach.answers else None
    if known and known.fetched_at <= reach.now() < known.fetched_at + fresh_for:
        return http.Response(200, {}, known.body)
    answer = ask(_conditions(known), (200, 304) if known else (200,))
    body = known.body if known and answer.status == 304 else answer.body
    if answer.status not in (200, 304):
        return answer
    etag, modified = (_sendable(answer.headers.get(name, "")) for name in ("etag", "last-modified"))
    if known and answer.status == 304:
        etag, modified = etag or known.etag, modified or known.last_modified
    if reach.answers and (etag or modified or fresh_for):
        reach.answers.keep(address, Answer(body, etag, modified, reach.now()))
    return http.Response(200, answer.headers, body)


def _conditions(known: Answer | None) -> dict[str, str]:
    said = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known else {}
    return {name: value for name, value in said.items() if value}


def _sendable(value: str) -> str:
    """What can be sent back as it came; what is longer, or has other characters, is nobody's validator."""
    return value if _SENDABLE.fullmatch(value) else ""
