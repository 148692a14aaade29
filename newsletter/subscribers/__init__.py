"""The subscribers' file: who reads what and when, or every fault of it with its line."""

from newsletter.subscribers.file import parse, read
from newsletter.subscribers.roster import Entry, Roster, roster
from newsletter.subscribers.schema import schema

__all__ = ["Entry", "Roster", "parse", "read", "roster", "schema"]
