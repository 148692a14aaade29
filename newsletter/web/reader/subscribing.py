"""Signing up: a form, a letter to the address, and a page whose button confirms. Whoever asks learns of no address here.

The answer to the form is the same, and given before anything is looked up, whether the address is new, reads already,
unsubscribed, or must not be written to: what differs is the letter, which only its owner sees.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import BoundedSemaphore
from typing import Final

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from newsletter import letters, links
from newsletter.app import App
from newsletter.errors import NewsletterError
from newsletter.models import Subscriber
from newsletter.readers.consents import Circumstances
from newsletter.readers.signups import Signup
from newsletter.subscribers import words
from newsletter.web.drawing import draw, language_of
from newsletter.web.reader import forms, wishes
from newsletter.web.reader.reached import path
from newsletter.web.refusals import not_found

log = logging.getLogger("newsletter.web")
ASKING: Final = ("email", "timezone", "cadence")
OFTEN: Final = 10
"""Sign-ups from one network in an hour."""
WAITING: Final = 200
"""Sign-ups that wait for their letters; who comes then is asked to come again."""


class Desk:
    """Does what forms asked for, one after the other, after they were answered. What it forgets in a crash is asked anew."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._room = BoundedSemaphore(WAITING)
        self._hands = ThreadPoolExecutor(1, "letters")
        self.patience = forms.Patience(OFTEN, timedelta(hours=1))

    def has_room(self) -> bool:
        """Whether one more may be given; then it has to be."""
        return self._room.acquire(blocking=False)

    def give(self, wish: Subscriber, said: Circumstances) -> None:
        self._hands.submit(self._do, wish, said)

    def _do(self, wish: Subscriber, said: Circumstances) -> None:
        try:
            if not self._app.ending.asked:
                subscribe(self._app, wish, said)
        except NewsletterError as error:
            log.error("a sign-up could not be kept: %s", error)
        except Exception as error:
            log.debug("a sign-up", exc_info=True)  # it names the address
            log.error("a fault of newsletter itself: %s; please report it", type(error).__name__)
        finally:
            self._room.release()


def subscribe(app: App, wish: Subscriber, said: Circumstances) -> None:
    """Keeps a wish, and writes to its address what is to be written."""
    asked = app.signups.ask(wish, app.clock(), said)
    if not asked.letter:
        log.info("a sign-up without a letter: the address must not be written to, or was just now")
        return
    reader = app.roster().named(wish.email)
    reads = reader is not None and app.suppressions.find(wish.email) is None
    letter = letters.says_already(app, reader) if reader and reads else letters.asks_to_confirm(app, asked.key, wish)
    failure = letters.send(app, letter, app.clock())
    if failure:
        log.error("a letter to who signed up could not be sent: %s", failure.replace(wish.email, "its address"))
    else:
        log.info("a sign-up was asked for")


# -- the form


def form(request: Request) -> Response:
    """The form, empty."""
    return _form(request, {}, {})


async def act(request: Request) -> Response:
    """Takes a form; who sends one that they were not shown here is shown it."""
    app: App = request.app.state.app
    desk: Desk = request.app.state.desk
    typed, now = await forms.fields(request), app.clock()
    if typed.get("website") and not typed.get("ticket"):  # the same field in a form on another site
        return await run_in_threadpool(_asked, request)
    wish, faults = await run_in_threadpool(_wish, request, typed)
    if wish is None or not forms.is_fresh(app.settings.secrets, typed.get("ticket", ""), now):
        return await run_in_threadpool(_form, request, typed, faults)
    if typed.get("website"):  # nobody sees this field, and machines fill it in
        return await run_in_threadpool(_asked, request)
    if not desk.patience.allows(forms.network(request), now):
        return await run_in_threadpool(_later, request, 429)
    said = circumstances(request, "form", _wording(request))
    answer = await run_in_threadpool(_asked, request)
    if not desk.has_room():
        return await run_in_threadpool(_later, request, 503)
    answer.background = BackgroundTask(desk.give, wish, said)
    return answer


