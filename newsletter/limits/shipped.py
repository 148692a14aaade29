"""The limits and the plan that come with the program, and a plan of the operator's own."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from newsletter.errors import SettingsError
from newsletter.limits.families import Families, families
from newsletter.limits.plans import Plan, plan

STANDARD: Final = "standard"


@cache
def published() -> Families:
    """What mailbox providers take, as far as that is published."""
    return families(_shipped("domains.yaml"), "domains.yaml")


def plan_named(name: str, home: Path) -> Plan:
    """The plan `standard`, or that of a file, relative to the home. Raises SettingsError with its faults."""
    if name == STANDARD:
        return plan(_shipped("standard.yaml"), STANDARD, published().named)
    path = home / name
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: this is not UTF-8; save the file as UTF-8 in your editor") from error
    except OSError as error:
        raise SettingsError(
            f"warm_up: {path}: {error.strerror}; write off, standard, or a file that is there"
        ) from error
    return plan(text, str(path), published().named)


def _shipped(name: str) -> str:
    return (resources.files("newsletter.limits") / name).read_text("utf-8")
