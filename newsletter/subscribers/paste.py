"""Interests as YAML to paste into the subscribers' file. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from newsletter.models import Interest
from newsletter.text import line

_PLAIN = re.compile(r"[^\W_](?:[\w ./()+'’@-]*[\w.)+])?")
_TITLE = 100
"""Characters of a title in a comment."""


def as_yaml(interests: Sequence[Interest], titles: Mapping[str, str]) -> str:
    """The interests as they stand under a subscriber's `interests:`, each example with its title as a comment."""
    return "".join(f"{text}\n" for interest in interests for text in _interest(interest, titles))


def subscriber_as_yaml(email: str, interests: Sequence[Interest], titles: Mapping[str, str]) -> str:
    """The same with the beginning of an entry for somebody who is not in the file yet."""
    under = "    interests:\n" if interests else ""
    return f"  - email: {_scalar(email)}\n{under}{as_yaml(interests, titles)}"


def _interest(interest: Interest, titles: Mapping[str, str]) -> list[str]:
    lines = [f"      - name: {_scalar(interest.name)}"]
    if interest.keywords:
        lines.append(f"        keywords: [{', '.join(map(_scalar, interest.keywords))}]")
    if interest.like:
        lines.append("        like:")
        lines += [f"          - {_scalar(id_)}{_comment(titles.get(id_, ''))}" for id_ in interest.like]
    return lines


def _scalar(text: str) -> str:
    """As it is where YAML allows it everywhere, else in double quotes (YAML 1.2 section 5.7 has JSON's escapes)."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _comment(title: str) -> str:
    shown = line("".join(c if c.isprintable() else " " for c in title), _TITLE)
    return f"  # {shown}" if shown else ""
