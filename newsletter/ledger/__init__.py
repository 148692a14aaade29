"""The ledger: the book of deliveries. The only room with delivery SQL; read `docs/delivery.md` first."""

from newsletter.ledger.book import LEASE, Ledger
from newsletter.ledger.values import Account, Claim, Delivery, Doubt, Finding, Key, LastEdition, Person, Planned

__all__ = [
    "LEASE",
    "Account",
    "Claim",
    "Delivery",
    "Doubt",
    "Finding",
    "Key",
    "LastEdition",
    "Ledger",
    "Person",
    "Planned",
]
