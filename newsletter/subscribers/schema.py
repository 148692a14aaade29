"""The subscribers' file as JSON Schema, for editors that complete and check while typing. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from newsletter.subscribers.fields import DEFAULTS, INTEREST, SUBSCRIBER, Field


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12. Where text is meant it takes numbers and booleans, as editors type bare scalars."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The subscribers of a newsletter",
        "description": "Who reads what, how often, and when.",
        **_mapping({}, "subscribers"),
        "properties": {
            "defaults": _mapping(DEFAULTS) | {"description": "What holds for every subscriber who does not say else."},
            "subscribers": {"type": "array", "items": {"$ref": "#/$defs/subscriber"}, "description": "Who reads."},
        },
        "$defs": {"subscriber": _mapping(SUBSCRIBER, "email"), "interest": _mapping(INTEREST, "name")},
    }


def _mapping(table: Mapping[str, Field], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {key: {"description": field.says, **field.shape} for key, field in table.items()},
    }
