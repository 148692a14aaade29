"""Files that pages need: the style sheet and the icon, each under an address that changes with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter.app import App

KINDS: Final = {"site.css": "text/css", "favicon.svg": "image/svg+xml"}
"""Those there are."""
PERSONAL: Final = ("/unsubscribe", "/edition", "/confirm", "/preferences", "/feedback", "/f/", "/admin")
FOR_GOOD: Final = "public, max-age=31536000, immutable"


class Files:
    """The files in these folders; of two of a name the first folder's counts."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self.content = cache(self._read)

    def address(self, name: str) -> str:
        """Where it is: `/static/site.css?v=` and 12 hexadecimal digits of its content."""
        return f"/static/{name}?v={hashlib.sha256(self.content(name)).hexdigest()[:12]}"

    def _read(self, name: str) -> bytes:
        return next(path for folder in self._folders if (path := folder / name).is_file()).read_bytes()


def static(request: Request) -> Response:
    """A file, to be kept for good: another content has another address."""
    name = request.path_params["name"]
    if name not in KINDS:
        raise HTTPException(404)
    return _file(request, name, FOR_GOOD)


def favicon(request: Request) -> Response:
    """The icon where browsers look for one."""
    return _file(request, "favicon.svg", "public, max-age=86400")


def robots(request: Request) -> Response:
    """What crawlers are asked to leave alone: what is made anew for every question, and people's own pages."""
    app: App = request.app.state.app
    left = ("/search", "/today", *PERSONAL) if app.settings.base_url else ("/",)
    root = request.app.state.drawing.root
    told = "".join(f"Disallow: {root}{path}\n" for path in left)
    return PlainTextResponse(f"User-agent: *\n{told}", headers={"cache-control": "public, max-age=86400"})


def _file(request: Request, name: str, cache_control: str) -> Response:
    content = request.app.state.drawing.files.content(name)
    return Response(content, media_type=KINDS[name], headers={"cache-control": cache_control})
