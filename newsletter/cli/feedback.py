"""What a reader says of papers, said for them: feedback."""

from __future__ import annotations

from typing import Literal

import click

from newsletter.app import App
from newsletter.cli.opening import app_of, as_json, json_option
from newsletter.errors import SettingsError
from newsletter.models import Paper, Subscriber, Verdict


@click.command()
@click.argument("address", metavar="A")
@click.argument("paper")
@click.argument("verdict", type=click.Choice(["more", "less", "clear"]))
@json_option
@click.pass_context
def feedback(ctx: click.Context, address: str, paper: str, verdict: Verdict | Literal["clear"], machine: bool) -> None:
    """Keep that subscriber A (an address or id) wants more like PAPER (an arXiv id, a DOI, an address), or less.

    The paper then counts as an example, liked or disliked, of the interest that it fits best, if it fits any. What is
    said later counts; `clear` takes it back. Examples in subscribers.yaml win.
    """
    with app_of(ctx) as app:
        reader = _reader(app, address)
        id_, known = _paper(app, paper)
        changed = True
        if verdict == "clear":
            changed = app.feedback.clear(reader.key, id_, *(known.also if known else ()))
        else:
            app.feedback.give(reader.key, id_, verdict, app.clock())
        said = _cleared(reader, id_, known, changed) if verdict == "clear" else _given(app, reader, id_, known, verdict)
    if machine:
        told = {"subscriber": reader.key, "paper": id_, "title": known.title if known else None}
        click.echo(
            as_json(told | {"verdict": None if verdict == "clear" else verdict, "in_archive": known is not None})
        )
    else:
        click.echo(said)


def _reader(app: App, address: str) -> Subscriber:
    found = app.roster().named(address)
    if found is None:
        raise SettingsError(f"no subscriber '{address}'; `newsletter subscribers list` shows them")
    return found


def _paper(app: App, text: str) -> tuple[str, Paper | None]:
    """The id of the paper that is meant, and the paper if the archive has it."""
    from newsletter.identity import paper_id
    from newsletter.typed import quoted

    id_ = paper_id(text) or text.strip()
    known = app.archive.find([id_]).get(id_)
    if known is None and paper_id(text) is None:
        cure = "write it as 2006.11239, https://arxiv.org/abs/2006.11239 or a DOI"
        raise SettingsError(f"{quoted(text)} is no paper that can be recognised; {cure}")
    return (known.id if known else id_), known


def _given(app: App, reader: Subscriber, id_: str, known: Paper | None, verdict: Verdict) -> str:
    if known is None:
        return f"{reader.email}: {verdict} like {id_}, which {_awaited(app, id_)}"
    idle = "" if reader.interests else "; it counts when the reader has interests"
    return f"{reader.email}: {verdict} like {_named(id_, known)}{idle}"


def _cleared(reader: Subscriber, id_: str, known: Paper | None, changed: bool) -> str:
    end = "taken back" if changed else "there was nothing to take back"
    return f"{reader.email} on {_named(id_, known)}: {end}"


def _named(id_: str, known: Paper | None) -> str:
    from newsletter.text import readable

    return f"{id_}, {readable(known.title)}" if known else id_


def _awaited(app: App, id_: str) -> str:
    """What becomes of feedback on a paper that the archive does not have."""
    from newsletter.collect import can_look_up
    from newsletter.identity import arxiv_id

    if id_ in app.archive.missing():
        return "could not be found; it counts when a source brings the paper"
    if arxiv_id(id_) and can_look_up(app.settings.sources):
        return "the next collection looks up; it counts from then on"
    return "the archive does not have; it counts when a source brings the paper"
