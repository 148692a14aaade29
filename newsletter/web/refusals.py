"""What is answered where there is no page: the same for every link that is none, and in words where nothing can be read."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from newsletter.web.drawing import draw

SOON: Final = 10
"""Seconds after which it is worth trying again."""


def not_found(request: Request, error: Exception | None = None) -> Response:
    """The same answer for a forged link, a foreign one and no page at all."""
    return draw(request, "refusal.html", 404, why="unknown", tongues=())


def busy(request: Request, error: Exception | None = None) -> Response:
    """Others are being answered already: 503, and when to come again."""
    return _later(request, "busy")


def unreadable(request: Request, error: Exception | None = None) -> Response:
    """A database does not answer. What is wrong with it is for the operator (`/readyz`), not for visitors."""
    return _later(request, "unreadable")


async def gone(request: Request, error: Exception | None = None) -> Response:
    """The visitor left before all was said: nothing is done, and nobody reads this."""
    return Response(status_code=400)


def _later(request: Request, why: str) -> Response:
    answer = draw(request, "refusal.html", 503, why=why, tongues=())
    answer.headers["retry-after"] = str(SOON)
    return answer
