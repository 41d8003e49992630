"""Interval 867s of the three utilities become packed readings with their account and their days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import numpy as np
import pytest

from services.edi_gateway.partners import PartnerBook
from services.edi_gateway.transactions import Reading, facts_of
from services.edi_gateway.transactions.intervals import INTERVAL_MESSAGE_BYTES
from services.edi_gateway.understanding import Understood, understand
from services.edi_gateway.x12 import Anchor, Guide, scan
from shared.contracts.intervals import IntervalUsage, IntervalUsageReported
from shared.contracts.parts import Purpose
from shared.contracts.usage import Direction
from tests.unit.edi_gateway.transactions.conftest import TRANSACTION_ID
from tests.unit.edi_gateway.x12.documents import set_file
from tests.unit.edi_gateway.x12.interval_documents import SUMMER_DAY, document, meter, midnight

FILE_ID = UUID(int=9)
PST = "Etc/GMT+8"
PARTIES = {
    "pge": ("PACIFIC GAS AND ELECTRIC*1*006912877", "MARIN CLEAN ENERGY*1*968500001"),
    "sce": ("SOUTHERN CALIFORNIA EDISON*1*006908818", "CLEAN POWER ALLIANCE*1*968500004"),
    "sdge": ("SAN DIEGO GAS AND ELECTRIC*1*006911457", "SAN DIEGO COMMUNITY POWER*1*968500005"),
}
WAYS = {"pge": Anchor.EACH_END, "sce": Anchor.FIRST_START, "sdge": Anchor.FIRST_END}
DAY = ["0.25"] * 96


class Desk:
    """Reads the text of an interval 867 as the gateway would for a utility."""

    def __init__(self, book: PartnerBook, guide: Guide) -> None:
        self.book = book
        self.guide = guide

    def understood(self, body: str, utility: str = "pge") -> Understood:
        names = zip(PARTIES["pge"], PARTIES[utility], strict=True)
        for ours, theirs in names:
            body = body.replace(ours, theirs)
        data = set_file("867", body)
        found = scan(data).interchanges[0]
        (slot,) = found.groups[0].transactions
        partner = self.book.partner(utility)
        piece = data[slot.start : slot.end]
        return understand(piece, found.delimiters, slot, self.guide, partner, TRANSACTION_ID)

    def reading(self, body: str, utility: str = "pge") -> Reading:
        reading = self.understood(body, utility).reading
        assert reading is not None
        return reading

    def usage(self, body: str, utility: str = "pge") -> IntervalUsage:
        reading = self.reading(body, utility)
        assert reading.reasons == ()
        (fact,) = reading.facts
        assert isinstance(fact, IntervalUsage)
        return fact

    def reason(self, body: str, utility: str = "pge") -> str:
        reading = self.reading(body, utility)
        assert reading.facts == ()
        return " ".join(reason.text for reason in reading.reasons)


@pytest.fixture(scope="module")
def desk(book: PartnerBook, guide: Guide) -> Desk:
    return Desk(book, guide)


def each_end(values: list[str] = DAY, **how: str) -> list[str]:
    return meter(Anchor.EACH_END, midnight(SUMMER_DAY), values, **how)  # type: ignore[arg-type]


class TestTheThreeUtilities:
    @pytest.mark.parametrize("utility", ["pge", "sdge"])
    def test_a_day_in_local_time(self, desk: Desk, utility: str) -> None:
        body = document(meter(WAYS[utility], midnight(SUMMER_DAY), DAY))

        (channel,) = desk.usage(body, utility).meters

        (run,) = channel.runs
        assert run.start == datetime(2026, 7, 1, 7, tzinfo=UTC)
        assert np.frombuffer(run.raw, dtype="<i4").tolist() == [250] * 96
        assert (channel.period_start, channel.period_end) == (date(2026, 7, 1), date(2026, 7, 2))
        assert (channel.meter_number, channel.minutes, channel.decimals) == ("M400", 15, 3)

    def test_a_day_in_standard_time_begins_an_hour_later_in_summer(self, desk: Desk) -> None:
        start = midnight(SUMMER_DAY, PST)
        body = document(meter(Anchor.FIRST_START, start, DAY, zone=PST))

        (channel,) = desk.usage(body, "sce").meters

        assert channel.runs[0].start == datetime(2026, 7, 1, 8, tzinfo=UTC)
        assert (channel.period_start, channel.period_end) == (date(2026, 7, 1), date(2026, 7, 2))

    def test_readings_placed_in_days_to_come_are_set_aside(self, desk: Desk) -> None:
        """A stamp that means the last end, read as the first, would move a month."""
        lines = meter(Anchor.LAST_END, midnight(SUMMER_DAY), DAY * 30)
        lines.insert(1, lines.pop())
        body = document(lines).replace("*20261101*C1", "*20260801*C1")

        assert "its stamps are not what the profile says" in desk.reason(body, "sdge")


class TestReadings:
    def test_keep_every_decimal(self, desk: Desk) -> None:
        fine = desk.usage(document(each_end(["0.2512", "1.000001"] * 48))).meters[0]

        assert fine.decimals == 6
        assert np.frombuffer(fine.runs[0].raw, dtype="<i4").tolist()[:2] == [251_200, 1_000_001]

    def test_too_large_for_their_decimals_are_set_aside(self, desk: Desk) -> None:
        assert "too large" in desk.reason(document(each_end(["3000.000001"] * 96)))

    def test_that_are_estimated_are_marked(self, desk: Desk) -> None:
        lines = each_end()
        for place in (13, 15):
            lines[place] = lines[place].replace("QTY*32", "QTY*AO")

        (channel,) = desk.usage(document(lines)).meters

        assert [(s.first, s.count) for s in channel.runs[0].estimated] == [(5, 2)]

    def test_with_a_gap_come_as_two_runs(self, desk: Desk) -> None:
        lines = each_end()
        del lines[13:15]

        (channel,) = desk.usage(document(lines)).meters

        assert [run.count for run in channel.runs] == [5, 90]
        assert channel.expected == 96

    def test_of_generation_are_received(self, desk: Desk) -> None:
        body = document(each_end(), each_end(meter_type="KH015CG"))

        channels = desk.usage(body).meters

        assert [c.direction for c in channels] == [Direction.DELIVERED, Direction.RECEIVED]

    def test_that_do_not_begin_on_the_quarter_are_set_aside(self, desk: Desk) -> None:
        lines = meter(Anchor.FIRST_START, midnight(SUMMER_DAY, PST), DAY, zone=PST)
        body = document(lines).replace("DT*202607010000", "DT*202607010007")

        assert "do not begin on every 15 minutes" in desk.reason(body, "sce")


class TestTheHeader:
    def test_names_account_and_purpose(self, desk: Desk) -> None:
        body = document(each_end()).replace("BPT*00*U1*20261101*C1", "BPT*05*U2*20261101*C1*****U1")

        usage = desk.usage(body)

        assert (usage.usage_id, usage.original_usage_id) == ("U2", "U1")
        assert usage.purpose is Purpose.REPLACE
        assert (usage.account_number, usage.service_agreement_id) == ("1234567890", "9876543210")

    def test_without_an_account_is_an_exception(self, desk: Desk) -> None:
        assert "REF*12" in desk.reason(document(each_end()).replace("REF*12*1234567890\n", ""))

    def test_of_a_loop_nobody_knows_is_an_exception(self, desk: Desk) -> None:
        assert "PTD01 'FG'" in desk.reason(document(each_end()).replace("PTD*PM", "PTD*FG"))


class TestProblemsAndFindings:
    def test_what_cannot_be_known_is_the_reason(self, desk: Desk) -> None:
        body = document(each_end()).replace("REF*MT*KH015", "REF*MT*KHMON")

        assert "'KHMON' is no interval" in desk.reason(body)

    def test_a_bad_reading_refuses_the_transaction(self, desk: Desk) -> None:
        understood = desk.understood(document(each_end([*DAY[:-1], "12X"])))

        assert not understood.accepted
        assert [found.place for found in understood.findings] == ["867[1]/PTD[1]/QTY[96]/QTY02"]


class TestMessages:
    def test_hold_readings_up_to_their_size(self, desk: Desk) -> None:
        body = document(meter(Anchor.EACH_END, midnight((2026, 6, 1)), DAY * 30))
        reading = desk.reading(body)

        bodies = list(facts_of([reading] * 100, FILE_ID))

        assert len(bodies) == 2
        for each in bodies:
            assert isinstance(each, IntervalUsageReported)
            assert len(each.model_dump_json()) < 1.1 * INTERVAL_MESSAGE_BYTES
