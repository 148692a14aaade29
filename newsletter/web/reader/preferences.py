"""A reader's own page: what they read and when, a pause, their data, and that all of it be erased.

Who has the link is the reader: there is no session that another site could ride on. What the operator's file says of
interests is shown and not changed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app import App
from newsletter.models import Subscriber
from newsletter.readers.overrides import FIELDS
from newsletter.subscribers import words
from newsletter.web.drawing import draw, language_of
from newsletter.web.reader import forms, wishes
from newsletter.web.reader.reached import path
from newsletter.web.reader.reached import reader as reached
from newsletter.web.reader.subscribing import circumstances
from newsletter.web.refusals import not_found

log = logging.getLogger("newsletter.web")
THEIRS: Final = ("timezone", "send_at", "cadence", "paused_until", "language", "design", "max_papers")
"""The fields of one value that somebody who signed up may change; of who stands in the file, those of `FIELDS`."""


def page(request: Request) -> Response:
    """What they read and when, to be changed. Nothing changes, however often mail scanners fetch it."""
    reader = reached(request, "preferences")
    return _drawn(request, reader) if reader else not_found(request)


async def act(request: Request) -> Response:
    """Keeps what was changed, or erases; any other POST shows the page."""
    return await run_in_threadpool(_act, request, await forms.fields(request))


def _act(request: Request, typed: Mapping[str, str]) -> Response:
    reader = reached(request, "preferences")
    if reader is None:
        return not_found(request)
    match typed.get("do"):
        case "save":
            return _save(request, reader, typed)
        case "renew":
            return _renew(request, reader)
        case "erase" if typed.get("sure") == "yes":
            return _erase(request, reader)
        case _:
            return _drawn(request, reader)


def data(request: Request) -> Response:
    """Everything that is kept of a reader, as JSON to keep."""
    reader = reached(request, "preferences")
    if reader is None:
        return not_found(request)
    body = msgspec.json.format(msgspec.json.encode(_everything(request.app.state.app, reader)), indent=2)
    kept = {"content-disposition": 'attachment; filename="newsletter.json"'}
    return Response(body, media_type="application/json", headers=kept)


def _everything(app: App, reader: Subscriber) -> dict[str, Any]:
    signup, no = app.signups.get(reader.key), app.suppressions.find(reader.email)
    return {
        "reader": asdict(reader),
        "asked_at": signup.asked_at if signup else None,
        "confirmed_at": signup.confirmed_at if signup else None,
        "not_written_to": asdict(no) if no else None,
        "said": [asdict(one) for one in app.consents.of(reader.key)],
        "changed_on_the_web": app.overrides.of([reader.key]).get(reader.key, {}),
        "feedback": app.feedback.words(reader.key),
        "editions": app.ledger.history(reader.key),
    }


def is_of_the_file(app: App, reader: Subscriber) -> bool:
    """Whether the operator keeps a reader in a file."""
    return reader.key in app.roster().file.find([reader.key])


# -- changed


def _save(request: Request, reader: Subscriber, typed: Mapping[str, str]) -> Response:
    app: App = request.app.state.app
    in_file = is_of_the_file(app, reader)
    found, faults = _read(request, reader, typed, in_file)
    if faults:
        return _drawn(request, reader, typed, faults)
    if changed := {name: value for name, value in found.items() if value != getattr(reader, name)}:
        if in_file:
            app.overrides.change(reader.key, app.clock(), changed)
        else:
            app.signups.change(replace(reader, **changed), app.clock(), circumstances(request, "link"))
        log.info("a reader changed their preferences")
    return _drawn(request, replace(reader, **changed), state="saved")


def _read(
    request: Request, reader: Subscriber, typed: Mapping[str, str], in_file: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed, of what this reader may change."""
    found, faults = wishes.read(typed, [name for name in THEIRS if name in FIELDS or not in_file])
    if not typed.get("paused_until", "-").strip():
        found["paused_until"] = None
    if "exclude" in typed:
        found["exclude"] = wishes.mutes(typed["exclude"])
    if not in_file and "interests" in typed:
        name = language_of(request).say("Like your examples")
        rest = [one for one in reader.interests if wishes.is_examples(one)]
        name = rest[0].name if rest else name
        found["interests"] = wishes.interests(typed["interests"], typed.get("like", ""), name, reader.interests)
    if "design" in found and found["design"] not in request.app.state.drawing.designs:
        faults["design"] = "there is no such design"
    if "max_papers" in found:
        found["trending"] = min(reader.trending, found["max_papers"])
    return found, faults


def _renew(request: Request, reader: Subscriber) -> Response:
    """Makes the links in all mails so far worthless, but for those that unsubscribe."""
    app: App = request.app.state.app
    app.renewals.renew(reader.key, app.clock())
    app.ledger.introduce(app.reference(reader), reader.key, reader.email)
    log.info("a reader renewed their links")
    return _drawn(request, reader, state="renewed")


def _erase(request: Request, reader: Subscriber) -> Response:
    """Erases all that is kept here. Who stands in the file stays there, and is not written to."""
    app: App = request.app.state.app
    said = circumstances(request, "link")
    in_file = is_of_the_file(app, reader)
    if in_file:
        app.signups.leave(reader.email, app.clock(), said, "erased by the reader's link")
        app.overrides.forget([reader.key])
        app.feedback.forget(reader.key)
    else:
        app.erase(reader, said)
    log.info("a reader had everything about them erased")
    return draw(request, "erased.html", in_file=in_file, reply_to=app.settings.reply_to, tongues=())


# -- shown


def _drawn(
    request: Request,
    reader: Subscriber,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    state: str = "",
) -> Response:
    app: App = request.app.state.app
    language = language_of(request)
    shown = {name: wishes.as_typed(getattr(reader, name)) for name in THEIRS}
    rest = [one for one in reader.interests if wishes.is_examples(one)]
    shown["interests"] = "\n".join(wishes.as_line(one) for one in reader.interests if one not in rest)
    shown["like"] = " ".join(id_ for one in rest for id_ in one.like)
    shown["exclude"] = "\n".join(reader.exclude)
    reference = app.reference(reader)
    no = app.suppressions.find(reader.email)
    return draw(
        request,
        "preferences.html",
        422 if faults else 200,
        reader=reader,
        in_file=is_of_the_file(app, reader),
        typed=shown | {name: text for name, text in (typed or {}).items() if name in shown},
        faults=faults or {},
        state=state,
        suppressed=no.reason if no else "",
        cadences=wishes.OFFERED,
        said_cadence=partial(wishes.said_cadence, language),
        zones=words.zones(),
        designs=request.app.state.drawing.designs,
        languages=request.app.state.drawing.languages(),
        own=path(request, "preferences", reference),
        unsubscribe=path(request, "unsubscribe", reference),
        feedback=path(request, "feedback", reference),
        data=path(request, "preferences", reference) + "/data",
        reply_to=app.settings.reply_to,
        tongues=(),
    )
