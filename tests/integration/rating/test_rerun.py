"""Re-rating in bulk: look first, then cancel and rebill what changed, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.rating.rerun import batch, jobs
from services.rating.rerun.asked import RerunAsked, RerunFilter
from services.rating.rerun.jobs import RerunSettings
from services.rating.rerun.refusals import (
    RerunNeedsAnother,
    RerunNotReady,
    RerunUnknown,
    SubmitKeyTaken,
)
from services.rating.rerun.store_jobs import JobState
from services.rating.rerun.views import items_csv
from shared.contracts.parts import Purpose
from shared.platform.database import WriteSession
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.integration.rating.rerun_words import (
    BY_PLAN,
    correct_prices,
    dry_run,
    items,
    run,
    shown,
    until,
)
from tests.unit.rating.words import JUNE, MCE, THREE_CE, meter, request, usage


async def bill(office: Office, accounts: int = 1) -> None:
    """Enrol accounts A1, A2, … and charge a June of each."""
    numbers = range(1, accounts + 1)
    await office.tell(
        enrollment(*(request(f"R{n}", account=f"A{n}", meter=f"M{n}") for n in numbers))
    )
    await office.tell(
        usage_report(
            *(
                usage(
                    f"U{n}",
                    meter(JUNE, {"on": "100", "off": "200"}, number=f"M{n}"),
                    account=f"A{n}",
                )
                for n in numbers
            )
        )
    )
    assert len(office.charges) == accounts


class TestADryRun:
    async def test_tells_counts_and_money_and_bills_nobody(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office, 3)
        await correct_prices(office, tmp_path)

        job = await dry_run(office)

        assert job.plan is not None
        assert (job.total, job.plan.sent, job.plan.unsent) == (3, 3, 0)
        assert job.plan.old == sum(charge.total for charge in office.charges)
        assert job.plan.difference == job.plan.new - job.plan.old == job.plan.at_stake
        assert job.plan.difference > 0
        assert len(office.charges) == 3
        assert job.progress.done == 0

    async def test_finds_nothing_to_do_while_prices_are_the_same(self, office: Office) -> None:
        await bill(office, 2)

        job = await dry_run(office)

        assert job.plan is not None
        assert [(e.effect, e.items) for e in job.plan.effects] == [("unchanged", 2)]
        assert job.plan.at_stake == 0

    async def test_asked_twice_with_the_same_key_is_one_job(self, office: Office) -> None:
        await bill(office)

        first = await dry_run(office)
        second = await dry_run(office)

        assert first.job_id == second.job_id
        other = RerunAsked(filter=RerunFilter(rate_code="E-1"), reason="another")
        with pytest.raises(SubmitKeyTaken):
            await office.service.reruns.ask(MCE, other, "test-key-1", "ann")

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (RerunFilter(plan_id="MCE-E-TOU-C", plan_version="2026-04-01"), 2),
            (RerunFilter(plan_id="MCE-E-TOU-C", plan_version="2025"), 0),
            (RerunFilter(plan_id="MCE-E-TOU"), 0),
            (RerunFilter(rate_code="E-TOU-C"), 2),
            (RerunFilter(rate_code="E-1"), 0),
            (RerunFilter(accounts=("A2", "A9")), 1),
            (RerunFilter(bill_cycle="07"), 0),
            (RerunFilter(accounts=("A1",), period_from=date(2026, 7, 6)), 0),
            (RerunFilter(accounts=("A1",), period_to=date(2026, 6, 7)), 1),
            (RerunFilter(accounts=("A1",), what="held"), 0),
            (RerunFilter(hold_code="RATE_NOT_FOUND"), 0),
        ],
    )
    async def test_is_about_what_the_filter_names(
        self, office: Office, wanted: RerunFilter, found: int
    ) -> None:
        await bill(office, 2)

        job = await dry_run(office, RerunAsked(filter=wanted, reason="look"))

        assert job.total == found


class TestARun:
    async def test_cancels_each_changed_bill_as_it_was_and_bills_it_anew(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office, 2)
        await correct_prices(office, tmp_path)

        job = await run(office)

        first, second, *corrections = office.charges
        assert [c.purpose for c in corrections] == [Purpose.CANCEL, Purpose.ORIGINAL] * 2
        cancel, rebill = corrections[:2]
        assert cancel.original_invoice_number == first.invoice_number
        assert (cancel.lines, cancel.total) == (first.lines, first.total)
        assert (cancel.plan_version, rebill.plan_version) == ("2026-04-01", "corrected")
        assert rebill.total > first.total
        assert (rebill.usage_id, rebill.transaction_id) == (first.usage_id, first.transaction_id)
        assert job.progress.outcomes == {"rebilled": 2}
        assert job.plan is not None
        assert job.progress.moved == job.plan.difference
        told = await items(office, job.job_id)
        assert [(i.invoice_number, i.cancel_invoice, i.new_invoice) for i in told] == [
            (first.invoice_number, cancel.invoice_number, rebill.invoice_number),
            (second.invoice_number, corrections[2].invoice_number, corrections[3].invoice_number),
        ]
        assert [step.step for step in job.steps] == ["asked", "planned", "started", "done"]

    async def test_a_second_time_changes_nothing(self, office: Office, tmp_path: Path) -> None:
        await bill(office, 2)
        await correct_prices(office, tmp_path)
        await run(office)
        said = len(office.charges)

        again = await run(office, key="test-key-2")

        assert again.progress.outcomes == {"unchanged": 2}
        assert len(office.charges) == said

    async def test_can_be_rated_again_when_prices_are_corrected_once_more(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path)
        await run(office)
        await correct_prices(office, tmp_path, version="final", on_peak="20782")

        await run(office, key="test-key-2")

        totals = [c.total if c.purpose is not Purpose.CANCEL else -c.total for c in office.charges]
        assert len(totals) == 5
        assert sum(totals) == office.charges[0].total

    async def test_leaves_a_bill_that_the_utility_cancels_meanwhile(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path)
        job = await dry_run(office)
        reads = meter(JUNE, {"on": "100", "off": "200"})
        await office.tell(usage_report(usage("C1", reads, purpose=Purpose.CANCEL, corrects="U1")))
        said = len(office.charges)

        await office.service.reruns.start(MCE, job.job_id, "ann", "go")
        done = await until(office, job.job_id, JobState.DONE)

        assert done.progress.outcomes == {"blocked": 1}
        assert len(office.charges) == said
        assert [i.code for i in await items(office, job.job_id)] == ["NOT_IN_FORCE"]

    async def test_leaves_a_bill_that_would_come_to_something_else_than_confirmed(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path)
        job = await dry_run(office)
        await correct_prices(office, tmp_path, version="final", on_peak="30000")

        await office.service.reruns.start(MCE, job.job_id, "ann", "go")
        done = await until(office, job.job_id, JobState.DONE)

        assert done.progress.outcomes == {"stale": 1}
        assert len(office.charges) == 1

    async def test_a_rebill_is_cancelled_by_the_utility_like_any_bill(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path)
        await run(office)
        reads = meter(JUNE, {"on": "100", "off": "200"})

        await office.tell(usage_report(usage("C1", reads, purpose=Purpose.CANCEL, corrects="U1")))

        rebill, cancel = office.charges[-2:]
        assert cancel.purpose is Purpose.CANCEL
        assert cancel.original_invoice_number == rebill.invoice_number
        assert cancel.total == rebill.total

    async def test_is_taken_along_as_csv_with_ids_as_text(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path)
        job = await run(office)

        text = "".join([part async for part in items_csv(office.service.database, job.job_id)])

        head, line = text.splitlines()
        assert "account_number" in head
        assert '"=""A1"""' in line
        assert "rebilled" in line


