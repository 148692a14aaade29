"""Pages of HTML, drawn from the templates in `web/` in the visitor's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from newsletter.app import App
from newsletter.render import available as designs
from newsletter.render import default_templates
from newsletter.render.designs import href
from newsletter.render.language import ENGLISH, Language, available, find
from newsletter.text import line
from newsletter.web.files import Files
from newsletter.web.safety import POLICY, WITH_PICTURES

WISHES: Final = 20
"""Languages of `Accept-Language` that are looked at."""
_WISH = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")


class Drawing:
    """Draws for one newsletter. Templates and languages of the operator's come before those of the program."""

    def __init__(self, app: App) -> None:
        own = app.settings.templates or default_templates()
        self._places: tuple[Path, ...] = tuple(dict.fromkeys((own, default_templates())))
        self._tags = available(self._places)
        self.thumbnails = app.settings.thumbnails
        self._name = line(app.settings.name, 120)
        self._environments: dict[str, tuple[Language, Environment]] = {}
        self.root = urlsplit(app.settings.base_url).path
        """What stands before the paths of all pages: empty, or `/papers` of `https://example.org/papers`."""
        self.files = Files([place / "web" for place in self._places])

    @property
    def designs(self) -> tuple[str, ...]:
        """The designs that a reader may choose."""
        return designs(*self._places)

    def languages(self) -> list[tuple[str, str]]:
        """Tag and own name of each language that there is."""
        return [(tag, self._of(tag)[0].name) for tag in self._tags]

    def language(self, request: Request) -> Language:
        """The language of `?lang=`, else the first of `Accept-Language` that there is, else English."""
        return self._in(request)[0]

    def address(self, request: Request, path: str) -> str:
        """Where a page is, in the language that was chosen."""
        return _addresses(self.root, _asked_for(request, self._tags))(path)

    def html(self, request: Request, template: str, **contents: Any) -> str:
        """A template with its contents, and with what every page has."""
        language, environment = self._in(request)
        chosen = _asked_for(request, self._tags)
        shared = {
            "name": self._name,
            "to": _addresses(self.root, chosen),
            "tongues": self._tongues(request, language),
            "chosen_language": chosen,
            "date": language.date,
            "period": language.period,
            "thumbnails": self.thumbnails,
            "sought": "",
            "here": request.url.path.removeprefix(self.root),
            "subscribing": any(getattr(route, "path", "") == "/subscribe" for route in request.app.routes),
        }
        return environment.get_template(template).render(shared | contents)

    def _in(self, request: Request) -> tuple[Language, Environment]:
        tag = _asked_for(request, self._tags) or wished(request.headers.get("accept-language", ""), self._tags)
        return self._of(tag)

    def _of(self, tag: str) -> tuple[Language, Environment]:
        """A language, read once: a catalogue takes a twentieth of a second."""
        if tag not in self._environments:
            language = find(self._places, tag)
            self._environments[tag] = language, self._environment(language)
        return self._environments[tag]

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([place / "web" for place in self._places]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters["href"] = href
        environment.globals |= {
            "say": language.say,
            "count": language.count,
            "told": language.told,
            "apart": language.apart,
            "language": language.tag,
            "direction": language.direction,
            "file": lambda name: f"{self.root}{self.files.address(name)}",
        }
        return environment

    def _tongues(self, request: Request, spoken: Language) -> list[tuple[str, str, str]]:
        """Tag, own name and address of this page in the other languages."""
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
        path = self.root + quote(request.url.path.removeprefix(self.root))
        others = [self._of(tag)[0] for tag in self._tags if tag != spoken.tag]
        return [(one.tag, one.name, f"{path}?{urlencode([*kept, ('lang', one.tag)])}") for one in others]


def draw(request: Request, template: str, status: int = 200, **contents: Any) -> HTMLResponse:
    """A page as an answer. To be called in a thread of its own, for it reads and computes."""
    drawing: Drawing = request.app.state.drawing
    page = HTMLResponse(drawing.html(request, template, **contents), status)
    page.headers["content-language"] = language_of(request).tag
    page.headers["content-security-policy"] = WITH_PICTURES if drawing.thumbnails else POLICY
    return page


def language_of(request: Request) -> Language:
    """The visitor's language."""
    drawing: Drawing = request.app.state.drawing
    return drawing.language(request)


def wished(header: str, tags: Sequence[str]) -> str:
    """The tag that `Accept-Language` (RFC 9110, section 12.5.4) wishes most, of those that there are; else English."""
    found = [_WISH.fullmatch(part) for part in header[:1000].split(",")[:WISHES]]
    wishes = [(float(one[2] or 1), one[1].lower()) for one in found if one]
    known = {tag.lower(): tag for tag in tags}
    for share, wish in sorted(wishes, key=lambda pair: -pair[0]):
        if share and (tag := known.get(wish) or known.get(wish.partition("-")[0])):
            return tag
    return ENGLISH


def _asked_for(request: Request, tags: Sequence[str]) -> str:
    """The language that the address names, if there is such a one."""
    tag = request.query_params.get("lang", "")
    return tag if tag in tags else ""


def _addresses(root: str, lang: str) -> Callable[..., str]:
    """Makes addresses of pages: `to("/search", q="flow matching")`. A chosen language stays chosen."""

    def to(path: str, /, **query: object) -> str:
        said = {name: value for name, value in query.items() if value} | ({"lang": lang} if lang else {})
        return root + quote(path, safe="/:") + (f"?{urlencode(said)}" if said else "")

    return to
