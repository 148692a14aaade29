"""What is in doubt: list it, and record what a person found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from newsletter.cli.opening import app_of, as_json, date_option, json_option
from newsletter.errors import SettingsError
from newsletter.ledger import Doubt, Finding
from newsletter.typed import folded

_DONE: dict[Finding, str] = {
    "arrived": "counts as submitted",
    "again": "will be sent again, the same bytes",
    "give up": "counts as failed; its papers come again",
}
_HOW = """\
Look for the message id in the mail server's log, or ask the reader. Then
  newsletter resolve --arrived ADDRESS...   it did: counts as submitted
  newsletter resolve --again ADDRESS...     it did not: the next run sends it again, the same bytes
  newsletter resolve --give-up ADDRESS...   it did not, and is too late: counts as failed, its papers come again
or --all instead of addresses."""


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("--arrived", "finding", flag_value="arrived", help="It arrived: counts as submitted.")
@click.option("--again", "finding", flag_value="again", help="It did not: send it again, the same bytes.")
@click.option("--give-up", "finding", flag_value="give up", help="It did not, and is too late: counts as failed.")
@click.option("--all", "everybody", is_flag=True, help="All that are in doubt, instead of addresses.")
@date_option
@json_option
@click.pass_context
def resolve(
    ctx: click.Context,
    addresses: tuple[str, ...],
    finding: Finding | None,
    everybody: bool,
    day: datetime | None,
    machine: bool,
) -> int:
    """List the deliveries that are in doubt, or say what became of them.

    In doubt is what was handed to the provider and never answered, with the setting `in_doubt: hold`. Without
    --date it is those of all days. Exits 1 while any is left.
    """
    if bool(finding) != bool(addresses or everybody) or (addresses and everybody):
        raise click.UsageError(
            "name what you found (--arrived, --again or --give-up), and for whom: ADDRESS... or --all"
        )
    with app_of(ctx) as app:
        date = day.date() if day else None
        if finding:
            asked = _asked(app.ledger.doubts(app.occasion, date), addresses)
            resolved = app.ledger.resolve([one.key for one in asked], finding, app.clock())
            for one in () if machine else asked:
                done = _DONE[finding] if one.key in resolved else "was settled by somebody else meanwhile"
                click.echo(f"{one.address}  {one.key.period}  {done}")
        left = app.ledger.doubts(app.occasion, date)
        click.echo(as_json([_told(one) for one in left]) if machine else _listed(left, listing=finding is None))
        return 1 if left else 0


def _asked(doubts: Sequence[Doubt], addresses: Sequence[str]) -> list[Doubt]:
    """Those that these addresses (or keys) mean; all without any."""
    names = {folded(address) for address in addresses}
    found = [one for one in doubts if not names or names & {folded(one.address), folded(one.key.subscriber)}]
    known = {folded(name) for one in found for name in (one.address, one.key.subscriber)}
    if unknown := sorted(names - known):
        raise SettingsError(f"nothing is in doubt for {', '.join(unknown)}; nothing was changed: `newsletter resolve`")
    return found


def _told(one: Doubt) -> dict[str, Any]:
    told = asdict(one)
    key: dict[str, Any] = told.pop("key")
    return key | told


def _listed(left: Sequence[Doubt], *, listing: bool) -> str:
    if not left:
        return "nothing is in doubt"
    if not listing:
        return f"{len(left)} still in doubt: `newsletter resolve` lists them"
    lines = []
    for one in left:
        again = f" ({one.key.occasion})" if one.key.occasion.startswith("again-") else ""
        lines.append(f"{one.address}  {one.key.period}{again}  since {one.since:%Y-%m-%d %H:%M} UTC")
        lines.append(f"  {one.provider} {one.message_id}  {one.reason}")
    return "\n".join([*lines, f"{len(left)} in doubt: did {'it' if len(left) == 1 else 'they'} arrive?", _HOW])