class TestBatches:
    async def test_a_crash_in_the_middle_loses_nothing_and_repeats_nothing(
        self, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch, "BATCH_ITEMS", 1)
        await bill(office, 3)
        await correct_prices(office, tmp_path)
        crashes = iter([False, True, False, False])
        add_up = batch.carry_out

        async def carry_out(session: WriteSession, *rest: object) -> None:
            await add_up(session, *rest)  # type: ignore[arg-type]
            if next(crashes):
                raise ConnectionResetError("the process dies before it commits")

        monkeypatch.setattr(jobs, "carry_out", carry_out)

        job = await run(office)

        assert job.progress.outcomes == {"rebilled": 3}
        assert "fault" in [step.step for step in job.steps]
        assert len({c.invoice_number for c in office.charges}) == 9
        numbers = sorted(int(c.invoice_number.removeprefix("MCE")) for c in office.charges)
        assert numbers == list(range(1, 10))

    async def test_a_cancel_between_batches_keeps_what_is_done(
        self, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch, "BATCH_ITEMS", 1)
        await bill(office, 3)
        await correct_prices(office, tmp_path)
        job = await dry_run(office)
        desk = office.service.reruns
        add_up = batch.carry_out
        done = []

        async def carry_out(session: WriteSession, *rest: object) -> None:
            await add_up(session, *rest)  # type: ignore[arg-type]
            done.append(rest)
            if len(done) == 1:
                office.service.reruns.wake.set()

        monkeypatch.setattr(jobs, "carry_out", carry_out)
        await desk.start(MCE, job.job_id, "ann", "go")
        while not done:
            await until(office, job.job_id, JobState.RUNNING)
        ended = await desk.cancel(MCE, job.job_id, "ann", "wrong card")

        assert ended.state is JobState.CANCELLED
        left = await shown(office, job.job_id)
        assert left.progress.done == len(done)
        assert left.steps[-1].step == "cancelled"

    async def test_after_several_faults_a_job_waits_for_a_person(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await bill(office)
        monkeypatch.setattr(jobs, "FAULTS_MAX", 1)

        async def broken(*_: object) -> None:
            raise ValueError("a defect")

        with monkeypatch.context() as patch:
            patch.setattr(jobs, "weigh", broken)
            job = await office.service.reruns.ask(MCE, BY_PLAN, "test-key-1", "ann")
            await until(office, job.job_id, JobState.FAILED)
        await office.service.reruns.start(MCE, job.job_id, "bob", "mended")

        assert (await until(office, job.job_id, JobState.PLANNED)).total == 1


class TestWhoMayStart:
    async def test_above_the_limit_it_is_somebody_else_than_who_asked(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path)
        job = await dry_run(office)
        strict = replace(office.service.reruns, settings=RerunSettings(second_person_cents=100))

        with pytest.raises(RerunNeedsAnother):
            await strict.start(MCE, job.job_id, "ann", "go")
        started = await strict.start(MCE, job.job_id, "bob", "checked")

        assert started.started_by == "bob"

    async def test_a_rebill_that_waits_already_is_found_beside_usage_that_waits(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path, on_peak="30000000")
        first = await dry_run(office)
        await office.service.reruns.start(MCE, first.job_id, "bob", "checked")
        await until(office, first.job_id, JobState.DONE)
        stranger = meter(JUNE, {"on": "1", "off": "2"}, number="M9")
        await office.tell(usage_report(usage("U9", stranger, account="A9")))
        of_code = RerunAsked(filter=RerunFilter(rate_code="E-TOU-C"), reason="once more")

        again = await dry_run(office, of_code, key="test-key-2")
        await office.service.reruns.start(MCE, again.job_id, "bob", "checked")
        done = await until(office, again.job_id, JobState.DONE)

        assert done.progress.outcomes == {"held": 1, "under_review": 1}
        assert await office.column("SELECT state FROM rating.reviews") == ["waiting"]

    async def test_a_rebill_above_the_value_limit_waits_together_with_its_cancel(
        self, office: Office, tmp_path: Path
    ) -> None:
        await bill(office)
        await correct_prices(office, tmp_path, on_peak="30000000")
        job = await dry_run(office)
        assert job.plan is not None
        assert job.plan.second_person

        await office.service.reruns.start(MCE, job.job_id, "bob", "checked")
        done = await until(office, job.job_id, JobState.DONE)

        assert done.progress.outcomes == {"under_review": 1}
        assert len(office.charges) == 1
        assert await office.rows("reviews", state="waiting") == 1

    async def test_nobody_starts_what_is_over_or_another_ccas(self, office: Office) -> None:
        await bill(office)
        job = await run(office)
        desk = office.service.reruns

        with pytest.raises(RerunUnknown):
            await desk.start(THREE_CE, job.job_id, "ann", "go")
        with pytest.raises(RerunNotReady):
            await desk.cancel(MCE, job.job_id, "ann", "late")
        assert (await desk.start(MCE, job.job_id, "ann", "go")).state is JobState.DONE
        with pytest.raises(RerunNotReady):
            await desk.start(MCE, job.job_id, "bob", "go")
