"""What providers tell by webhooks while a run sends: true, told twice, and forged, in any order."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tests.faults.oracle import Verdict
from tests.faults.readers import pages_of, written_after
from tests.faults.stage import Stage, Wrong
from tests.hooks import FORGE, SECRETS, SIGN, Request, told

PROVIDERS = ("resend", "sendgrid", "mailgun", "postmark", "brevo")
FINAL = ("bounced", "complained", "unsubscribed")


@dataclass(frozen=True)
class Posting:
    """One request to a webhook, and who is not written to after it was acknowledged."""

    provider: str
    request: Callable[[], Request]
    expected: int
    suppressed: str = ""


@dataclass
class Told:
    """What became of them."""

    number: int = 0
    said_no: dict[str, float] = field(default_factory=dict)
    """When the no was acknowledged, by address."""
    seconds: list[float] = field(default_factory=list)
    """How long each was answered after."""


def postings(asking: Sequence[str], innocent: Sequence[str], chance: random.Random) -> list[Posting]:
    """Three for each who asks: what is true, the same once more, and a lie about somebody innocent; in any order."""
    found = []
    for who in asking:
        provider, what = chance.choice(PROVIDERS), chance.choice(FINAL)
        if (provider, what) == ("resend", "unsubscribed"):  # it has no such event
            what = "bounced"
        body, lie = told(provider, what, who), told(provider, "bounced", chance.choice(innocent))
        true = Posting(provider, lambda p=provider, b=body: SIGN[p](b, at=datetime.now(UTC)), 200, who)  # type: ignore[misc]
        found += [true, true, Posting(provider, lambda p=provider, b=lie: FORGE[p](b), 401)]  # type: ignore[misc]
    chance.shuffle(found)
    return found


def post(port: int, some: Sequence[Posting], until: Callable[[], bool], every: float = 0.0) -> Told:
    """Posts them one after another, so many seconds apart, until it is over. Raises Wrong for another answer."""
    result = Told()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        begun = time.monotonic()
        for one in some:
            while (wait := begun + result.number * every - time.monotonic()) > 0 and not until():
                time.sleep(min(wait, 0.05))
            if until():
                break
            _post(connection, one, result)
    return result


def _post(connection: http.client.HTTPConnection, one: Posting, result: Told) -> None:
    headers, body = one.request()
    asked = time.monotonic()
    connection.request("POST", f"/webhooks/{one.provider}", body, headers)
    answer = connection.getresponse()
    answer.read()
    result.seconds.append(time.monotonic() - asked)
    result.number += 1
    if answer.status != one.expected:
        raise Wrong(f"{one.provider} is answered {answer.status} in place of {one.expected}")
    if one.suppressed:
        result.said_no.setdefault(one.suppressed, time.time())


@contextmanager
def webhooks(stage: Stage) -> Iterator[int]:
    """The web pages in a child, with every provider's secret; their port."""
    stage.home = replace(stage.home, environment={**stage.home.environment, **SECRETS})
    with pages_of(stage) as port:
        yield port


def told_during_a_run(stage: Stage) -> Verdict:
    """Up to 500 readers bounce, complain or unsubscribe; nobody is written to later, and lies change nothing."""
    with stage.over_smtp(delay_ms=5):
        stage.kill_at("planned", 1)
        asking = stage.chance.sample(stage.audience, min(stage.recipients // 4, 500))
        innocent = sorted(set(stage.audience) - set(asking))
        with webhooks(stage) as port:
            process = stage.start()
            stage.wait_for(stage.recipients // 10, process)
            result = post(port, postings(asking, innocent, stage.chance), until=lambda: False)
            process.communicate()
        stage.settle()
        spared = [one.address for one in stage.people() if one.reason == "suppressed"]
        stage.notes.append(f"{result.number} told, {len(result.said_no)} of them to be heeded, {len(spared)} in time")
        if late := written_after(stage, result.said_no):
            raise Wrong(f"written to after an acknowledged no: {late}")
        if wronged := set(spared) - set(asking):
            raise Wrong(f"not written to because of a lie: {sorted(wronged)[:3]}")
        return stage.judged()
