"""What the archive teaches, for visitors: read now and then, never learned for long, and nothing of theirs is kept."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

from newsletter.app import App
from newsletter.compose import model_of
from newsletter.ranking.model import Model
from newsletter.web.turn import Busy

KEPT: Final = timedelta(minutes=10)


class Learned:
    """The parts to look with, and the model."""

    def __init__(self, app: App) -> None:
        self.app = app.looking()
        self._one_at_a_time = threading.Lock()
        self._model: Model | None = None
        self._until: datetime | None = None

    def model(self) -> Model:
        """As it was some minutes ago at most. Raises Busy where learning it takes a minute: visitors do not wait for that.

        A small archive is learned from at once, if it was not before: in seconds, so only for who has the turn.
        """
        with self._one_at_a_time:
            return self._read()

    def known(self) -> Model | None:
        """The same where nothing has to be learned first."""
        if not self._one_at_a_time.acquire(blocking=False):
            return self._model
        try:
            return self._read() if not self.app.outgrown() else self._model
        finally:
            self._one_at_a_time.release()

    def _read(self) -> Model:
        now = self.app.clock()
        if self._model is None or self._until is None or now >= self._until:
            if self.app.learns_long():
                raise Busy
            self._model, self._until = model_of(self.app), now + KEPT
        return self._model
