"""The file formats that papers can be read from: one line each in a table by suffix. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeAlias

from newsletter.models import Fetched
from newsletter.sources.formats import captures, hf_json, json_lines, markdown

Format: TypeAlias = Callable[[bytes, date | None], Fetched]
"""Reads the bytes of a file; the day is that of its name, if it has one. Raises `fields.Unusable`."""

FORMATS: dict[str, Format] = {
    ".json": hf_json.parse,
    ".jsonl": json_lines.parse,
    ".ndjson": json_lines.parse,
    ".md": markdown.parse,
    ".markdown": markdown.parse,
    ".txt": captures.parse,
}
