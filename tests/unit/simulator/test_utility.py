"""Whether a billing day ends balanced with a sound back office, and notices an unsound one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.plan import Connection, DayPlan, Faults, Phase
from simulator.utility import billing_day
from tests.unit.simulator.back_office import BackOffice

PLAN = DayPlan(
    "pge",
    Connection("localhost", 22, "pge", Path("key")),
    accounts=200,
    faults=Faults(error_rate=0.03, advice_rate=0.01, short_rate=0.02, reversal_rate=0.01),
    patience_s=0.05,
    poll_s=0.001,
)
CALM = replace(PLAN, accounts=30, faults=Faults())


class TestSoundBackOffice:
    async def test_ends_the_day_balanced_with_every_kind_of_fault(self) -> None:
        office = BackOffice(PLAN)
        report = await billing_day(PLAN, mailbox=office)

        assert report.problems == ()
        assert report.enrolled == 200
        assert report.enrollments_rejected == 1
        assert {one.kind for one in report.deliberate} == {
            *("unknown-account", "unknown-rate-code", "broken-element", "cancel-and-rebill"),
            *("buckets-do-not-add", "already-enrolled", "duplicate-file"),
        }
        assert report.charged == 200 - 3 + 1
        assert report.cancelled == 1
        assert len(report.advice_sent) == 2
        assert len(report.uncharged) == 4
        assert not office.outbound

    @pytest.mark.parametrize("utility", ["pge", "sce", "sdge"])
    async def test_ends_a_calm_day_with_everything_charged_and_paid(self, utility: str) -> None:
        plan = replace(CALM, utility=utility)
        report = await billing_day(plan, mailbox=BackOffice(plan))

        assert report.problems == ()
        assert report.charged == 30
        totals = report.as_json()["totals"]
        assert totals["charged_cents"] == totals["net_cents"] == totals["paid_cents"] > 0

    async def test_reads_and_writes_control_byte_delimiters(self) -> None:
        plan = replace(CALM, utility="sce", delimiters="sce")

        assert (await billing_day(plan, mailbox=BackOffice(plan))).problems == ()

    async def test_pays_what_is_owed_less_what_is_short_rejected_and_taken_back(self) -> None:
        office = BackOffice(PLAN)
        report = await billing_day(PLAN, mailbox=office)

        sent = [one.segments[0][2] for one in office.payments]
        paid = sum(int(text.replace(".", "")) for text in sent)
        assert paid == report.as_json()["totals"]["paid_cents"]
        assert sum(cca.paid_short for cca in report.ccas) == 4
        assert sum(cca.reversed for cca in report.ccas) == 2

    async def test_acknowledges_every_file_but_receipts(self) -> None:
        office = BackOffice(CALM)
        await billing_day(CALM, mailbox=office)

        assert office.received["997"] == 2  # for the 814 responses and for the 810s

    async def test_sends_the_same_files_for_the_same_seed(self) -> None:
        offices = [BackOffice(PLAN), BackOffice(PLAN)]
        for office in offices:
            await billing_day(PLAN, mailbox=office)

        assert offices[0].uploads == offices[1].uploads

    async def test_splits_usage_into_files_of_the_wanted_size(self) -> None:
        office = BackOffice(CALM)
        report = await billing_day(replace(CALM, accounts_a_file=8), mailbox=office)

        assert report.problems == ()
        assert sum("_867_" in name for name in office.uploads) == 4


class TestPhases:
    async def test_a_later_run_pays_the_charges_that_are_waiting(self) -> None:
        office = BackOffice(CALM)
        early = replace(CALM, phases=frozenset({Phase.ENROL}))
        assert (await billing_day(early, mailbox=office)).enrolled == 30

        late = replace(CALM, phases=frozenset(Phase) - {Phase.ENROL}, run=1)
        report = await billing_day(late, mailbox=office)
        assert report.problems == ()
        assert report.charged == 30

    async def test_two_runs_of_a_day_never_share_a_control_number(self) -> None:
        assert replace(CALM, run=1).first_control != CALM.first_control


class TestUnsoundBackOffice:
    @pytest.mark.parametrize(
        ("habit", "problem"),
        [
            ("silent", "still awaited: 997 for PGE_867_"),
            ("receipts twice", "got 2 997s"),
            ("forgets one", "still awaited: 810 for PGE20260706007U"),
            ("adds wrongly", "its lines add up to"),
            ("skips numbers", "still awaited: files numbered"),
            ("wrong environment", "ISA15 is P"),
        ],
    )
    async def test_is_noticed(self, habit: str, problem: str) -> None:
        office = BackOffice(CALM, frozenset({habit}))
        report = await billing_day(CALM, mailbox=office)

        assert not report.balanced
        assert any(problem in one for one in report.problems), report.problems

    async def test_the_day_ends_when_its_time_is_over(self) -> None:
        plan = replace(CALM, timeout_s=0.01, patience_s=60)
        report = await billing_day(plan, mailbox=BackOffice(plan, frozenset({"forgets one"})))

        assert any("the day's time is over" in one for one in report.problems)
