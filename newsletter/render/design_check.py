"""Checks the files of a design before anything is rendered: every fault on a line of its own, with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, TemplateNotFound

from newsletter.render.designs import FILES, available, folder_of, refused
from newsletter.render.mjml.faults import faults


def check(places: Sequence[Path], name: str) -> tuple[str, ...]:
    """What is wrong in the files of a design: `FILE:LINE: what; cure`. Of a design that is not there, nothing."""
    if name not in available(*places):
        return ()
    folder = folder_of(places, name)
    return (*_of_mjml([folder.parent, *places], f"{name}/{FILES[0]}"), *refused(places, name))


def _of_mjml(places: Sequence[Path], name: str) -> Iterator[str]:
    """The faults of an MJML file; it includes by paths that begin in a folder of templates."""
    loader, environment = FileSystemLoader(places), Environment()

    def read(path: str) -> str | None:
        try:
            return loader.get_source(environment, path)[0]
        except (TemplateNotFound, OSError, UnicodeDecodeError):
            return None

    source = read(name)
    for fault in faults(source, read) if source is not None else ():
        yield f"{loader.get_source(environment, fault.file or name)[1]}:{fault.line}: {fault.what}"
