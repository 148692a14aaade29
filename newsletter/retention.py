"""How long papers are kept: removes those that no edition can need any more, if the operator wants that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from newsletter.app import App
from newsletter.archive import Old


def day_of(keep: timedelta, now: datetime) -> date:
    """The first day whose papers are kept."""
    return (now.astimezone(UTC) - keep).date()


def prune(app: App, keep: timedelta, now: datetime, *, only_look: bool = False) -> Old:
    """Removes the papers that no source listed for so long, with all that is known of them; says how many.

    Examples and papers of feedback stay, for rankings depend on them. What a reader has seen is in the ledger, by id,
    and the archive remembers by which other ids a paper was known: so none is shown twice. Editions keep their papers in
    their digests, which go when they are as old.
    """
    spared: set[str] = set()
    for page in app.roster().pages():
        spared |= {id_ for one in page for interest in one.interests for id_ in (*interest.like, *interest.dislike)}
        spared |= app.feedback.papers([one.key for one in page])
    return (app.archive.old if only_look else app.archive.remove_old)(day_of(keep, now), spared)
