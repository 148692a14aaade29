"""DKIM: whether what is published is the other half of the key that signs. No I/O."""

from __future__ import annotations

import re

from newsletter.dkim import Record
from newsletter.maildomain.asked import Ask, Said, shown, tags_of


def look(record: Record, ask: Ask) -> Said:
    """What stands at the name of a key that signs."""
    fault = _fault(record, [text for text in ask(record.name, "TXT") if "=" in text])
    if not fault:
        return Said("DKIM", True, f"{record.name} has the key that signs")
    return Said("DKIM", False, f"{fault}; publish this TXT record at {record.name}: {record.text}")


def _fault(record: Record, texts: list[str]) -> str:
    """Why verifiers cannot use it; empty if they can."""
    if not texts:
        return f"nothing at {record.name}, so nobody can verify what is signed"
    if len(texts) > 1:
        return f"{len(texts)} records at {record.name}, where there must be one"
    tags, ours = tags_of(texts[0]), tags_of(record.text)
    public = re.sub(r"\s+", "", tags.get("p", ""))
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return f"no key at {record.name} but {shown(texts[0])}"
    if not public:
        return f"the key at {record.name} is revoked (p= is empty)"
    if tags.get("k", "rsa") != ours["k"]:
        return f"a key of another kind at {record.name} (k={shown(tags.get('k', 'rsa'))}), so every signature fails"
    if public != ours["p"]:
        return _of_another(record, public, ours["p"])
    return _of_use(record, tags.get("t", ""), tags.get("h", ""), tags.get("s", ""))


def _of_another(record: Record, public: str, ours: str) -> str:
    if ours.startswith(public):
        return f"the key at {record.name} is cut off after {len(public)} of {len(ours)} characters"
    return f"another key at {record.name} than the one that signs, so every signature fails"


def _of_use(record: Record, flags: str, hashes: str, services: str) -> str:
    if "y" in _listed(flags):
        return f"the key at {record.name} is marked as a test (t=y), so it counts for nothing"
    if hashes and "sha256" not in _listed(hashes):
        return f"the key at {record.name} does not allow sha256 (h=)"
    if services and not {"*", "email"} & _listed(services):
        return f"the key at {record.name} is not for mail (s=)"
    return ""


def _listed(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(":")}
