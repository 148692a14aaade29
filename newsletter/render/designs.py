"""Designs: a folder with `edition.mjml`, `edition.txt` and `subject.txt`, compiled once per process."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mjml
from jinja2 import Environment, StrictUndefined, Template, TemplateError, TemplateSyntaxError

from newsletter import identity
from newsletter.errors import RenderError, SettingsError
from newsletter.render.columns import fill
from newsletter.render.contents import cut

FILES: Final = ("edition.mjml", "edition.txt", "subject.txt")


def href(address: str) -> str:
    """The address if a link in a mail may have it (http, https, mailto), else `#`."""
    return identity.web_link(address) or (address if address.startswith("mailto:") else "#")


_PAGE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_PLAIN = Environment(autoescape=False, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_PAGE.filters["href"] = href
_PLAIN.filters["fill"] = fill
_PLAIN.filters["cut"] = cut


@dataclass(frozen=True, slots=True)
class Piece:
    """One compiled file of a design."""

    path: Path
    template: Template

    def render(self, contents: dict[str, Any]) -> str:
        """The file with these contents. Raises RenderError with the file and what is wrong in it."""
        try:
            return self.template.render(contents)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise RenderError(f"{self.path}: {_first_line(error)}") from error


@dataclass(frozen=True, slots=True)
class Design:
    """A design, ready to be filled."""

    page: Piece
    text: Piece
    subject: Piece
    version: str
    """12 hexadecimal digits, of the sources and of mjml-python's version."""


def default_templates() -> Path:
    """The templates that come with the program: installed beside the code, or those of the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def available(templates: Path) -> tuple[str, ...]:
    """The names of the designs in a folder of templates."""
    found = templates.iterdir() if templates.is_dir() else ()
    return tuple(sorted(folder.name for folder in found if (folder / FILES[0]).is_file()))


def load(templates: Path, name: str) -> Design:
    """Compiles a design. Raises SettingsError if there is none of that name, RenderError if a file is at fault."""
    names = available(templates)
    if name not in names:
        have = f"designs there: {', '.join(names)}" if names else "there is no design there"
        raise SettingsError(f"there is no design {name!r} in {templates}; {have}")
    sources = {file: _read(templates / name / file) for file in FILES}
    page, text, subject = ((templates / name / file, sources[file]) for file in FILES)
    _compiled(_PAGE, *page)  # for the right line: the page itself is compiled from what MJML makes of it
    return Design(
        page=_compiled(_PAGE, page[0], _expanded(*page)),
        text=_compiled(_PLAIN, *text),
        subject=_compiled(_PLAIN, *subject),
        version=_version(sources),
    )


def refused(templates: Path, name: str) -> Iterator[str]:
    """What Jinja refuses in the files of a design: the first fault of each, with file and line."""
    for file in FILES:
        path = templates / name / file
        try:
            _compiled(_PAGE if file == FILES[0] else _PLAIN, path, _read(path))
        except RenderError as error:
            yield str(error)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(f"{path}: cannot be read: {_first_line(error)}") from error


def _expanded(path: Path, source: str) -> str:
    """MJML as HTML with the Jinja tags still in it: data never meets the MJML parser."""
    try:
        # Without `fonts` a link to Google Fonts comes in for five common names (mjml-python 1.4.2, 2026-11).
        expanded = mjml.mjml2html(source, fonts={}, disable_comments=True)
    except ValueError as error:
        raise RenderError(f"{path}: not MJML: {_first_line(error)}") from error
    return re.sub(r"\n\s+", "\n", expanded)  # indentation is a tenth of a mail


def _compiled(environment: Environment, path: Path, source: str) -> Piece:
    try:
        return Piece(path, environment.from_string(source))
    except TemplateSyntaxError as error:
        raise RenderError(f"{path}:{error.lineno}: {_first_line(error)}") from error


def _version(sources: dict[str, str]) -> str:
    parts = [importlib.metadata.version("mjml-python"), *(sources[file] for file in FILES)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
