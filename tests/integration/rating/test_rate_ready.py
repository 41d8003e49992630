"""Usage whose bill the utility computes takes its days like any other, in whichever message."""

from __future__ import annotations

from sqlalchemy import select

from services.rating.holds import RebillWithoutCancel
from services.rating.store import USAGE
from shared.contracts.parts import BillOption, Purpose
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.words import request, usage

NOT_BILLED = ("not_billed", None)


async def states(office: Office) -> list[tuple[str, str | None]]:
    """Where each 867 stands, and why it waits, in the order they came."""
    t = USAGE.c
    async with office.service.database.read() as session:
        found = await session.execute(select(t.state, t.hold_code).order_by(t.seq))
        return [(row.state, row.hold_code) for row in found]


class TestARateReadyAccount:
    async def test_has_its_days_taken_by_the_first_usage_in_one_message_or_two(
        self, office: Office
    ) -> None:
        await office.tell(enrollment(request(bill_option=BillOption.RATE_READY)))
        await office.tell(usage_report(usage("U1"), usage("U2")))
        await office.tell(usage_report(usage("U3")))

        waits = ("held", RebillWithoutCancel.code)
        assert await states(office) == [NOT_BILLED, waits, waits]

    async def test_loses_its_usage_to_a_later_cancel_that_names_none(self, office: Office) -> None:
        await office.tell(enrollment(request(bill_option=BillOption.RATE_READY)))
        await office.tell(usage_report(usage("U1")))
        await office.tell(usage_report(usage("U2", purpose=Purpose.CANCEL)))

        assert await states(office) == [("cancelled", None), ("cancelled", None)]

    async def test_is_not_charged_again_by_us_for_days_that_the_utility_billed(
        self, office: Office
    ) -> None:
        await office.tell(enrollment(request(bill_option=BillOption.RATE_READY)))
        await office.tell(usage_report(usage("U1")))
        await office.tell(enrollment(request("R2", bill_option=BillOption.BILL_READY)))
        await office.tell(usage_report(usage("U2")))

        assert await states(office) == [NOT_BILLED, ("held", RebillWithoutCancel.code)]
        assert not office.charges
