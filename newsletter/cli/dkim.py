"""Keys that sign mail: make one, and say what to publish for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.opening import as_json, json_option, settings_of
from newsletter.errors import SettingsError
from newsletter.settings import KEYS, Settings

if TYPE_CHECKING:
    from newsletter.dkim import Signer


@click.group()
def dkim() -> None:
    """Keys that sign mail sent by SMTP, so that receivers know it is yours."""


@dkim.command()
@click.argument("selector")
@click.option("--ed25519", is_flag=True, help="A second, faster key; not every receiver knows these yet.")
@click.option("--domain", help="Another domain than that of `from`.")
@click.pass_context
def new(ctx: click.Context, selector: str, ed25519: bool, domain: str | None) -> None:
    """Make the key dkim/SELECTOR.pem and print the DNS record to publish. A key that exists is never replaced.

    SELECTOR is any name, as s2026: with another one a new key can be published while the old one still signs.
    """
    from newsletter import dkimkeys
    from newsletter.dkim import Signer

    settings = settings_of(ctx)
    domain, _, selector = _name(domain or settings.sender_address.rpartition("@")[2], selector).partition("/")
    key = dkimkeys.make(settings.home, selector, "ed25519" if ed25519 else "rsa")
    click.echo(f"wrote  {dkimkeys.place(settings.home, selector)}; who has it can sign as {domain}: keep it out of git")
    _print(Signer(domain, selector, key))
    if f"{domain}/{selector}" not in settings.dkim:
        named = ", ".join([*settings.dkim, f"{domain}/{selector}"])
        click.echo(f"next: when that is published, set `dkim: [{named}]` in newsletter.yaml, then `newsletter check`")


def _name(domain: str, selector: str) -> str:
    """`DOMAIN/SELECTOR` as the setting has it."""
    if domain == "localhost":
        raise SettingsError("`from` is at localhost, for which nobody can publish a key; set `from`, or give --domain")
    read = next(key.read for key in KEYS if key.key == "dkim")
    try:
        return str(read(f"{domain}/{selector}"))
    except ValueError as error:
        raise SettingsError(f"dkim: {error}") from error


@dkim.command()
@json_option
@click.pass_context
def show(ctx: click.Context, machine: bool) -> None:
    """Print the DNS records of the keys that sign; `newsletter check` looks whether they are published."""
    settings = settings_of(ctx)
    signers = _signers(settings)
    if machine:
        click.echo(as_json([{"name": one.record.name, "type": "TXT", "text": one.record.text} for one in signers]))
        return
    for signer in signers:
        _print(signer)


def _signers(settings: Settings) -> tuple[Signer, ...]:
    from newsletter import dkimkeys

    if not settings.dkim:
        raise SettingsError("`dkim` is not set, so nothing is signed here; `newsletter dkim new SELECTOR` makes a key")
    return dkimkeys.signers(settings)


def _print(signer: Signer) -> None:
    """The record in both forms that are asked for: a form with two fields, and a zone file."""
    record = signer.record
    click.echo("publish this TXT record; most hosts of DNS ask for name and text:")
    click.echo(f"  name  {record.name}")
    click.echo(f"  text  {record.text}")
    click.echo("in a zone file it is")
    click.echo(f"  {record.zone_line}")
