"""What readers do meanwhile, over the web pages: they unsubscribe, and their mail scanners open every link."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from newsletter import links
from tests.faults.kills import rounds
from tests.faults.oracle import Verdict
from tests.faults.stage import Stage, Wrong, free_port
from tests.homes import SECRET

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ONE_CLICK = b"List-Unsubscribe=One-Click"
A_ROUND = 1.0  # seconds; how long a message may have been in flight


@contextmanager
def pages_of(stage: Stage, *tampering: str) -> Iterator[int]:
    """The web pages in a child; their port."""
    port = free_port()
    process = stage.start(*tampering, command=("serve", "--port", str(port)))
    try:
        _wait_until_it_listens(port)
        yield port
    finally:
        process.kill()
        process.communicate()


def _wait_until_it_listens(port: int) -> None:
    for _ in range(3000):
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                return
        except OSError:
            time.sleep(0.02)
    raise Wrong("the web pages do not answer")


def _links(stage: Stage) -> dict[str, str]:
    """By address."""
    with stage.home.app() as app:
        roster = app.roster()
        return {s.email: "/unsubscribe/" + links.sign([SECRET], "unsubscribe", app.reference(s)) for s in roster}


def _say_no(port: int, link: str) -> bool:
    """Whether the no was acknowledged."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("POST", link, ONE_CLICK, FORM)
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def written_after(stage: Stage, said_no: dict[str, float]) -> list[str]:
    """Who was written to later than what can have been in flight."""
    return [one.recipient for one in stage.received() if one.at > said_no.get(one.recipient, one.at) + A_ROUND]


def killed_while_unsubscribing(stage: Stage) -> Verdict:
    """Before the commit, and after it but before the answer. What was acknowledged holds."""
    with stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        by_address, said_no = _links(stage), dict[str, float]()
        asking = stage.chance.sample(stage.audience, min(40, stage.recipients // 4))
        for point, some in (("suppressing", asking[::2]), ("suppressed", asking[1::2])):
            with pages_of(stage, f"--kill={point}:{len(some) // 2 + 1}") as port:
                said_no |= {who: time.time() for who in some if _say_no(port, by_address[who])}
            stage.kills += 1
        if len(said_no) != 2 * (len(asking) // 4):
            stage.notes.append(f"{len(said_no)} of {len(asking)} acknowledged")
        stage.settle()
        if late := written_after(stage, said_no):
            raise Wrong(f"written to after an acknowledged no: {late}")
        return stage.judged()


def unsubscribe_during_a_run(stage: Stage) -> Verdict:
    """Every other one by the button, the rest as a bounce that arrives; up to 500 of them."""
    with stage.over_smtp(delay_ms=5):
        stage.kill_at("planned", 1)
        by_address, said_no = _links(stage), dict[str, float]()
        asking = stage.chance.sample(stage.audience, min(stage.recipients // 4, 500))
        with pages_of(stage) as port, stage.home.app() as app:
            process = stage.start()
            stage.wait_for(stage.recipients // 10, process)
            for number, who in enumerate(asking):
                if number % 2:
                    app.suppressions.add(who, "bounced", datetime.now(UTC), "550 5.1.1")
                    said_no[who] = time.time()
                elif _say_no(port, by_address[who]):
                    said_no[who] = time.time()
            process.communicate()
        stage.settle()
        late = written_after(stage, said_no)
        spared = sum(one.reason == "suppressed" for one in stage.people())
        stage.notes.append(f"{len(said_no)} said no or bounced, {spared} in time")
        if late or not said_no:
            raise Wrong(f"written to after an acknowledged no: {late}")
        return stage.judged()


def scanner(stage: Stage) -> Verdict:
    with stage.over_smtp():
        stage.settle()
        before = stage.people()
        with pages_of(stage) as port, closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            for link in list(_links(stage).values()) * 5:
                connection.request(stage.chance.choice(("GET", "HEAD")), link)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise Wrong(f"{link}: {answer.status}")
        with stage.home.app() as app:
            if stage.people() != before or app.suppressions.all():
                raise Wrong("opening a link changed something")
        return stage.judged()
