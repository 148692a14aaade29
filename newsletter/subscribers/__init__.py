"""The subscribers' file: who reads what and when, or every fault of it with its line."""

from newsletter.subscribers.file import parse, read
from newsletter.subscribers.roster import Roster, roster
from newsletter.subscribers.schema import schema

__all__ = ["Roster", "parse", "read", "roster", "schema"]
