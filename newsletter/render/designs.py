"""Designs: a folder with `edition.mjml`, `edition.txt` and `subject.txt`, compiled once per language and process."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mjml
from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
)
from markupsafe import escape

from newsletter import identity
from newsletter.errors import RenderError, SettingsError
from newsletter.render.columns import fill
from newsletter.render.contents import cut
from newsletter.render.fragments import Body
from newsletter.render.language import ENGLISH, Language, find
from newsletter.render.sharing import Cached, Sheet, check_keys, sheet

FILES: Final = ("edition.mjml", "edition.txt", "subject.txt")
LETTER: Final = ("letter.mjml", "letter.txt", "subject.txt")
_LIKE_MAIL: Final = {
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
    "auto_reload": False,
    "extensions": [Cached],
}
_SHARED: Final[Mapping[str, object]] = {"thumbnails": False, "own_feedback": ""}
"""What cards may use besides their paper, where nobody says otherwise."""

_LAYOUT: Final = re.compile(r"(?<!^)<(?:/?div|table|/head|style|h[12]|p)\b|(?<=<!\[endif\]-->)(?=<)", re.MULTILINE)
"""Before these a line may begin: they are never between words."""
_SETTLED: Final = re.compile(r"\{\{ *(language|direction|start) *\}\}")
_INCLUDED: Final = re.compile(r"""\{% *include "([^"]*)" *%\}\n?""")
_PLAIN_LINK: Final = re.compile(r"https?://[a-z0-9.-]+/[\w./-]*", re.ASCII)
_MJML_INCLUDED: Final = re.compile(r"""<mj-include\s+path=(["'])([^"'{]+)\1\s*/>""")
_SAID: Final = re.compile(r"""\{\{ *say\("([^"]*)"\) *\}\}""")


def href(address: str) -> str:
    """The address if a link in a mail may have it (http, https, mailto), else `#`."""
    if _PLAIN_LINK.fullmatch(address):
        return address  # as most are
    return identity.web_link(address) or (address if address.startswith("mailto:") else "#")


class Shared(FileSystemLoader):
    """Files that designs import and include; what they keep is looked at as in the designs themselves."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The source, its path, and whether it is as it was. Raises TemplateSyntaxError with the line of a fault."""
        source, path, fresh = super().get_source(environment, template)
        source = _settled(source, environment)
        if not path.endswith(".mjml"):
            check_keys(environment.parse(source, template, path), environment.globals)
        return source, path, fresh


@dataclass(frozen=True, slots=True)
class Piece:
    """One compiled file of a design."""

    path: Path
    sheet: Sheet

    def render(self, contents: Mapping[str, Any], token: str = "") -> Body:
        """The file with these contents, and with the reader's token in the links of shared cards.

        Raises RenderError with the file and what is wrong in it.
        """
        try:
            return self.sheet.render(contents, token)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise RenderError(f"{self.path}: {_first_line(error)}") from error


@dataclass(frozen=True, slots=True)
class Design:
    """A design in a language, ready to be filled."""

    page: Piece
    text: Piece
    subject: Piece
    language: Language
    version: str
    """12 hexadecimal digits, of the sources, the language's catalogue and mjml-python's version."""


