"""Reads the subscribers' file: one subscriber each, defaults merged in, or every fault of it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from newsletter.errors import SubscriberError
from newsletter.models import Interest, Subscriber
from newsletter.subscribers.fields import DEFAULTS, OWN, SUBSCRIBER, Reading, fields_of, is_blank, unknown
from newsletter.typed import folded
from newsletter.yamltext import Fields, Items, Value, report
from newsletter.yamltext import read as read_yaml

_WRITES_ONE = "`newsletter init` writes one to edit"
_USUAL = Subscriber(key="", email="")


def read(path: Path) -> tuple[Subscriber, ...]:
    """The subscribers in the file at `path`, in its order.

    Raises SubscriberError, whose text is one `file:line:column: where: what` a line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SubscriberError(f"{path}: there is no such file; {_WRITES_ONE}") from error
    except IsADirectoryError as error:
        raise SubscriberError(f"{path}: this is a folder, not a file; {_WRITES_ONE} in another home") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SubscriberError(f"{path}:{line}: this is not UTF-8; save the file as UTF-8 in your editor") from error
    except OSError as error:
        raise SubscriberError(f"{path}: cannot be read ({error.strerror}); let this program read it") from error
    return parse(text, str(path), path.parent)


def parse(text: str, name: str, folder: Path) -> tuple[Subscriber, ...]:
    """The subscribers that `text` lists. Faults name the file `name`; `.bib` files are looked for in `folder`."""
    document = read_yaml(text)
    reading = Reading(folder, list(document.faults))
    if document.root is None and not reading.faults:
        raise SubscriberError(f"{name}: the file is empty; {_WRITES_ONE}")
    found = _subscribers(document.root, reading) if document.root else ()
    if reading.faults:
        raise SubscriberError(report(name, reading.faults))
    return found


def _subscribers(root: Value, reading: Reading) -> tuple[Subscriber, ...]:
    if not isinstance(root, Fields):
        what = "expected `subscribers:` with a list under it, and perhaps `defaults:`"
        reading.fault(root, "the file", f"{what}; {_WRITES_ONE}")
        return ()
    for key, (typed, _) in root.fields.items():
        if key not in ("defaults", "subscribers"):
            reading.fault(typed, "the file", _stray(key))
    shared = _defaults(root, reading)
    entries = _entries(root, reading)
    values = [fields_of(entry, SUBSCRIBER, f"subscribers[{number}]", reading) for number, entry in enumerate(entries)]
    for number, (entry, own) in enumerate(zip(entries, values, strict=True)):
        _check(entry, own, shared, f"subscribers[{number}]", reading)
    _refuse_twins(entries, values, reading)
    return () if reading.faults else tuple(_subscriber(own, shared) for own in values)


def _stray(key: str) -> str:
    if key in SUBSCRIBER:
        return f"'{key}' belongs to a subscriber: indent it under `subscribers:` or `defaults:`"
    return unknown(key, ("defaults", "subscribers"))


def _defaults(root: Fields, reading: Reading) -> dict[str, Any]:
    """What `defaults:` says, read and checked once for all subscribers."""
    if is_blank(root, "defaults"):
        return {}
    value = root.fields["defaults"][1]
    if isinstance(value, Fields):
        for key in value.fields.keys() & set(OWN):
            reading.fault(value.fields[key][0], "defaults", f"'{key}' is each subscriber's own: move it there")
        rest = {key: pair for key, pair in value.fields.items() if key not in OWN}
        value = Fields(rest, value.line, value.column)
    found = fields_of(value, DEFAULTS, "defaults", reading)
    _check_trending(value, found, found, "defaults", reading)
    return found


def _entries(root: Fields, reading: Reading) -> tuple[Value, ...]:
    """The list under `subscribers:`."""
    if "subscribers" not in root.fields:
        reading.fault(root, "the file", f"has no `subscribers:` list; {_WRITES_ONE}")
        return ()
    key, value = root.fields["subscribers"]
    if isinstance(value, Items):
        return value.items
    if is_blank(root, "subscribers"):
        reading.fault(key, "subscribers", "nobody is listed; add `- email: ...` under it, or write `subscribers: []`")
    else:
        reading.fault(value, "subscribers", "expected a list: begin each subscriber with a dash, `- email: ...`")
    return ()


def _check(entry: Value, own: dict[str, Any], shared: dict[str, Any], where: str, reading: Reading) -> None:
    """What concerns several keys of one subscriber."""
    if isinstance(entry, Fields):
        if is_blank(entry, "email"):
            reading.fault(entry, where, "has no address; add `email: ...`")
        _check_trending(entry, own, shared | own, where, reading)


def _check_trending(entry: Value, own: dict[str, Any], merged: dict[str, Any], where: str, reading: Reading) -> None:
    """Trending papers count towards max_papers; an inherited number is cut down to it in silence."""
    most = merged.get("max_papers", _USUAL.max_papers)
    if isinstance(entry, Fields) and own.get("trending", 0) > most:
        what = f"{own['trending']} is more than the {most} papers of an edition (max_papers); lower it"
        reading.fault(entry.fields["trending"][1], f"{where}.trending", what)


def _refuse_twins(entries: tuple[Value, ...], values: list[dict[str, Any]], reading: Reading) -> None:
    """One address gets one edition, one key has one account."""
    addresses: dict[str, int] = {}
    keys: dict[str, int] = {}
    for number, (entry, own) in enumerate(zip(entries, values, strict=True)):
        if not isinstance(entry, Fields) or "email" not in own:
            continue
        where = f"subscribers[{number}]"
        first = addresses.setdefault(folded(own["email"]), number)
        if first != number:
            what = f"{own['email']} is on line {_line(entries[first], 'email')} already; keep one of the two"
            reading.fault(entry.fields["email"][1], f"{where}.email", what)
        first = keys.setdefault(_key(own), number)
        if first != number and ("id" in own or "id" in values[first]):
            kind = "id" if "id" in own else "email"
            line = _line(entries[first], "id" if "id" in values[first] else "email")
            what = f"'{_key(own)}' names the subscriber on line {line} already; change one of the two"
            reading.fault(entry.fields[kind][1], f"{where}.{kind}", what)


def _key(own: dict[str, Any]) -> str:
    return str(own.get("id") or folded(own["email"]))


def _subscriber(own: dict[str, Any], shared: dict[str, Any]) -> Subscriber:
    values = {key: value for key, value in (shared | own).items() if key != "id"}
    values["interests"] = tuple(Interest(**interest) for interest in values.get("interests", ()))
    values["trending"] = min(values.get("trending", _USUAL.trending), values.get("max_papers", _USUAL.max_papers))
    return Subscriber(key=_key(own), **values)


def _line(entry: Value, key: str) -> int:
    return entry.fields[key][1].line if isinstance(entry, Fields) else entry.line
