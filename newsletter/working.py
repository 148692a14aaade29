"""What a worker does: takes shards from the engine and sends them, as it is done inline, until it is to end.

work      one process: opens the parts, works, and opens them anew after a fault that may be over
Bench     what lasts from one shard to the next
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Final

from newsletter.app import App
from newsletter.compose import Composer
from newsletter.ending import Ending
from newsletter.engine import Engine
from newsletter.engine.serving import serve
from newsletter.errors import Halt, NewsletterError, OtherVersion, SettingsError
from newsletter.ledger import Key
from newsletter.sending import SELDOM, Link, Sending, by_the_first, chain, send_batch

log = logging.getLogger("newsletter.working")
NAP: Final = 0.5
IDLE, AGE = 60.0, 900.0
"""Seconds without a shard, and since the first one: then what was learned and indexed for them is forgotten."""
SPACING: Final = (1, 2, 5, 10, 30, 60)
"""Seconds after the first, second, ... fault in a row of the database, which may be starting."""
AFTER_A_HALT: Final = (60, 120, 300, 600, 1200, 1800)
"""The same after the provider refused us: who asks every minute with a wrong password locks the account."""


class Bench:
    """Sends shards, one after another, by the first provider that is there."""

    def __init__(self, app: App, links: Sequence[Link]) -> None:
        self._app, self._links = app, links
        self._composer: Composer | None = None
        self._made = self._last = 0.0
        self.done = 0

    def __call__(self, shard: Sequence[Key]) -> None:
        """Raises Halt where no provider is there, and OtherVersion where the ledger became another's."""
        self._app.ledger.check()
        by_the_first(self._links, lambda link: self._send(link, shard))

    def _send(self, link: Link, shard: Sequence[Key]) -> None:
        composer, roster = self._kept(), link.app.roster()
        send_batch(Sending(link.app, composer, link.provider, roster.find, link.run, elsewhere=link.elsewhere), shard)
        self.done += 1

    def _kept(self) -> Composer:
        """What the last shards were composed with; made anew now and then, as other days come and the archive grows."""
        now = time.monotonic()
        if self._composer is None or now - self._last > IDLE or now - self._made > AGE:
            gc.unfreeze()
            self._composer, self._made = Composer(self._app), now
            gc.collect()
            gc.freeze()  # garbage is not looked for in what lasts
            gc.set_threshold(SELDOM, *gc.get_threshold()[1:])
        self._last = now
        return self._composer


def work(opened: Callable[[], AbstractContextManager[App]], share: int, ending: Ending) -> None:
    """Works until it is to end. `share`: of how many processes of this machine it is one.

    A fault of the database or a halt is a line in the log, and the next attempt comes later. Raises SettingsError and
    OtherVersion: somebody has to mend something first.
    """
    faults, halts = 0, 0
    while not ending.asked:
        done = 0
        try:
            with opened() as app, _bench(app, share) as bench:
                try:
                    serve(_engine(app), bench, ending)
                finally:
                    done = bench.done
        except (SettingsError, OtherVersion):
            raise
        except Halt as halt:
            halts = 1 if done else halts + 1
            _wait(AFTER_A_HALT[min(halts, len(AFTER_A_HALT)) - 1], halt, ending)
        except NewsletterError as error:
            faults = 1 if done else faults + 1
            _wait(SPACING[min(faults, len(SPACING)) - 1], error, ending)


def _wait(seconds: int, error: NewsletterError, ending: Ending) -> None:
    log.error("%s; trying again in %s", error, timedelta(seconds=seconds))
    until = time.monotonic() + seconds
    while time.monotonic() < until and not ending.asked:
        time.sleep(NAP)


def _engine(app: App) -> Engine:
    if app.engine is None:
        origin = app.settings.origin("queue")
        raise SettingsError(f"{origin}: workers are for `queue: procrastinate`; here each command sends by itself")
    return app.engine


@contextmanager
def _bench(app: App, share: int) -> Iterator[Bench]:
    with chain(app, share) as links, app.ledger.working():
        for link in links:
            link.provider.pace.share(link.app.carrier)
        yield Bench(app, links)
