"""What people edit while it sends: the subscribers' file and the settings."""

from __future__ import annotations

from tests.faults.kills import rounds
from tests.faults.oracle import Verdict
from tests.faults.stage import Stage, Wrong


def edited(stage: Stage) -> Verdict:
    """Cut off and doubled, nothing is sent; edited, who is gone is skipped and who is new is sent to."""
    with stage.over_smtp():
        stage.kill_at("recorded", rounds(stage))
        whole, before = (stage.home.path / "subscribers.yaml").read_text(), stage.reached()
        doubled = whole + f"  - email: {stage.names[0].upper()}@EXAMPLE.org\n"
        for broken in (whole[: len(whole) // 2 - 7], doubled):
            stage.home.subscribers(broken)
            refused = stage.run()
            if refused.code != 2 or stage.reached() != before:
                raise Wrong(f"a broken file was used: exit {refused.code}: {refused.said[-300:]}")
        new = [f"new{number:05}" for number in range(90000, 90005)]
        stage.write([*stage.names[:-5], *new])
        stage.doubt(0, stage.connections)
        stage.settle()
        return stage.judged(audience=[*stage.audience, *(f"{name}@example.org" for name in new)])


def settings_changed(stage: Stage) -> Verdict:
    with stage.over_smtp("&rate=200/s"):
        stage.kill_at("recorded", rounds(stage))
    with stage.over_smtp("&recycle=3&domain_rate=10000/s"):
        before = {one.recipient for one in stage.received()}
        stage.set(stage.home.environment["NEWSLETTER_PROVIDER"], NEWSLETTER_FROM="Other <other@example.org>")
        stage.kill_at("recorded", max(1, (stage.recipients - len(before)) // stage.connections // 2 - 20))
        stage.doubt(0, 2 * stage.connections)
        stage.settle()
        return stage.judged()
