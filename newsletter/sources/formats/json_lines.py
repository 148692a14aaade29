"""JSON Lines: one paper a line, flat or as the Hugging Face API writes it. No I/O."""

from __future__ import annotations

from datetime import date

from newsletter.models import Fetched
from newsletter.sources.fields import Fields, Unusable, decode, fields_of, from_json, gather
from newsletter.sources.formats import flat


def parse(body: bytes, day: date | None) -> Fetched:
    """The listings of all lines that are papers; `day` is for lines without a `date`. Raises Unusable."""
    lines = enumerate(decode(body).split("\n"), 1)
    papers = ((f"line {number}", line) for number, line in lines if line.strip())
    return gather(papers, lambda fields: flat.read(fields, day), _opened)


def _opened(line: object) -> Fields:
    try:
        return fields_of(from_json(str(line)))
    except Unusable as error:
        # The place names the line of the file; the one in the error counts from the line's own start.
        raise Unusable(str(error).replace("(line 1, column", "(column")) from error
