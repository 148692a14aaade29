"""Markdown: one paper a file, its facts in front matter and its abstract below. No I/O."""

from __future__ import annotations

import re
from datetime import date

from newsletter import yamltext
from newsletter.models import Fetched
from newsletter.sources.fields import Unusable, decode, gather, kind_of
from newsletter.sources.formats import flat

LONGEST_FRONT_MATTER = 100_000

_FRONT_MATTER = re.compile(r"\A---[ ]*\n(.*?)(?:^|\n)(?:---|\.\.\.)[ ]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ ]+(.+?)[ ]*#*[ ]*$", re.MULTILINE)


def parse(body: bytes, day: date | None) -> Fetched:
    """The one listing of a file: title from front matter or the first heading, abstract from the body.

    `day` is for front matter without a `date`. Raises Unusable.
    """
    written = decode(body)
    front = _FRONT_MATTER.match(written)
    values = _front_matter(front[1]) if front else {}
    below = written[front.end() :] if front else written
    heading = _HEADING.search(below)
    if heading and values.get("title", heading[1]) == heading[1]:
        values["title"] = heading[1]
        below = below[: heading.start()] + below[heading.end() :]
    if not values.get("title"):
        raise Unusable("no title, neither in front matter nor as a heading")
    values.setdefault("abstract", below.strip())
    return gather([("front matter", values)], lambda fields: flat.read(fields, day))


def _front_matter(written: str) -> dict[str, object]:
    """The filled-in keys, every scalar as the text that was typed: `2401.10020` is an id, not a number."""
    if len(written) > LONGEST_FRONT_MATTER:
        raise Unusable(f"front matter of more than {LONGEST_FRONT_MATTER:,} characters")
    document = yamltext.read(written)
    if document.faults:
        fault = min(document.faults)
        raise Unusable(f"front matter, line {fault.line + 1}: {fault.what}")
    values = _plain(document.root) if document.root else {}
    if not isinstance(values, dict):
        raise Unusable(f"front matter is not `key: value` but {kind_of(values)}")
    return {key: value for key, value in values.items() if value != ""}


def _plain(value: yamltext.Value) -> object:
    if isinstance(value, yamltext.Text):
        return value.text
    if isinstance(value, yamltext.Items):
        return [_plain(part) for part in value.items]
    return {key: _plain(part) for key, (_, part) in value.fields.items()}
