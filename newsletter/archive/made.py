"""What was made of papers: digests, what was learned, and vectors."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from newsletter.archive import schema
from newsletter.archive.schema import checksum
from newsletter.database import Database, chunks, insert_new
from newsletter.models import Digest
from newsletter.records import digest_record, read_digest


class Made:
    """What was made of papers."""

    _db: Database

    def save_digest(self, digest: Digest) -> None:
        """Keeps a digest for good: editions in the ledger name it."""
        row = {"id": digest.id, "day": digest.day, "content": zlib.compress(digest_record(digest).encode())}
        with self._db.write() as connection:
            insert_new(connection, schema.digests, [row])

    def digest(self, digest_id: str) -> Digest | None:
        """The digest of that id."""
        with self._db.read() as connection:
            content = connection.execute(
                sa.select(schema.digests.c.content).where(schema.digests.c.id == digest_id)
            ).scalar()
        return None if content is None else read_digest(digest_id, zlib.decompress(content).decode())

    def save_model(self, name: str, content: bytes, papers: int, at: datetime) -> None:
        """Replaces a learned model, with a checksum."""
        row = {"name": name, "papers": papers, "made_at": at, "checksum": checksum(content), "content": content}
        with self._db.write() as connection:
            connection.execute(schema.models.delete().where(schema.models.c.name == name))
            connection.execute(schema.models.insert(), row)

    def model(self, name: str) -> tuple[bytes, int] | None:
        """A learned model and the number of papers it was learned from; None if absent or damaged."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(schema.models).where(schema.models.c.name == name)).first()
        if row is None or row.checksum != checksum(row.content):
            return None
        return row.content, row.papers

    def save_vectors(self, model: str, vectors: Mapping[str, bytes]) -> None:
        """Keeps the vector that a model made of each text, in place of what was kept before."""
        rows = [
            {"model": model, "text": checksum(text.encode()), "checksum": checksum(content), "content": content}
            for text, content in vectors.items()
        ]
        with self._db.write() as connection:
            for some in chunks([row["text"] for row in rows]):
                connection.execute(
                    schema.vectors.delete().where(schema.vectors.c.model == model, schema.vectors.c.text.in_(some))
                )
            insert_new(connection, schema.vectors, rows)

    def vectors(self, model: str, texts: Iterable[str]) -> dict[str, bytes]:
        """The vectors that a model made of these texts, as far as they were kept and are not damaged."""
        names = {checksum(text.encode()): text for text in texts}
        known: dict[str, bytes] = {}
        with self._db.read() as connection:
            for some in chunks(list(names)):
                query = sa.select(schema.vectors).where(
                    schema.vectors.c.model == model, schema.vectors.c.text.in_(some)
                )
                rows = connection.execute(query).all()
                known |= {names[row.text]: row.content for row in rows if row.checksum == checksum(row.content)}
        return known
