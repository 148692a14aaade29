"""The fault matrix, short: every row once with few readers. The long form: scripts/faults; see docs/faults.md."""

from __future__ import annotations

import pytest

from tests.faults.matrix import lacking, play
from tests.faults.oracle import judge
from tests.faults.rows import ROWS
from tests.faults.starters import forked
from tests.servers.smtp import Received

READERS = 60
BOTH = {"K7", "K8", "KR"}  # where the two modes may end differently
SHORT = [
    pytest.param(row, mode, id=f"{row.id}-{mode}")
    for row in ROWS
    for mode in (row.modes if row.id in BOTH else row.modes[:1])
    if not row.is_slow
]


@pytest.mark.parametrize(("row", "mode"), SHORT)
def test_nobody_is_lost_copied_invented_or_lied_about(tmp_path, request, row, mode):
    if what := lacking(row):
        pytest.skip(f"{row.id}: {row.fault}: this machine lacks {what}")
    url = request.getfixturevalue("postgresql").fresh() if row.on_postgresql else ""
    stage, verdict = play(row, mode, 1, READERS, tmp_path / "stage", url, forked)
    assert not isinstance(verdict, str), verdict
    assert () == verdict.faults(**stage.allowed), stage.notes


# -- the oracle can say no

ADA, BO = "ada@example.org", "bo@example.org"


def copy_for(address, sha256="a"):
    return Received(address, f"<{address}>", sha256, 0.0)


def test_a_good_run_has_no_faults():
    verdict = judge([ADA, BO], [copy_for(ADA)], {ADA: "submitted", BO: "failed"})
    assert ((), 2) == (verdict.faults(), verdict.audience)


@pytest.mark.parametrize("ledger", [{ADA: "submitted"}, {ADA: "submitted", BO: "pending"}])
def test_who_was_meant_and_has_nothing_is_lost(ledger):
    assert (BO,) == judge([ADA, BO], [copy_for(ADA)], ledger).lost


@pytest.mark.parametrize("state", ["failed", "skipped", "uncertain"])
def test_who_the_ledger_accounts_for_is_not_lost(state):
    assert () == judge([BO], [], {BO: state}).lost


def test_every_copy_beyond_the_first_counts():
    verdict = judge([ADA, BO], [copy_for(ADA)] * 3 + [copy_for(BO)], {ADA: "submitted", BO: "submitted"})
    assert (2, ("2 copies, 1 allowed",), ()) == (verdict.dup, verdict.faults(dup=1), verdict.faults(dup=2))


def test_copies_that_differ_are_told_apart():
    verdict = judge([ADA], [copy_for(ADA), copy_for(ADA, "b")], {ADA: "submitted"})
    assert ((ADA,), ("1 with copies that differ: ada@example.org",)) == (verdict.changed, verdict.faults(dup=1))


@pytest.mark.parametrize(("received", "ledger"), [([copy_for(BO)], {}), ([], {BO: "pending"})])
def test_who_was_never_meant_is_a_phantom(received, ledger):
    assert (BO,) == judge([ADA], received, ledger).phantom


@pytest.mark.parametrize("state", ["failed", "skipped", "pending", "submitting"])
def test_a_ledger_that_denies_what_was_accepted_lies(state):
    assert (ADA,) == judge([ADA], [copy_for(ADA)], {ADA: state}).lie


def test_a_ledger_that_claims_what_was_not_accepted_lies():
    assert (ADA,) == judge([ADA], [], {ADA: "submitted"}).lie


def test_who_is_uncertain_is_no_lie_and_counted():
    verdict = judge([ADA, BO], [copy_for(ADA)], {ADA: "uncertain", BO: "uncertain"})
    assert ((), ("2 uncertain, 1 allowed",)) == (verdict.lie, verdict.faults(uncertain=1))
