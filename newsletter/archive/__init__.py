"""Every paper and every listing ever collected, and the digests made of them."""

from __future__ import annotations

from newsletter.answers import Answers
from newsletter.archive import schema
from newsletter.archive.asked import Asked, Listed, Noted
from newsletter.archive.collected import Collected, Collection
from newsletter.archive.leafed import Leafed
from newsletter.archive.made import Made
from newsletter.archive.retention import Old, Retention
from newsletter.archive.told import Failures, Told
from newsletter.database import Database
from newsletter.turns import Turns

__all__ = ["Archive", "Collection", "Failures", "Listed", "Noted", "Old"]


class Archive(Collected, Asked, Leafed, Made, Told, Retention):
    """The large store that can be rebuilt: papers, listings, readings of upvotes, digests."""

    def __init__(self, url: str) -> None:
        self._db = Database.open(url, schema.SCHEMA)
        self.answers = Answers(self._db, schema.answers)
        self.turns = Turns(self._db, schema.turns)

    def forked(self) -> None:
        """To be called in a child process, before anything else."""
        self._db.forked()

    def close(self) -> None:
        self._db.close()

    def about(self) -> str:
        """Which database this is, and its schema's version."""
        return self._db.about()

    def check(self) -> None:
        """Raises where it does not answer, or has another schema than this program."""
        self._db.check()

    def host(self) -> str:
        """The machine that the database is on; empty where it is this one."""
        return self._db.host
