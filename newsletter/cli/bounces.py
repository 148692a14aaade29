"""What comes back by mail: read it now, and whose editions came back lately."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import click

from newsletter.cli.opening import app_of, as_json, json_option
from newsletter.errors import SettingsError


@click.group()
def bounces() -> None:
    """What comes back by mail: bounces, complaints, unsubscribing."""


@bounces.command()
@json_option
@click.pass_context
def read(ctx: click.Context, machine: bool) -> None:
    """Read the mailbox that `bounces_mailbox` names, and do what follows; `run` does so each minute.

    Mails for a person, and reports that cannot be proved to be about ours, stay unread in it.
    """
    from newsletter import returned

    with app_of(ctx) as app:
        if not app.settings.bounces_mailbox:
            raise SettingsError("bounces_mailbox is not set: name a Maildir, or imaps://USER@HOST/FOLDER, to read")
        found = list(returned.read(app))
    if machine:
        click.echo(as_json([asdict(one) for one in found]))
        return
    for one in found:
        click.echo("  ".join(part for part in (one.kind, one.address, one.day, one.said) if part))
    click.echo(f"{len(found)} read: {returned.in_words(Counter(one.kind for one in found))}")


@bounces.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, machine: bool) -> None:
    """Editions that came back lately from addresses that are still written to, a line each."""
    with app_of(ctx) as app:
        found = app.bounces.all()
    if machine:
        click.echo(as_json([asdict(one) for one in found]))
        return
    for one in found:
        click.echo(f"{one.address}  {one.day}  {one.said}".rstrip())
