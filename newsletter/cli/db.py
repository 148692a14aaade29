"""The databases: a copy of what cannot be rebuilt, and the way to a newer schema."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.app import locked
from newsletter.cli.opening import settings_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Copy ledger, suppressions and feedback to FILE, also while mails are sent.

    The archive is left out: it can be collected again.
    """
    from newsletter.ledger import upkeep

    click.echo(upkeep.backup(settings_of(ctx).database, file))


@click.group()
def db() -> None:
    """Care for the databases."""


@db.command()
@click.option("--backed-up", is_flag=True, help="PostgreSQL: a copy was made with pg_dump.")
@click.pass_context
def upgrade(ctx: click.Context, backed_up: bool) -> None:
    """Bring the databases to this version's schema, after a copy beside newsletter.db.

    Nothing may send meanwhile: stop what runs on other machines first.
    """
    from newsletter.archive import Archive
    from newsletter.engine import Engine
    from newsletter.ledger import upkeep

    settings = settings_of(ctx)
    with locked(settings.home):
        click.echo(upkeep.upgrade(settings.database, backed_up=backed_up))
        if settings.queue == "procrastinate":
            click.echo(Engine.upgrade(settings.database, settings.origin("queue")))
        archive = Archive(settings.archive)
        click.echo(f"{archive.about()}, nothing to do")
        archive.close()
