"""A far side that misbehaves: it hangs, closes, resets, refuses, slows down, answers out of turn."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults.oracle import Verdict
from tests.faults.stage import Stage, Wrong


def _then_well(stage: Stage) -> Verdict:
    """Later the far side is well, and everybody who waited is sent to."""
    with stage.over_smtp(well=True):
        stage.settle()
        return stage.judged()


def never_answered(stage: Stage) -> Verdict:
    silent = stage.named("hang", 0.02)
    with stage.over_smtp("&timeout=1"):
        stage.run()
        others = stage.recipients - len(silent)
        if stage.reached() != others:
            raise Wrong(f"{stage.reached()} of {others} others were sent to")
    stage.doubt(len(silent))
    return _then_well(stage)


def says_goodbye(stage: Stage) -> Verdict:
    with stage.over_smtp("&recycle=1000", goodbye_after=min(100, stage.recipients // 10)):
        stage.settle()
        return stage.judged()


def closes_in_silence(stage: Stage) -> Verdict:
    with stage.over_smtp("&recycle=1000", close_after=min(20, stage.recipients // 10)):
        stage.settle()
        return stage.judged()


def resets(stage: Stage) -> Verdict:
    with stage.over_smtp(reset="0.01"):
        stage.settle()
        return stage.judged()


def greylists(stage: Stage) -> Verdict:
    stage.named("thrice", 0.3)
    with stage.over_smtp():
        stage.settle()
        verdict = stage.judged()
        attempts = {person.state for person in stage.people()}
    if attempts != {"submitted"}:
        raise Wrong(f"not everybody was sent to: {attempts}")
    return verdict


def refuses(stage: Stage) -> Verdict:
    """The last third is refused for policy: the run halts, and nobody of them is suppressed."""
    first = stage.recipients * 2 // 3
    stage.names[first:] = [f"spam+{number:05}" for number in range(first, stage.recipients)]
    unknown = sorted(stage.chance.sample(range(first), max(1, stage.recipients // 50)))
    for number in unknown:
        stage.names[number] = f"nouser+{number:05}"
    with stage.over_smtp():
        halted = stage.run()
        refused = [one for one in stage.people() if one.reason.startswith("554")]
    if halted.code != 1 or "for policy" not in halted.said:
        raise Wrong(f"it did not halt: {halted.said[-300:]}")
    if len(refused) > 6 * stage.connections:
        raise Wrong(f"{len(refused)} were refused before it halted")
    with stage.home.app() as app:
        suppressed = {one.address for one in app.suppressions.all()}
    if suppressed != {f"{stage.names[number]}@example.org" for number in unknown}:
        raise Wrong(f"suppressed: {sorted(suppressed)}")
    return _then_well(stage)


def slows_down(stage: Stage) -> Verdict:
    stage.names[stage.recipients // 2] = f"slow+{stage.recipients // 2:05}"
    with stage.over_smtp():
        slept = stage.run("--hurry").said.rpartition("slept ")[2]
        after = [one.connection for one in stage.received()][stage.recipients // 2 + stage.connections :]
    if not float(slept.partition(" ")[0]) >= 590:  # of ten minutes, and what passed while it was asked
        raise Wrong(f"traffic went on: slept {slept}")
    if len(set(after[:20])) > 1:
        raise Wrong("it went on with several connections")
    return _then_well(stage)


def answers_out_of_turn(stage: Stage) -> Verdict:
    stage.named("late", 0.01)
    stage.named("twice", 0.01)
    wrong = [name for name in stage.names if not name.startswith("reader")]
    early = stage.names.index(next(name for name in stage.names if name.startswith("reader")))
    stage.names[early] = f"early+{early:05}"
    with stage.over_smtp("&timeout=1"):
        stage.run()
    stage.doubt(len(wrong))
    return _then_well(stage)


UNANSWERED = ("500", "truncated", "hang", "drop")


def api_day(provider: str, batch: int = 1, *, known: bool = False, hours: bool = True) -> Callable[[Stage], Verdict]:
    """A day over a provider's API: killed twice, and each fault once.

    `known`: it knows a repeated request, for `hours` or not as long as that.
    """

    def play(stage: Stage) -> Verdict:
        requests = stage.chance.sample(range(2, max(13, stage.recipients // batch // 2)), 6)
        faults = dict(zip(sorted(requests), ("429", *UNANSWERED, "401"), strict=True))
        script = ",".join(f"{number}:{what}" for number, what in faults.items())
        flying = batch if batch > 1 else stage.connections
        with stage.over_http(provider, f"&batch={batch}" if batch > 1 else "", script):
            for _ in range(2):
                stage.kill_at("posted", stage.chance.randint(1, 2))
            said = "".join(stage.run("--hurry").said for _ in range(len(UNANSWERED) + 2))
            if "HTTP 401" not in said or "; check " not in said:
                raise Wrong(f"401 did not halt with its cure: {said[-600:]}")
            unsure = (len(UNANSWERED) + 2) * flying
            stage.doubt(0 if known else unsure, 0 if known and hours else unsure, held=0 if hours else unsure)
            stage.settle()
            return stage.judged()

    return play
