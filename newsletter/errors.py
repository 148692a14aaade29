"""The errors, sorted by what the caller does next. No I/O.

    NewsletterError              every error of ours: one line, fit to show an operator
      SettingsError              stop at start: a setting is missing, unknown or impossible    (exit 2)
        SubscriberError          the same, in the subscribers' file
      StoreError                 stop: what happens could not be recorded (disk, lock, schema) (exit 1)
        OtherVersion             the same until another version of the program, or of the tables, is installed
      SourceError                go on without this source; it is named in log, status, footer
        NotYet                   the source has no such day yet: ask again later, nothing is broken
      InboxError                 returned mail cannot be read now: go on, and look again           (exit 1)
      RenderError                this edition fails, the others go on
      Halt                       our own fault at the provider (login, policy): stop the run
      Interrupted                the operator ended it (Ctrl-C, SIGTERM); nothing is left in flight   (exit 130)

What a provider says of a single message is a value, not an exception: see `Outcome` in `models`.
"""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.models import Outcome


class NewsletterError(Exception):
    """Something the operator should read; the text is one line that says what, where and the cure."""


class SettingsError(NewsletterError):
    """The settings, or a file of settings, cannot be used. Nothing was started."""


class SubscriberError(SettingsError):
    """The subscribers' file cannot be used; every fault of it is listed, one a line."""


class StoreError(NewsletterError):
    """A database cannot be read or written, so nothing is sent that could not be recorded."""


class OtherVersion(StoreError):
    """A database is of another version than this program: waiting does not help, nothing was touched."""


class SourceError(NewsletterError):
    """A source failed for this day; the others go on."""


class NotYet(SourceError):
    """The source does not have this day yet, as Hugging Face says of tomorrow (HTTP 400)."""


class InboxError(NewsletterError):
    """The mailbox of what comes back cannot be read now; sending goes on."""


class RenderError(NewsletterError):
    """One edition could not be made into a message; the other editions go on."""


class Interrupted(NewsletterError):
    """The operator ended the run, and what was in flight is recorded."""


class Halt(NewsletterError):
    """The provider refuses *us*, not a reader (login, policy, quota): the run stops, nobody is suppressed.

    `outcomes` says what became of the messages of the call that was halted, in their order; those that were
    not handed over are `TryLater`. It is empty when none was, and all can be tried at once when it is mended.
    `passing`: nobody has to mend anything, it may be over in minutes (a server that is away).
    """

    def __init__(self, text: str, outcomes: Sequence[Outcome] = (), *, passing: bool = False) -> None:
        super().__init__(text)
        self.outcomes = tuple(outcomes)
        self.passing = passing
