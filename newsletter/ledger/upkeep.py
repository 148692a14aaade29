"""What is done to the whole ledger: a copy of it, and the way to a newer schema."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from newsletter.database import Database, backups
from newsletter.database.engines import file_of
from newsletter.errors import StoreError
from newsletter.ledger.schema import SCHEMA


def backup(url: str, target: Path) -> str:
    """Copies ledger, suppressions and feedback as they are at one moment; says what was made."""
    source = file_of(url)
    if source is None:
        command = backups.command(url, SCHEMA.name, target)
        raise StoreError(f"the database is on PostgreSQL, whose own tool makes a copy while mails are sent: {command}")
    size = backups.copy(source, target)
    return f"{target}: {source.name} as it was just now, {size:,} bytes; to go back, put it in the place of {source}"


def upgrade(url: str, *, backed_up: bool = False) -> str:
    """Brings the ledger to this program's schema, after a copy beside it; says what was done.

    On PostgreSQL the copy is made by its own tool: `backed_up` says that there is one.
    """
    source = file_of(url)
    if source is not None and not source.is_file():
        return f"{source.name}: not there yet; the first command that needs it makes it"
    database = Database(url, SCHEMA)
    try:
        found = database.version()
        if found is None or found == SCHEMA.version:
            return f"{database.name}: schema {SCHEMA.version}, nothing to do"
        database.refuse_newer(found)
        if source is None and not backed_up:
            command = backups.command(url, SCHEMA.name, f"newsletter.backup-schema{found}")
            raise StoreError(
                f"{database.name}: schema {found}, nothing was touched; stop what runs on other machines, make a copy "
                f"with `{command}`, then `newsletter db upgrade --backed-up`"
            )
        kept = _kept(source, found) if source else "the one that you made"
        database.upgrade()
    finally:
        database.close()
    return f"{database.name}: schema {found} became {SCHEMA.version}; the backup is {kept}"


def _kept(source: Path, version: int) -> str:
    name = f"{source.name}.backup-schema{version}"
    names = (name if n == 1 else f"{name}-{n}" for n in count(1))
    target = next(path for path in (source.with_name(name) for name in names) if not path.exists())
    backups.copy(source, target)
    return target.name
