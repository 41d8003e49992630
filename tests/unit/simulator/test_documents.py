"""Whether each document carries its facts in the elements the guides name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulator import batches, documents
from simulator.payments import Outcome, PaymentLine, Remittance
from simulator.plan import Connection, DayPlan, month_before
from simulator.world import cancelled
from simulator.x12 import Segment, element, read_interchanges

PLAN = DayPlan("sce", Connection("localhost", 22, "sce", Path("key")), accounts=5)


def find(body: tuple[Segment, ...], name: str, qualifier: str) -> Segment:
    return next(s for s in body if s[0] == name and element(s, 1) == qualifier)


class TestUsageDocument:
    def test_a_cancel_names_the_original_in_bpt09(self) -> None:
        (used,) = batches.usages(PLAN, [PLAN.people.account(0)], {})
        body = documents.usage(PLAN.identity, cancelled(used, "C0"), PLAN.day, PLAN.due)

        assert body[0][1:3] == ("01", "C0")
        assert body[0][9] == used.id

    def test_the_reads_differ_by_the_total(self) -> None:
        (used,) = batches.usages(PLAN, [PLAN.people.account(0)], {})
        body = documents.usage(PLAN.identity, used, PLAN.day, PLAN.due)
        total = next(s for s in body if s[0] == "MEA" and s[7] == "51")

        begin, end = (int(text.replace(".", "")) for text in total[5:7])
        assert end - begin == int(total[3].replace(".", "")) == used.total_wh


class TestPaymentDocument:
    def test_the_total_is_the_sum_of_the_lines_and_the_date_is_bpr16(self) -> None:
        lines = (
            PaymentLine("I1", "7001", "U1", 1_005, 1_005, Outcome.REVERSED),
            PaymentLine("I1", "7001", "U1", -1_005, 1_005, Outcome.REVERSED),
            PaymentLine("I2", "7002", "U2", 7, 10, Outcome.SHORT),
        )
        cca = PLAN.identity.ccas[0]
        remittance = Remittance(cca, "T1", date(2026, 7, 6), date(2026, 7, 8), lines)
        body = documents.payment(PLAN.identity, remittance)

        assert body[0][2] == "0.07"
        assert body[0][16] == "20260708"
        paid = [s[4] for s in body if s[0] == "RMR"]
        assert paid == ["10.05", "-10.05", "0.07"]
        assert find(body, "REF", "6O")[2] == "U1"


class TestFiles:
    def test_the_same_plan_gives_the_same_bytes(self) -> None:
        accounts = PLAN.people.accounts()

        first = batches.render(PLAN, 1, "814", batches.enrollments(PLAN, accounts))
        second = batches.render(PLAN, 1, "814", batches.enrollments(PLAN, accounts))
        assert first == second

    def test_usage_is_for_the_accounts_that_were_enrolled(self) -> None:
        accounts = PLAN.people.accounts()
        texts = batches.usage_texts(PLAN, batches.usages(PLAN, accounts, {}))
        enrolled = batches.render(PLAN, 1, "814", batches.enrollments(PLAN, accounts))
        used = batches.render(PLAN, 2, "867", texts)

        def numbers(data: bytes) -> list[str]:
            transactions = read_interchanges(data)[0].groups[0].transactions
            return [find(one.segments, "REF", "12")[2] for one in transactions]

        assert numbers(enrolled) == numbers(used) == [one.number for one in accounts]


class TestServicePeriod:
    @pytest.mark.parametrize(
        ("day", "start"),
        [
            (date(2026, 7, 6), date(2026, 6, 6)),
            (date(2026, 1, 15), date(2025, 12, 15)),
            (date(2026, 3, 31), date(2026, 2, 28)),
        ],
    )
    def test_begins_on_the_same_day_of_the_month_before(self, day: date, start: date) -> None:
        assert month_before(day) == start
