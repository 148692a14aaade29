"""Which reader an opaque name in links leads to, and by which address: each name that a mail may ever have had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import sqlalchemy as sa

from newsletter.database import Words, each_row, insert_into

Introduction: TypeAlias = tuple[str, str, str]
"""A reader's key, address and opaque name."""
WHO: Final = ("subscriber", "address", "reference")
"""What an introduction says, in its order."""

readers = sa.Table(
    "readers",
    sa.MetaData(),
    sa.Column("reference", Words, primary_key=True),
    sa.Column("subscriber", Words, nullable=False),
    sa.Column("address", Words, nullable=False),
)
# As they are compared: webhooks name addresses, and ask whether they are ours.
sa.Index("readers_by_address", sa.func.lower(readers.c.address))


class References:
    """The statement that introduces readers, built once for one kind of database."""

    def __init__(self, *, shared: bool) -> None:
        who = each_row("who", *WHO, shared=shared)
        names = insert_into(readers, shared=shared).from_select(WHO, sa.select(who).where(sa.true()))
        new = {name: names.excluded[name] for name in ("subscriber", "address")}
        differs = sa.or_(*(readers.c[name] != value for name, value in new.items()))
        self._introduce = names.on_conflict_do_update(index_elements=["reference"], set_=new, where=differs)

    def introduce(self, connection: sa.Connection, who: Iterable[Introduction]) -> None:
        """Lets references lead to subscribers, by their address: somebody may have another by now."""
        connection.execute(self._introduce, {"who": list({one[2]: one for one in who}.values())})
