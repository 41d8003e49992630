"""A bill that the utility computed is rated again from its usage, line by line."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from services.rating.browsing.marks import Sight
from services.rating.messages import Occasion
from services.rating.shadow.causes import DifferenceFilter, show_causes, show_differences
from services.rating.shadow.check import ShadowDesk
from services.rating.shadow.compare import DifferenceKind, Tolerance
from services.rating.shadow.differences import (
    CauseAct,
    CauseUnknown,
    DifferenceState,
    NewCauseAct,
    act_on_cause,
)
from services.rating.shadow.tolerance import set_tolerance
from services.rating.store_activation import TariffKey
from shared.contracts.charges import (
    Charge,
    CheckedInvoice,
    InvoiceReported,
    InvoicesChecked,
)
from shared.contracts.parts import BillOption
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.integration.rating.rerun_words import SHEET
from tests.integration.rating.utility_bill import bill_of
from tests.unit.rating.words import MCE, request, usage

SIGHT = Sight((MCE.cca,), MCE.environment)


def checks(office: Office) -> list[CheckedInvoice]:
    """What was said of utilities' bills so far."""
    said = (envelope.body for envelope in office.heard)
    return [item for body in said if isinstance(body, InvoicesChecked) for item in body.items]


async def charged(office: Office) -> Charge:
    """An ordinary June that we charged."""
    await office.tell(enrollment(request()))
    await office.tell(usage_report(usage()))
    (charge,) = office.charges
    return charge


class TestABill:
    async def test_that_is_as_ours_agrees(self, office: Office) -> None:
        charge = await charged(office)

        await office.tell(bill_of(charge))

        (check,) = checks(office)
        assert (check.state, check.differences, check.ours) == ("agrees", 0, charge.total)
        assert await office.rows("reported_invoices", state="agrees") == 1

    async def test_without_the_usages_name_is_found_by_account_and_period(
        self, office: Office
    ) -> None:
        charge = await charged(office)

        await office.tell(bill_of(charge, names_usage=False))

        assert [check.state for check in checks(office)] == ["agrees"]

    async def test_with_another_price_differs_line_by_line(self, office: Office) -> None:
        charge = await charged(office)
        dearer = charge.lines[0].model_copy(
            update={"price": Decimal("0.30"), "amount": Decimal("30.00")}
        )

        await office.tell(bill_of(charge, (dearer, *charge.lines[2:])))

        (check,) = checks(office)
        assert check.state == "differs"
        kinds = "SELECT kind FROM rating.shadow_differences ORDER BY difference_id"
        assert await office.column(kinds) == ["price", "amount", "missing", "total"]

    async def test_before_its_usage_waits_and_is_checked_when_it_comes(
        self, office: Office
    ) -> None:
        charge = await charged(office)
        early = bill_of(charge)
        other = early.items[0].model_copy(
            update={"usage_id": "U9", "account_number": "A9", "service_agreement_id": "SA1"}
        )
        await office.tell(InvoiceReported(file_id=uuid4(), items=(other,)))
        assert [check.state for check in checks(office)] == ["waiting_for_usage"]

        await office.tell(usage_report(usage("U9", account="A9")))
        assert [check.state for check in checks(office)] == ["waiting_for_usage"]
        await office.tell(enrollment(request("R9", account="A9")))

        assert [check.state for check in checks(office)] == ["waiting_for_usage", "agrees"]

    async def test_that_no_price_can_be_found_for_is_told_once_however_often_it_is_looked_at(
        self, office: Office, tmp_path: Path
    ) -> None:
        charge = await charged(office)
        rate_ready = BillOption.RATE_READY
        await office.tell(enrollment(request("R9", account="A9", bill_option=rate_ready)))
        await office.tell(usage_report(usage("U9", account="A9")))
        (tmp_path / "rival.toml").write_text(SHEET.replace("MCE-E-TOU-C", "MCE-RIVAL"))
        await office.service.import_tariffs(tmp_path, "jane")
        rival = TariffKey.plan("mce", "MCE-RIVAL", "2026-04-01")
        await office.service.activate_tariff(rival, "joe")
        other = (
            bill_of(charge).items[0].model_copy(update={"usage_id": "U9", "account_number": "A9"})
        )
        await office.tell(InvoiceReported(file_id=uuid4(), items=(other,)))

        looked = [await office.service.sweep.look() for _ in range(2)]

        assert looked == [1, 1]
        assert [check.state for check in checks(office)] == ["waiting_for_usage"]
        assert await office.rows("shadow_checks") == 1

    async def test_told_twice_is_checked_once(self, office: Office) -> None:
        charge = await charged(office)

        await office.tell(bill_of(charge))
        await office.tell(bill_of(charge))

        assert len(checks(office)) == 1

    async def test_within_what_a_person_tolerates_agrees(self, office: Office) -> None:
        charge = await charged(office)
        cents = charge.lines[0].model_copy(
            update={"amount": charge.lines[0].amount + Decimal("0.40")}
        )
        loose = Tolerance(line_cents=50, total_cents=50)
        async with office.service.database.unit_of_work() as session:
            await set_tolerance(session, MCE, loose, "ann", "they round up", NOON)

        await office.tell(bill_of(charge, (cents, *charge.lines[1:])))

        assert [check.state for check in checks(office)] == ["agrees"]


