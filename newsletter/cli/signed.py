"""What an operator does to who signed up: find, pause, resume, erase. What they read is theirs alone to change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from newsletter.app import App
from newsletter.errors import SubscriberError
from newsletter.readers.consents import Circumstances
from newsletter.readers.signups import Signup
from newsletter.subscribers.writing import nobody

HOW: Final = "command line"
ERASED: Final = "erased; a hash that only this newsletter can compare keeps them out of imports"


def found(app: App, path: Path, who: str) -> Signup:
    """Who signed up with this key or address, and does not stand in the files. Raises SubscriberError."""
    signup = app.signups.get(who) or app.signups.at(who)
    if signup is None:
        raise SubscriberError(nobody(path, who))
    return signup


def pause(app: App, one: Signup, until: date | None) -> None:
    """Sends them nothing until that day, or again. Raises SubscriberError for who gets nothing anyway."""
    _refuse_who_gets_nothing(one)
    changed = replace(one.subscriber, paused_until=until)
    if changed != one.subscriber and not app.signups.change(changed, app.clock(), Circumstances(HOW)):
        raise SubscriberError(f"{one.subscriber.email}: left meanwhile, and nothing was changed")


def _refuse_who_gets_nothing(one: Signup) -> None:
    email = one.subscriber.email
    if one.status == "unconfirmed":
        cure = f"`newsletter subscribers remove {email}` takes back what was asked for"
        raise SubscriberError(f"{email} has not confirmed and is sent nothing; {cure}")
    if one.status == "unsubscribed":
        raise SubscriberError(f"{email} said no and is sent nothing; only they take that back, by signing up again")


def erase(app: App, one: Signup) -> None:
    """Removes everything about them, as their own page does."""
    app.erase(one.subscriber, Circumstances(HOW))


def refuse_to_edit(app: App, path: Path, who: str) -> None:
    """Says who may change what they read. Raises SubscriberError."""
    email = found(app, path, who).subscriber.email
    cure = "their page is behind the link in each mail; here are `show`, `pause`, `resume` and `remove`"
    raise SubscriberError(f"{email} signed up, and changes themselves what they read: {cure}")
