"""Letters about a subscription itself, handed to the provider at once: in nobody's account, and never sent again."""

from __future__ import annotations

from datetime import datetime

from newsletter import links
from newsletter.app import App
from newsletter.errors import Halt, NewsletterError
from newsletter.models import Letter, Receipt, Subscriber, said


def send(app: App, letter: Letter, now: datetime) -> str:
    """Hands a letter over, to the next provider where one takes none; says what went wrong, empty if nothing."""
    failure = ""
    try:
        message = app.renderer.letter(letter, now.replace(microsecond=0))
        for link in app.links():
            try:
                with link.provider() as provider:
                    [outcome] = provider.send([message], message.message_id)
            except Halt as halt:
                failure = str(halt)
            else:
                return "" if isinstance(outcome, Receipt) else outcome.reason
    except NewsletterError as error:
        return str(error)
    return failure


def address(app: App, purpose: links.Purpose, reference: str) -> str:
    """The address of the page for this purpose, with a reader's token; empty where there are no pages."""
    base = app.settings.base_url
    return f"{base}/{purpose}/{links.sign(app.settings.secrets, purpose, reference)}" if base else ""


def asks_to_confirm(app: App, key: str, wish: Subscriber) -> Letter:
    """What somebody gets whose address was typed into the form: nothing else is ever sent to them before they confirm."""
    name = app.settings.name
    return Letter(
        wish.email,
        said("Please confirm your subscription to {name}", name=name),
        (
            said("Somebody, we hope you, asked for {name} to be sent to this address.", name=name),
            said("Press the button, and once more on the page that it opens, and your first edition comes soon."),
            said(
                "If it was not you, do nothing: without your confirmation nothing is sent, and the request is forgotten."
            ),
        ),
        said("Confirm the subscription"),
        address(app, "confirm", key),
        language=wish.language,
    )


def says_already(app: App, reader: Subscriber) -> Letter:
    """What a reader gets whose address was typed into the form: nothing has changed, and here it can be."""
    name = app.settings.name
    reference = app.reference(reader)
    app.ledger.introduce(reference, reader.key, reader.email)
    return Letter(
        reader.email,
        said("You already read {name}", name=name),
        (
            said("Somebody, perhaps you, asked for {name} to be sent to this address. It is already.", name=name),
            said("Nothing has changed. What you read, and when, can be changed on the page that the button opens."),
        ),
        said("Open my preferences"),
        address(app, "preferences", reference),
        language=reader.language,
    )
