"""Recorded answers of the Hugging Face API, in every shape that people have kept them in. No I/O."""

from __future__ import annotations

import ast
from datetime import date

from newsletter.models import Fetched
from newsletter.sources.fields import Fields, Unusable, day_in, decode, fields_of, from_json, gather, kind_of, numbered
from newsletter.sources.formats import flat


def parse(body: bytes, day: date | None) -> Fetched:
    """The listings of a recording: a list of papers, such a list in `data`, or one paper.

    The day is `day`, else the wrapper's `date`, else what each paper says. Raises Unusable.
    """
    recorded = from_json(decode(body))
    if isinstance(recorded, dict):
        day = day or day_in(str(recorded.get("date", "")))
        recorded = recorded.get("data", [recorded])
    if not isinstance(recorded, list):
        raise Unusable(f"neither a paper nor a list of papers but {kind_of(recorded)}")
    return gather(numbered(recorded), lambda fields: flat.read(fields, day), _opened)


def _opened(paper: object) -> Fields:
    """Some archives kept each paper as the text that Python prints for it (2024-12 to 2025-01)."""
    if not isinstance(paper, str):
        return fields_of(paper)
    try:
        return fields_of(ast.literal_eval(paper))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise Unusable("text that is no paper") from error
