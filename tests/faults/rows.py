"""The rows of the matrix: what happens to a run, and what may come of it (reference: docs/faults.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tests.faults import cluster, disks, events, files, kills, network, powerfail, readers, runs
from tests.faults.oracle import Verdict
from tests.faults.stage import Mode, Stage

Play: TypeAlias = Callable[[Stage], Verdict]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault."""

    id: str
    fault: str
    play: Play
    needs: str = ""
    """`postgresql`, `procrastinate` on it, `root` or `strace`, where it cannot run without."""
    modes: tuple[Mode, ...] = ("resend", "hold")
    is_slow: bool = False
    """Whether it only runs in the long form."""

    @property
    def on_postgresql(self) -> bool:
        return self.needs in ("postgresql", "procrastinate")


ONCE: tuple[Mode, ...] = ("resend",)
_API_DAY = "killed twice, 429, 500 after accepting, half an answer, silence, a closed line, 401"
ROWS: tuple[Row, ...] = (
    # -- killed at a named point
    Row("K0", "digest kept, nothing planned", kills.at("digest kept", kills.once)),
    Row("K1", "halfway through freezing the audience", kills.at("half planned", kills.pieces)),
    Row("K2", "audience frozen, nothing taken", kills.at("planned", kills.once)),
    Row("K3", "taken by a lease, not composed", kills.at("taken", kills.shards)),
    Row("K3b", "composed, claim not made", kills.at("composed", kills.shards)),
    Row("K4", "claim committed, nothing marked", kills.at("claimed", kills.shards)),
    Row("K4b", "marked, not connected", kills.at("marked", kills.once, marked=1)),
    Row("K5", "after RCPT TO", kills.at("rcpt", kills.messages, marked=1, connections=1)),
    Row("K6", "mid-body", kills.at("half body", kills.messages, marked=1, connections=1)),
    Row("K7", "final dot written, 250 not read", kills.at("dot", kills.messages, copies=1)),
    Row("K8", "250 read, not recorded", kills.at("answered", kills.messages, copies=1)),
    Row("K9", "recorded and the next marked, connection kept", kills.at("recorded", kills.rounds, marked=1)),
    Row("K10", "asleep for the rate", kills.asleep_for_the_rate),
    Row("K10b", "asleep until greylisting is over", kills.asleep_until_later),
    Row("K11", "last recipient recorded, no account yet", kills.at("last recorded", kills.last_shard)),
    Row("K11b", "about to say that it is done", kills.at("accounted", kills.once)),
    Row("K12", "web page killed during an unsubscribe", readers.killed_while_unsubscribing, modes=ONCE),
    Row("K12b", "web page killed at random while many unsubscribe", readers.killed_while_many_unsubscribe, modes=ONCE),
    Row("K13", "`db upgrade` killed: after its copy, and halfway", runs.killed_while_upgrading, modes=ONCE),
    Row("K13b", "killed while SQLite writes a checkpoint", kills.in_checkpoint, needs="strace"),
    Row("K14", "Resend: a batch sent, no answer; it knows keys", kills.posted("resend", 20, known=True)),
    Row("K14b", "SES: the same, one by one, no keys", kills.posted("ses:eu-west-1")),
    Row("K14c", "Postmark: the same, a batch, no keys", kills.posted("postmark", 20)),
    Row("K14d", "K14, and a member of the batch says no meanwhile", kills.posted_and_a_no),
    Row("K15", "workers killed, again and again", cluster.struck(cluster.Cluster.kill_a_worker), needs="procrastinate"),
    Row(
        "K15b", "who plans for workers killed", cluster.struck(cluster.Cluster.kill_the_planner), needs="procrastinate"
    ),
    Row(
        "K15c",
        "the database killed while workers send",
        cluster.struck(cluster.Cluster.kill_the_database),
        needs="procrastinate",
    ),
    Row("KR", "killed at random moments, many times a run", kills.at_random),
    Row("KR-pg", "the same on PostgreSQL", kills.at_random_on_postgresql, needs="postgresql"),
    # -- everything else
    Row("F1", "SIGTERM and SIGINT at random", runs.told_to_end),
    Row("F2", "DATA never answered, for 2 %", network.never_answered),
    Row("F3", "421 after so many messages of a connection", network.says_goodbye, modes=ONCE),
    Row("F3b", "connection closed in silence after so many", network.closes_in_silence, modes=ONCE),
    Row("F3c", "RST at 1 % of the commands", network.resets, modes=ONCE),
    Row("F4", "451 for 30 %, three times each", network.greylists, modes=ONCE),
    Row("F5", "550 5.1.1 for 2 %, then 554 5.7.1 for everybody", network.refuses, modes=ONCE),
    Row("F6", "421 4.7.28: slow down", network.slows_down, modes=ONCE),
    Row("F8", "late, double and unasked answers", network.answers_out_of_turn),
    Row("F9", f"Resend: {_API_DAY}", network.api_day("resend", 4, known=True)),
    Row("F9b", f"SES: {_API_DAY}", network.api_day("ses:eu-west-1")),
    Row("F9c", f"Postmark: {_API_DAY}", network.api_day("postmark", 4)),
    Row("F9d", f"SendGrid: {_API_DAY}", network.api_day("sendgrid")),
    Row("F9e", f"Mailgun: {_API_DAY}", network.api_day("mailgun:news.example.org")),
    Row("F9f", f"Brevo: {_API_DAY}", network.api_day("brevo", known=True, hours=False)),
    Row("F10", "disk full in mid-run", disks.full, needs="root", modes=ONCE),
    Row("F10b", "file system read-only", disks.read_only, needs="root", modes=ONCE),
    Row("F10c", "ledger locked by another process", disks.locked, modes=ONCE, is_slow=True),
    Row("F10d", "ledger damaged: header, last page", disks.damaged, modes=ONCE),
    Row("F10e", "clock an hour back, a day ahead", runs.clock_jumps, modes=ONCE),
    Row("F10f", "a local time that is skipped, and one that comes twice", runs.daylight_saving, modes=ONCE),
    Row("F11", "a second sender in the same home", runs.second_sender, modes=ONCE),
    Row("F11b", "two hosts on one PostgreSQL, one is killed", runs.two_hosts, needs="postgresql"),
    Row("F11c", "a home that slept past max_age", runs.too_old, modes=ONCE),
    Row("F12", "an edition that cannot be made: a fault, a crash", runs.spoilt, modes=ONCE),
    Row("F13", "subscribers' file cut off, doubled, edited in mid-run", files.edited, modes=ONCE),
    Row("F14", "readers unsubscribe, and bounces arrive, while it sends", readers.unsubscribe_during_a_run, modes=ONCE),
    Row("F15", "providers tell of readers meanwhile: true, twice, forged", events.told_during_a_run, modes=ONCE),
    Row("F16", "memory, a quarter of the readers and all", runs.memory, modes=ONCE, is_slow=True),
    Row("F18", "a scanner opens every link five times", readers.scanner, modes=ONCE),
    Row("F19", "rate, provider and sender changed in mid-run", files.settings_changed, modes=ONCE),
    Row("F20", "power lost: what was not synced is gone", powerfail.power_lost, needs="strace"),
)

NOT_HERE: Mapping[str, str] = {
    "F7": "no message has two recipients: each reader's edition is a message of its own",
    "F17": "no fault of sending: tests/test_hostile.py and tests/test_tex.py throw malformed sources at every step",
}
"""Rows of the specification that are not played, and why."""
