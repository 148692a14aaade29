"""The parts as their files are at this moment: settings and designs are read anew when they have changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from newsletter.app import App, imprint
from newsletter.render import Renderer, default_templates
from newsletter.settings import FILE, SECRETS, Settings

OPENED_WITH: Final = ("home", "database", "archive", "embeddings", "hf_endpoint", "hf_token")
"""The settings with which stores and clients are opened; any other takes effect without that."""
READ_AT_ONCE: Final = ("subscribers.yaml", "note.md")
"""Files of the home that are read at each look."""
READ_TOO: Final = ("*.bib", "subscribers/*.yaml", "subscribers/*.yml", "subscribers/*.bib")

Opener: TypeAlias = Callable[[Settings], AbstractContextManager[App]]
Mark: TypeAlias = tuple[str, int, int, int]
"""A file's path, when it was changed (nanoseconds), its size and its number on the disk; zeros if it is not there."""


class Parts:
    """The opened parts of a home."""

    def __init__(self, settings: Callable[[], Settings], opener: Opener) -> None:
        self._settings, self._opener = settings, opener
        self._stack, self._one_at_a_time = ExitStack(), threading.Lock()
        first = settings()
        self._read = marks(_settings_of(first))
        self._drawn = marks(_templates_of(first))
        self.app = self._opened(first)
        """As they were when they could last be read."""

    def close(self) -> None:
        """Closes all that was opened."""
        self._stack.close()

    def fresh(self) -> App:
        """The parts as the files are now. Raises SettingsError where they cannot be read; `app` stays as it was."""
        with self._one_at_a_time:
            return self._fresh()

    def _fresh(self) -> App:
        now = marks(_settings_of(self.app.settings))
        if now != self._read:
            settings = self._settings()
            same = all(getattr(settings, name) == getattr(self.app.settings, name) for name in OPENED_WITH)
            self.app = replace(self.app, settings=settings) if same else self._opened(settings)
        drawn = marks(_templates_of(self.app.settings))
        if (now, drawn) != (self._read, self._drawn):
            self.app = replace(self.app, renderer=_renderer(self.app.settings))
            self._read, self._drawn = now, drawn
        return self.app

    def files(self) -> tuple[Mark, ...]:
        """Every file that an edition depends on, as it is now."""
        home = self.app.settings.home
        more = (path for pattern in READ_TOO for path in sorted(home.glob(pattern)))
        watched = (*(home / name for name in READ_AT_ONCE), *more)
        return marks((*_settings_of(self.app.settings), *watched, *_templates_of(self.app.settings)))

    def _opened(self, settings: Settings) -> App:
        # Older parts stay open until the end: something in the background may still be using them.
        return self._stack.enter_context(self._opener(settings))


def marks(paths: Iterable[Path]) -> tuple[Mark, ...]:
    """How these files are."""
    return tuple(map(_mark, paths))


def _mark(path: Path) -> Mark:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino


def _settings_of(settings: Settings) -> tuple[Path, ...]:
    return settings.home / FILE, settings.home / SECRETS


def _templates_of(settings: Settings) -> Iterator[Path]:
    """The files of the folders of templates; where there are two of a name the first folder's counts."""
    for place in dict.fromkeys((settings.templates or default_templates(), default_templates())):
        yield from sorted(path for path in place.rglob("*") if path.is_file())


def _renderer(settings: Settings) -> Renderer:
    return Renderer(imprint(settings), settings.templates or default_templates())
