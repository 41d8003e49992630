"""What several loops of one 867 mean together: meters that add, exchanges, a history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.edi_gateway.profile import PeriodEnd, TradingPartner
from services.edi_gateway.transactions import facts_of
from shared.contracts.usage import (
    HistoricalUsage,
    HistoryLevel,
    Unit,
)
from tests.unit.edi_gateway.transactions.conftest import Read
from tests.unit.edi_gateway.transactions.words867 import (
    HEADER,
    METER,
    MONTHLY,
    usage,
)


def second_meter(extra: str = "", *, period: str = "DTM*150*20260501\nDTM*151*20260601") -> str:
    head = METER.replace("M1", "M2").replace("DTM*150*20260501\nDTM*151*20260601", period)
    return head + extra + "QTY*QD*100*KH\nQTY*QD*5*K1\n"


class TestSeveralMeters:
    def test_a_meter_that_is_subtracted_has_negative_energy_and_no_peak(self, read: Read) -> None:
        item = usage(read(HEADER + METER + MONTHLY + second_meter("REF*JH*S\n")))
        first, second = item.meters
        assert first.quantities[0].quantity == Decimal(310)
        assert [(q.unit, q.quantity) for q in second.quantities] == [(Unit.KWH, Decimal(-100))]

    @pytest.mark.parametrize(("role", "meters"), [("A", 2), ("I", 1)])
    def test_a_meter_adds_or_is_ignored(self, read: Read, role: str, meters: int) -> None:
        item = usage(read(HEADER + METER + MONTHLY + second_meter(f"REF*JH*{role}\n")))
        assert len(item.meters) == meters

    def test_an_exchange_splits_the_period_between_two_meters(self, read: Read) -> None:
        old = (METER + MONTHLY).replace("DTM*151*20260601", "DTM*514*20260515")
        new = second_meter(period="DTM*514*20260515\nDTM*151*20260601")
        first, second = usage(read(HEADER + old + new)).meters
        assert (first.period_start, first.period_end) == (date(2026, 5, 1), date(2026, 5, 15))
        assert (second.period_start, second.period_end) == (date(2026, 5, 15), date(2026, 6, 1))

    def test_the_exchange_day_is_shared_even_where_the_last_day_is_not(
        self, read: Read, pge: TradingPartner
    ) -> None:
        rules = pge.profile.reading.model_copy(update={"period_end": PeriodEnd.INCLUSIVE})
        profile = pge.profile.model_copy(update={"reading": rules})
        partner = pge.model_copy(update={"profile": profile})
        old = (METER + MONTHLY).replace("DTM*151*20260601", "DTM*514*20260515")
        new = second_meter(period="DTM*514*20260515\nDTM*151*20260531")
        first, second = usage(read(HEADER + old + new, partner)).meters
        assert first.period_end == second.period_start == date(2026, 5, 15)
        assert second.period_end == date(2026, 6, 1)

    @pytest.mark.parametrize("code", ["BC", "BD"])
    def test_service_without_a_meter_needs_no_meter_number(self, read: Read, code: str) -> None:
        bare = METER.replace("PTD*PM", f"PTD*{code}").replace("REF*MG*M1\n", "")
        (meter,) = usage(read(HEADER + bare + "QTY*QD*44*KH")).meters
        assert meter.meter_number == "UNMETERED"


class TestHistory:
    """BPT01 52: data, never a bill."""

    PAST = HEADER.replace("BPT*00", "BPT*52") + METER.replace("PTD*PM", "PTD*BQ").replace(
        "REF*MG*M1\n", ""
    )

    def test_it_is_another_word_than_usage(self, read: Read) -> None:
        reading = read(self.PAST + MONTHLY + METER + MONTHLY)
        assert reading.reasons == ()
        (fact,) = reading.facts
        assert isinstance(fact, HistoricalUsage)
        account, meter = fact.periods
        assert (account.level, account.meter_number) == (HistoryLevel.ACCOUNT, None)
        assert (meter.level, meter.meter_number) == (HistoryLevel.METER, "M1")
        assert account.quantities[0].quantity == Decimal(310)

    def test_it_travels_in_a_message_that_nobody_bills_from(self, read: Read) -> None:
        (body,) = facts_of([read(self.PAST + MONTHLY)], UUID(int=7))
        assert body.type == "HistoricalUsageReported"

    def test_a_loop_without_meaning_is_a_reason(self, read: Read) -> None:
        reading = read((self.PAST + MONTHLY).replace("PTD*BQ", "PTD*FG"))
        assert reading.facts == ()
        assert "PTD01 'FG'" in reading.reasons[0].text
