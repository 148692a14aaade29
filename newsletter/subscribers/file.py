"""Reads the subscribers' files: one subscriber each, defaults merged in, or every fault of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from newsletter.errors import SubscriberError
from newsletter.models import Interest, Subscriber
from newsletter.subscribers.fields import DEFAULTS, OWN, SUBSCRIBER, Reading, fields_of, is_blank, unknown
from newsletter.typed import folded
from newsletter.yamltext import Fields, Items, Text, Value, report
from newsletter.yamltext import read as read_yaml

SUFFIXES: Final = (".yaml", ".yml")

_WRITES_ONE = "`newsletter init` writes one to edit"
_USUAL = Subscriber(key="", email="")


Above: TypeAlias = Mapping[str, tuple[Text, Value]]
"""What a file says above its list of subscribers."""
Entered: TypeAlias = tuple[str, int, int]
"""The file of an entry, its number there from 1, and its line."""
Keep: TypeAlias = Callable[[Subscriber, Entered], None]
"""Is handed the subscribers, one by one in the file's order, and where they stand."""


@dataclass(slots=True)
class Known:
    """The addresses and keys that were read, each with where."""

    addresses: dict[str, Entered] = field(default_factory=dict)
    keys: dict[str, tuple[Entered, bool]] = field(default_factory=dict)
    """Also whether it is an `id`."""


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that list the subscribers: the one at `path`, and those in the folder of its name beside it.

    One that is missing counts where there is no other, so that reading it says so.
    """
    folder = path.with_suffix("")
    inside = sorted(one for one in folder.glob("*") if one.suffix in SUFFIXES and not one.name.startswith("."))
    return (path, *inside) if path.exists() or not inside else tuple(inside)


def read_all(path: Path) -> tuple[Subscriber, ...]:
    """The subscribers of the file at `path` and of the folder beside it, in their order.

    Raises SubscriberError, whose text is one `file:line:column: where: what` a line.
    """
    found: list[Subscriber] = []
    hand_over_all(files_of(path), lambda one, _: found.append(one))
    return tuple(found)


def hand_over_all(files: Sequence[Path], keep: Keep, instead: Mapping[Path, str] | None = None) -> tuple[Path, ...]:
    """Hands the subscribers of all files over, of whom no two share an address; `instead` is read for what a file holds.

    Returns the other files that what was handed over depends on. Where it raises, what was handed over is void.
    """
    known, besides, faults = Known(), dict[Path, None](), []
    for file in files:
        try:
            text = instead[file] if instead and file in instead else text_of(file)
            besides |= dict.fromkeys(hand_over(text, str(file), file.parent, keep, known))
        except SubscriberError as error:
            faults.append(str(error))
    if faults:
        raise SubscriberError("\n".join(faults))
    return tuple(besides)


def read(path: Path) -> tuple[Subscriber, ...]:
    """The subscribers in the file at `path`, in its order.

    Raises SubscriberError, whose text is one `file:line:column: where: what` a line.
    """
    return parse(text_of(path), str(path), path.parent)


def text_of(path: Path) -> str:
    """What the file holds."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SubscriberError(f"{path}: there is no such file; {_WRITES_ONE}") from error
    except IsADirectoryError as error:
        raise SubscriberError(f"{path}: this is a folder, not a file; {_WRITES_ONE} in another home") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SubscriberError(f"{path}:{line}: this is not UTF-8; save the file as UTF-8 in your editor") from error
    except OSError as error:
        raise SubscriberError(f"{path}: cannot be read ({error.strerror}); let this program read it") from error


def parse(text: str, name: str, folder: Path) -> tuple[Subscriber, ...]:
    """The subscribers that `text` lists. Faults name the file `name`; `.bib` files are looked for in `folder`."""
    found: list[Subscriber] = []
    hand_over(text, name, folder, lambda one, _: found.append(one))
    return tuple(found)


def hand_over(text: str, name: str, folder: Path, keep: Keep, known: Known | None = None) -> tuple[Path, ...]:
    """Hands the subscribers over as they are read, so that they may be more than memory holds.

    Returns the other files that what was handed over depends on. Where it raises, what was handed over is void.
    `known` are those of other files, which are added to.
    """
    reading = Reading(folder)
    entries = _Entries(text, name, reading, keep, known or Known())
    document = read_yaml(text, "subscribers", entries.take)
    if document.root is None:
        raise SubscriberError(report(name, document.faults) or f"{name}: the file is empty; {_WRITES_ONE}")
    reading.faults += document.faults
    _look_at_the_rest(document.root, entries, reading)
    if reading.faults:
        raise SubscriberError(report(name, reading.faults))
    return tuple(reading.bibliographies)


def _look_at_the_rest(root: Value, entries: _Entries, reading: Reading) -> None:
    """What there is beside the entries of the list."""
    if not isinstance(root, Fields):
        what = "expected `subscribers:` with a list under it, and perhaps `defaults:`"
        reading.fault(root, "the file", f"{what}; {_WRITES_ONE}")
        return
    for key, (typed, _) in root.fields.items():
        if key not in ("defaults", "subscribers"):
            reading.fault(typed, "the file", _stray(key))
    _look_at_list(root, entries, reading)
    if entries.number == 0:
        entries.begin(root.fields)
    elif "defaults" in root.fields and not entries.had_defaults:
        reading.fault(root.fields["defaults"][0], "defaults", "move it above `subscribers:`")