class TestWhatDiffers:
    async def test_is_listed_by_cause_with_owner_state_and_money(self, office: Office) -> None:
        charge = await charged(office)
        await office.tell(bill_of(charge, charge.lines[1:]))
        code = charge.lines[0].code

        async with office.service.database.unit_of_work() as session:
            new = NewCauseAct(
                kind=DifferenceKind.MISSING,
                code=code,
                act=CauseAct.ASSIGN,
                owner="rates desk",
                reason="theirs",
            )
            await act_on_cause(session, MCE, new, "ann", NOON)
        async with office.service.database.read() as session:
            causes = await show_causes(session, SIGHT, DifferenceFilter(owner="rates desk"))
            total = await show_causes(session, SIGHT, DifferenceFilter(kind=DifferenceKind.TOTAL))

        (mine,), (whole,) = causes, total
        assert (mine.kind, mine.code, mine.bills, mine.state) == ("missing", code, 1, "open")
        assert mine.amount == -charge.lines[0].amount
        assert (whole.amount, whole.owner) == (mine.amount, None)

    async def test_stays_explained_when_the_bill_is_checked_again(self, office: Office) -> None:
        charge = await charged(office)
        bill = bill_of(charge, charge.lines[1:])
        await office.tell(bill)
        later = NOON + timedelta(hours=1)
        async with office.service.database.unit_of_work() as session:
            new = NewCauseAct(
                kind=DifferenceKind.MISSING,
                code=charge.lines[0].code,
                act=CauseAct.EXPLAIN,
                reason="they waive it in June",
            )
            await act_on_cause(session, MCE, new, "ann", NOON)
            shadow = ShadowDesk(office.service.mailbox.put, office.service.desk.books)
            ids = [bill.items[0].transaction_id]
            await shadow.check_again(session, Occasion(MCE, later), ids)
        async with office.service.database.read() as session:
            page = await show_differences(session, SIGHT, DifferenceFilter(), None, 10)
            gone = DifferenceFilter(state=DifferenceState.SETTLED)
            before = await show_differences(session, SIGHT, gone, None, 10)

        states = {one.kind.value: (one.state, one.since) for one in page.differences}
        assert states == {"missing": ("explained", NOON), "total": ("open", NOON)}
        assert len(before.differences) == len(page.differences)

    async def test_has_a_cause_that_exists(self, office: Office) -> None:
        async with office.service.database.unit_of_work() as session:
            new = NewCauseAct(kind=DifferenceKind.PRICE, act=CauseAct.NOTE, reason="to be seen")
            with pytest.raises(CauseUnknown):
                await act_on_cause(session, MCE, new, "ann", NOON)
