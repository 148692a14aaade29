"""The ledger: the book of deliveries. The only room with delivery SQL; read `docs/delivery.md` first."""

from newsletter.ledger.book import Ledger
from newsletter.ledger.rations import Rationed
from newsletter.ledger.statements import LEASE
from newsletter.ledger.values import (
    Account,
    Claim,
    Delivery,
    Doubt,
    Finding,
    History,
    Key,
    Person,
    Planned,
    Sent,
    Waiting,
)

__all__ = [
    "LEASE",
    "Account",
    "Claim",
    "Delivery",
    "Doubt",
    "Finding",
    "History",
    "Key",
    "Ledger",
    "Person",
    "Planned",
    "Rationed",
    "Sent",
    "Waiting",
]