def _wish(request: Request, typed: Mapping[str, str]) -> tuple[Subscriber | None, dict[str, str]]:
    """What somebody wants, or why that cannot be read."""
    found, faults = wishes.read(typed, ASKING)
    if "email" not in found:
        faults.setdefault("email", "")
    if faults or "cadence" not in found:
        return None, faults if typed.get("ticket") else {}
    name = language_of(request).say("Like your examples")
    wanted = wishes.interests(typed.get("interests", ""), typed.get("like", ""), name)
    return Subscriber("", interests=wanted, language=language_of(request).tag, **found), {}


def _form(request: Request, typed: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    app: App = request.app.state.app
    ticket = forms.ticket(app.settings.secrets, app.clock())
    shown = {name: typed.get(name, "") for name in ("email", "interests", "like", "timezone", "cadence")}
    shown["timezone"] = shown["timezone"] or "UTC"
    odd = wishes.unreadable(shown["like"])
    again = bool(typed.get("ticket")) and not faults
    return draw(
        request,
        "subscribing.html",
        422 if faults else 200,
        typed=shown,
        faults=faults,
        odd=odd,
        again=again,
        brought=bool(typed.get("email")) and not typed.get("ticket"),
        ticket=ticket,
        cadences=wishes.OFFERED,
        said_cadence=partial(wishes.said_cadence, language_of(request)),
        zones=words.zones(),
        wording=_wording(request),
        state="form",
    )


def _asked(request: Request) -> Response:
    app: App = request.app.state.app
    return draw(request, "subscribed.html", state="asked", reply_to=app.settings.reply_to, tongues=())


def _later(request: Request, status: int) -> Response:
    answer = draw(request, "subscribed.html", status, state="later", tongues=())
    answer.headers["retry-after"] = "3600" if status == 429 else "60"
    return answer


def _wording(request: Request) -> str:
    """What somebody agrees to who asks: it is shown, and kept as they saw it."""
    app: App = request.app.state.app
    return language_of(request).say(
        "I want {name} sent to this address, and can unsubscribe with one press in every mail.", name=app.settings.name
    )


def _yes(request: Request) -> str:
    """What somebody says who confirms."""
    app: App = request.app.state.app
    return language_of(request).say("Yes, send me {name}.", name=app.settings.name)


def circumstances(request: Request, how: str, wording: str = "") -> Circumstances:
    """How it was said: with network and program only where the operator wants that."""
    app: App = request.app.state.app
    if not app.settings.record_network:
        return Circumstances(how, wording)
    return Circumstances(how, wording, forms.network(request), request.headers.get("user-agent", ""))


# -- the page that confirms


def confirm_page(request: Request) -> Response:
    """Asks. Nothing changes, however often mail scanners fetch it."""
    signup = _waiting(request)
    return _confirming(request, signup) if signup else not_found(request)


async def confirm(request: Request) -> Response:
    """Makes a reader of who asked; a second time is fine."""
    pressed = (await forms.fields(request)).get("confirm") == "subscribe"
    return await run_in_threadpool(_confirm if pressed else confirm_page, request)


def _confirm(request: Request) -> Response:
    app: App = request.app.state.app
    signup = _waiting(request)
    if signup is None:
        return not_found(request)
    said = circumstances(request, "link", _yes(request))
    signup = app.signups.confirm(signup.key, app.clock(), said)
    if signup is None:
        return not_found(request)
    log.info("a sign-up was confirmed")
    reader = app.roster().named(signup.subscriber.email) or signup.subscriber
    reference = app.reference(reader)
    app.ledger.introduce(reference, reader.key, reader.email)
    return draw(
        request,
        "subscribed.html",
        state=signup.suppressed or "confirmed",
        reader=reader,
        preferences=path(request, "preferences", reference),
        reply_to=app.settings.reply_to,
        tongues=(),
    )


def _waiting(request: Request) -> Signup | None:
    """Who may be confirmed by this link: of who unsubscribed since, only a new wish is."""
    app: App = request.app.state.app
    key = links.read(app.settings.secrets, "confirm", request.path_params["token"])
    signup = app.signups.get(key) if key else None
    return signup if signup and (signup.waiting or signup.status == "confirmed") else None


def _confirming(request: Request, signup: Signup) -> Response:
    reads = not signup.waiting
    return draw(request, "subscribed.html", state="ask", wording=_yes(request), reads=reads, tongues=())