class _Entries:
    """The entries of the list, read one after the other."""

    def __init__(self, text: str, name: str, reading: Reading, keep: Keep, known: Known) -> None:
        self._text, self._name, self._reading, self._keep, self._known = text, name, reading, keep, known
        self._shared: Mapping[str, Any] = {}
        self.had_defaults = False
        self.number = 0

    def begin(self, above: Above) -> None:
        """Knows what all of them share, from what the file says."""
        self.had_defaults = "defaults" in above
        self._shared = _defaults(above, self._reading)

    def take(self, above: Above, entry: Value) -> None:
        """Reads the next one, and hands it over unless there is a fault in the file."""
        if self.number == 0:
            # Defaults that stand below are looked for in a reading of their own.
            below = "defaults" not in above and "defaults" in self._text
            root = read_yaml(self._text, "subscribers", lambda *_: None).root if below else None
            self.begin(root.fields if isinstance(root, Fields) else above)
        where = f"subscribers[{self.number}]"
        self.number += 1
        own = own_of(entry, self._shared, where, self._reading)
        if isinstance(entry, Fields) and "email" in own:
            self._refuse_twin(entry, own, where)
        if not self._reading.faults:
            self._keep(subscriber_of(own, self._shared), (self._name, self.number, entry.line))

    def _refuse_twin(self, entry: Fields, own: Mapping[str, Any], where: str) -> None:
        """One address gets one edition, one key has one account."""
        at = entry.fields["email"][1]
        place = self._name, self.number, at.line
        first = self._known.addresses.setdefault(folded(own["email"]), place)
        if first != place:
            what = f"{own['email']} is {self._where(first)} already; keep one of the two"
            self._reading.fault(at, f"{where}.email", what)
        kind = "id" if "id" in own else "email"
        at = entry.fields[kind][1]
        place = self._name, self.number, at.line
        first, named = self._known.keys.setdefault(_key(own), (place, "id" in own))
        if first != place and ("id" in own or named):
            what = f"'{_key(own)}' names the subscriber {self._where(first)} already; change one of the two"
            self._reading.fault(at, f"{where}.{kind}", what)

    def _where(self, place: Entered) -> str:
        """Where another entry is, as seen from this file."""
        name, _, line = place
        return f"on line {line}" if name == self._name else f"in {name}:{line}"


def shared_of(text: str, folder: Path) -> Mapping[str, Any]:
    """What `defaults:` of a file says for all of its subscribers, by key; nothing where it cannot be read."""
    root = read_yaml(text, "subscribers", lambda *_: None).root
    reading = Reading(folder)
    found = _defaults(root.fields, reading) if isinstance(root, Fields) else {}
    return {} if reading.faults else found


def own_of(entry: Value, shared: Mapping[str, Any], where: str, reading: Reading) -> dict[str, Any]:
    """What an entry says of its subscriber, by key; what is wrong with it goes to the reading's faults."""
    own = fields_of(entry, SUBSCRIBER, where, reading)
    if isinstance(entry, Fields):
        if is_blank(entry, "email"):
            reading.fault(entry, where, "has no address; add `email: ...`")
        _check_trending(entry, own, {**shared, **own}, where, reading)
    return own


def _stray(key: str) -> str:
    if key in SUBSCRIBER:
        return f"'{key}' belongs to a subscriber: indent it under `subscribers:` or `defaults:`"
    return unknown(key, ("defaults", "subscribers"))


def _defaults(above: Above, reading: Reading) -> dict[str, Any]:
    """What `defaults:` says, read and checked once for all subscribers."""
    _, value = above.get("defaults", (None, None))
    if value is None or (isinstance(value, Text) and not value.text.strip()):
        return {}
    if isinstance(value, Fields):
        for key in value.fields.keys() & set(OWN):
            reading.fault(value.fields[key][0], "defaults", f"'{key}' is each subscriber's own: move it there")
        rest = {key: pair for key, pair in value.fields.items() if key not in OWN}
        value = Fields(rest, value.line, value.column)
    found = fields_of(value, DEFAULTS, "defaults", reading)
    _check_trending(value, found, found, "defaults", reading)
    return found


def _look_at_list(root: Fields, entries: _Entries, reading: Reading) -> None:
    """Whether there is a list under `subscribers:`."""
    if "subscribers" not in root.fields:
        reading.fault(root, "the file", f"has no `subscribers:` list; {_WRITES_ONE}")
        return
    key, value = root.fields["subscribers"]
    if isinstance(value, Items):
        return
    if is_blank(root, "subscribers"):
        reading.fault(key, "subscribers", "nobody is listed; add `- email: ...` under it, or write `subscribers: []`")
    else:
        reading.fault(value, "subscribers", "expected a list: begin each subscriber with a dash, `- email: ...`")


def _check_trending(
    entry: Value, own: Mapping[str, Any], merged: Mapping[str, Any], where: str, reading: Reading
) -> None:
    """Trending papers count towards max_papers; an inherited number is cut down to it in silence."""
    most = merged.get("max_papers", _USUAL.max_papers)
    if isinstance(entry, Fields) and own.get("trending", 0) > most:
        what = f"{own['trending']} is more than the {most} papers of an edition (max_papers); lower it"
        reading.fault(entry.fields["trending"][1], f"{where}.trending", what)


def _key(own: Mapping[str, Any]) -> str:
    return str(own.get("id") or folded(own["email"]))


def subscriber_of(own: Mapping[str, Any], shared: Mapping[str, Any]) -> Subscriber:
    """The subscriber of whom an entry says this, and `defaults:` the rest."""
    values = {key: value for key, value in {**shared, **own}.items() if key != "id"}
    values["interests"] = tuple(Interest(**interest) for interest in values.get("interests", ()))
    values["trending"] = min(values.get("trending", _USUAL.trending), values.get("max_papers", _USUAL.max_papers))
    return Subscriber(key=_key(own), **values)
