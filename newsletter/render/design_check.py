"""Checks the files of a design before anything is rendered: every fault on a line of its own, with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, TemplateNotFound

from newsletter.render.designs import FILES, refused
from newsletter.render.mjml_check import faults


def check(templates: Path, name: str) -> tuple[str, ...]:
    """What is wrong in the files of a design: `FILE:LINE: what; cure`. Of a design that is not there, nothing."""
    if not (templates / name / FILES[0]).is_file():
        return ()
    return (*_of_mjml(templates, f"{name}/{FILES[0]}"), *refused(templates, name))


def _of_mjml(templates: Path, name: str) -> Iterator[str]:
    """The faults of an MJML file; it includes by paths that begin in the folder of templates."""
    loader = FileSystemLoader(templates)

    def read(path: str) -> str | None:
        try:
            return loader.get_source(Environment(), path)[0]
        except (TemplateNotFound, OSError, UnicodeDecodeError):
            return None

    source = read(name)
    for fault in faults(source, read) if source is not None else ():
        yield f"{templates / (fault.file or name)}:{fault.line}: {fault.what}"