def default_templates() -> Path:
    """The templates that come with the program: installed beside the code, or those of the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def available(*places: Path) -> tuple[str, ...]:
    """The names of the designs in these folders of templates."""
    found = (folder for place in places if place.is_dir() for folder in place.iterdir())
    return tuple(sorted({folder.name for folder in found if (folder / FILES[0]).is_file()}))


def folder_of(places: Sequence[Path], name: str) -> Path:
    """The folder of a design, the first that has it. Raises SettingsError if there is none of that name."""
    names = available(*places)
    if name not in names:
        have = f"designs there: {', '.join(names)}" if names else "there is no design there"
        raise SettingsError(f"there is no design {name!r} in {places[0]}; {have}")
    return next(place / name for place in places if (place / name / FILES[0]).is_file())


def load(
    places: Sequence[Path], name: str, language: Language, *, thumbnails: bool = False, own_feedback: str = ""
) -> Design:
    """Compiles a design. Raises SettingsError if there is none of that name, RenderError if a file is at fault.

    `own_feedback` is the address of the page where a reader judges papers, the same for all who share a card.
    """
    shared = {"thumbnails": thumbnails, "own_feedback": own_feedback}
    return _load(places, folder_of(places, name), FILES, language, shared)


def load_letter(places: Sequence[Path], language: Language) -> Design:
    """Compiles the design of letters, the first that there is. Raises RenderError if a file is at fault."""
    folder = next(place / "letter" for place in places if (place / "letter" / LETTER[0]).is_file())
    return _load(places, folder, LETTER, language)


def _load(
    places: Sequence[Path],
    folder: Path,
    files: Sequence[str],
    language: Language,
    shared: Mapping[str, object] = _SHARED,
) -> Design:
    page, text, subject = (folder / file for file in files)
    loader = Shared([folder.parent, *places])
    html, plain = _environments(loader, language)
    html.globals |= shared
    plain.globals |= shared
    sources = {path: _read(path) for path in (page, text, subject)}
    _compiled(html, page, sources[page])  # for the right line: the page itself is compiled from what MJML makes of it
    expanded = _expanded(page, sources[page], loader, html)
    return Design(
        page=_compiled(html, page, expanded),
        text=_compiled(plain, text, _settled(sources[text], plain)),
        subject=_compiled(plain, subject, sources[subject]),
        language=language,
        version=_version(
            [expanded, *sources.values(), *_imported(html, expanded), *_imported(plain, sources[text])], language
        ),
    )


def refused(places: Sequence[Path], name: str) -> Iterator[str]:
    """What Jinja refuses in the files of a design: the first fault of each, with file and line."""
    folder = folder_of(places, name)
    html, plain = _environments(Shared([folder.parent, *places]), find(places, ENGLISH))
    for file in FILES:
        try:
            _compiled(html if file == FILES[0] else plain, folder / file, _read(folder / file))
        except RenderError as error:
            yield str(error)


def _environments(loader: BaseLoader, language: Language) -> tuple[Environment, Environment]:
    """For pages and for texts."""
    html, plain = _environment(loader, language, autoescape=True), _environment(loader, language, autoescape=False)
    html.filters["href"] = href
    html.globals |= _SHARED
    plain.globals |= _SHARED
    plain.filters |= {"fill": fill, "cut": cut}
    return html, plain


def _environment(loader: BaseLoader, language: Language, *, autoescape: bool) -> Environment:
    environment = Environment(loader=loader, autoescape=autoescape, **_LIKE_MAIL)  # type: ignore[arg-type]
    words = {"say": language.say, "count": language.count, "told": language.told, "apart": language.apart}
    side = "right" if language.direction == "rtl" else "left"
    environment.globals |= words | {"language": language.tag, "direction": language.direction, "start": side}
    return environment


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(f"{path}: cannot be read: {_first_line(error)}") from error


def _expanded(file: Path, source: str, loader: BaseLoader, environment: Environment) -> str:
    """MJML as HTML with the Jinja tags still in it: data never meets the MJML parser."""
    missing: list[str] = []

    def include(path: str) -> str:
        try:
            return loader.get_source(environment, path)[0]
        except TemplateNotFound:
            missing.append(path)
            raise

    try:
        # Without `fonts` a link to Google Fonts comes in for five common names (mjml-python 1.4.2, 2026-11).
        expanded = mjml.mjml2html(
            _joined(_settled(source, environment), include), fonts={}, disable_comments=True, include_loader=include
        )
    except (ValueError, TemplateNotFound) as error:
        told = f"includes {missing[0]!r}, which is not there" if missing else f"not MJML: {_first_line(error)}"
        raise RenderError(f"{file}: {told}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, of mjml-python 1.4.2 for an unfinished comment
            raise
        raise RenderError(f"{file}: not MJML that mjml-python can read; `newsletter check` says where") from error
    # Indentation is a tenth of a mail; and what stands on lines of its own can be shared by messages.
    return _LAYOUT.sub(r"\n\g<0>", re.sub(r"\n\s+", "\n", expanded))


def _joined(source: str, include: Callable[[str], str], trail: tuple[str, ...] = ()) -> str:
    """MJML with what it includes. Left to mjml-python, an included section is as wide as the window (1.4.2, 2026-11)."""

    def text(found: re.Match[str]) -> str:
        path = found[2]
        return found[0] if path in trail else _joined(include(path), include, (*trail, path))

    return _MJML_INCLUDED.sub(text, source)


def _settled(source: str, environment: Environment) -> str:
    """The source with its includes, and with what is the same for all who read the language, as fixed text."""
    loader = environment.loader
    if loader is not None:
        source = _INCLUDED.sub(lambda found: loader.get_source(environment, found[1])[0], source)
    say: Any = environment.globals["say"]
    escaped = escape if environment.autoescape else str
    said = _SAID.sub(lambda found: escaped(say(found[1])), source)
    return _SETTLED.sub(lambda found: str(environment.globals[found[1]]), said)


def _compiled(environment: Environment, path: Path, source: str) -> Piece:
    try:
        return Piece(path, sheet(environment, source, environment.globals))
    except TemplateSyntaxError as error:
        raise RenderError(f"{path}:{error.lineno}: {_first_line(error)}") from error


def _imported(environment: Environment, source: str) -> Iterator[str]:
    """The sources of the files that a template imports and includes, and those of theirs."""
    for name in sorted(filter(None, meta.find_referenced_templates(environment.parse(source)))):
        if environment.loader is not None:
            found = environment.loader.get_source(environment, name)[0]
            yield found
            yield from _imported(environment, found)


def _version(sources: Sequence[str], language: Language) -> str:
    parts = [importlib.metadata.version("mjml-python"), language.version, *sources]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
