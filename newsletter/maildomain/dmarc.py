"""DMARC (RFC 9989): what a domain wants done with mail that only claims to be its own. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from newsletter.maildomain.asked import Ask, Said, shown, tags_of

_STEPS: Final = 8
"""Names that a walk up the tree asks for at most (RFC 9989 section 4.10)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The record that holds for a domain."""

    at: str
    """The domain that it was found for; `_dmarc.` stands before that in DNS."""
    text: str
    tags: Mapping[str, str]

    def of(self, domain: str) -> str:
        """`none`, `quarantine` or `reject`, for this domain; empty where the record does not say."""
        wanted = self.tags.get("p", "")
        return (wanted if domain == self.at else self.tags.get("sp", wanted)).lower()


def look(domain: str, signing: Iterable[str], ask: Ask) -> Iterator[Said]:
    """What is published for the domain of `From`, and whether signatures of those other domains count for it."""
    found = policy(domain, ask)
    if found is None:
        yield Said(
            "DMARC",
            False,
            f"none for {domain}; publish this TXT record at _dmarc.{domain}: v=DMARC1; p=none "
            "(Gmail and Yahoo refuse senders of many mails without one)",
        )
        return
    wanted = found.of(domain)
    said = f"_dmarc.{found.at} has {shown(found.text)}"
    if wanted not in ("none", "quarantine", "reject"):
        yield Said("DMARC", False, f"{said}: it does not say p=none, p=quarantine or p=reject")
    else:
        yield Said("DMARC", True, f"{said}: {_MEANING[wanted]}")
    for other in dict.fromkeys(signing):
        if not aligned(domain, other, found.tags.get("adkim", "r").lower() == "s", ask):
            yield Said(
                "DMARC",
                False,
                f"a signature of {other} does not count for mail from {domain}; sign as {domain}: "
                f"`newsletter dkim new SELECTOR`, and dkim: {domain}/SELECTOR",
            )


_MEANING: Final = {
    "none": "nothing happens to mail that only claims to be yours",
    "quarantine": "mail that neither SPF nor DKIM says is yours is taken for spam",
    "reject": "mail that neither SPF nor DKIM says is yours is refused",
}


def policy(domain: str, ask: Ask) -> Policy | None:
    """The record of the domain itself, else of its organisation, else of who gives out such domains."""
    found = _walk(domain, ask)
    by_name = {one.at: one for one in found}
    last = [one for one in found if one.tags.get("psd", "").lower() == "y"]
    chosen = (by_name.get(domain), by_name.get(_organisation(domain, found)), *last)
    return next((one for one in chosen if one is not None), None)


def aligned(sender: str, signing: str, strict: bool, ask: Ask) -> bool:
    """Whether what is said of one domain counts for the other: the same, or, unless strict, of one organisation."""
    if strict or sender == signing:
        return sender == signing
    return _organisation(sender, _walk(sender, ask)) == _organisation(signing, _walk(signing, ask))


def _walk(domain: str, ask: Ask) -> list[Policy]:
    """The records from a domain upwards."""
    labels = domain.split(".")
    tops = range(1, min(len(labels), _STEPS))
    found = []
    for name in [domain, *(".".join(labels[-number:]) for number in reversed(tops))]:
        texts = [text for text in ask(f"_dmarc.{name}", "TXT") if tags_of(text).get("v") == "DMARC1"]
        if len(texts) == 1:  # several are as good as none
            found.append(Policy(name, texts[0], tags_of(texts[0])))
            if found[-1].tags.get("psd", "").lower() in ("y", "n"):
                break
    return found


def _organisation(domain: str, found: list[Policy]) -> str:
    """The domain that an organisation got from others (RFC 9989 section 4.10.2)."""
    for one in found:
        if one.tags.get("psd", "").lower() == "y" and one.at != domain:
            return ".".join(domain.split(".")[-one.at.count(".") - 2 :])
    return found[-1].at if found else domain
