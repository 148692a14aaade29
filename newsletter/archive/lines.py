"""Papers with their listings and readings as JSON Lines, such as the source `file` reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from newsletter.archive.asked import Listed, Noted
from newsletter.models import Paper
from newsletter.records import paper_record


def as_line(paper: Paper, listings: Sequence[Listed], history: Sequence[Noted]) -> str:
    """One paper, without a line end; `docs/archive.md` has the fields.

    The abstract is always there: by that the source `file` knows the words of this program from Hugging Face's.
    """
    values: dict[str, Any] = {"abstract": "", **json.loads(paper_record(paper))}
    if listings:
        values["date"] = min(one.day for one in listings).isoformat()
    values["listings"] = [
        {"day": one.day.isoformat(), "source": one.source, "seen_at": one.seen_at.isoformat()} for one in listings
    ]
    values["history"] = [{**asdict(noted), "at": noted.at.isoformat()} for noted in history]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
