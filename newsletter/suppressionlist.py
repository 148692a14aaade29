"""Lists of addresses that must not be written to, as people and other programs keep them: CSV, or an address a line. No I/O."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast, get_args

from newsletter.models import SuppressedFor, Suppression
from newsletter.typed import address, choice, quoted

COLUMNS: Final = ("address", "reason", "at", "detail")
REASONS: Final[tuple[SuppressedFor, ...]] = get_args(SuppressedFor)
_ADDRESS: Final = ("address", "email", "e-mail")  # what the column is called elsewhere


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be used."""

    number: int
    said: str


def read(lines: Iterable[str], now: datetime, reason: SuppressedFor) -> Iterator[Suppression | BadLine]:
    """Reads a list as it comes, line by line; one bad line costs only itself.

    With a header (`address,reason,at,detail`, in any order, other columns are not looked at) it is CSV, else an
    address a line. What a line does not say is `now` and this reason; a moment without a zone is UTC.
    """
    reader = csv.reader(lines)
    columns: Sequence[str] | None = None
    while True:
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield BadLine(reader.line_num, f"is not CSV: {error}")
            continue
        if columns is None and any(cells):
            columns = _header(cells)
            if columns is not None:
                continue
            columns = ("address",)
        if any(cells):
            yield _line(reader.line_num, dict(zip(columns or (), cells, strict=False)), len(cells), now, reason)


def _header(cells: Sequence[str]) -> Sequence[str] | None:
    names = [cell.lower() for cell in cells]
    here = next((name for name in _ADDRESS if name in names), None)
    return None if here is None else ["address" if name == here else name for name in names]


def _line(
    number: int, cells: Mapping[str, str], width: int, now: datetime, usual: SuppressedFor
) -> Suppression | BadLine:
    if width > 1 and list(cells) == ["address"]:
        return BadLine(number, f"has {width} columns and nothing says which; begin the file with {','.join(COLUMNS)}")
    try:
        reason = cast("SuppressedFor", choice(*REASONS)(cells.get("reason") or usual))
        return Suppression(address(cells.get("address", "")), reason, cells.get("detail", ""), _moment(cells, now))
    except ValueError as error:
        return BadLine(number, str(error))


def _moment(cells: Mapping[str, str], now: datetime) -> datetime:
    text = cells.get("at", "")
    if not text:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{quoted(text)} is not a moment; write it as 2026-03-03T07:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def written(found: Iterable[Suppression]) -> Iterator[str]:
    """The lines of a list, header first, as `read` reads them."""
    writer = csv.writer(_Line())
    yield str(writer.writerow(COLUMNS))
    for one in found:
        yield str(writer.writerow((one.address, one.reason, one.at.isoformat(), one.detail)))


class _Line:
    """What the csv module writes to: it hands each line back."""

    def write(self, text: str) -> str:
        return text
