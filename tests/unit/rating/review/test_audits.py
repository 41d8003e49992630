from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.rating.review.audits import Case, Past, random_sample
from services.rating.review.classes import CustomerClass, class_of
from services.rating.review.registry import ALWAYS_HELD, AUDITS, AuditKind, Mode

KWH = 1_000_000
NOW = datetime(2026, 7, 8, 20, tzinfo=UTC)


def month(number: int, cents: int = 10_000, kwh: int = 500, *, estimated: bool = False) -> Past:
    """The period `number` months of 30 days before June 6, 2026."""
    end = date(2026, 6, 6) - timedelta(days=30 * (number - 1))
    return Past(end - timedelta(days=30), end, estimated, kwh * KWH, cents)


YEAR = tuple(month(number) for number in range(1, 13))
USUAL = Case(
    period_start=date(2026, 6, 6),
    period_end=date(2026, 7, 6),
    total_cents=10_000,
    at=NOW,
    on=date(2026, 7, 8),
    energy_micro=500 * KWH,
    past=YEAR,
)


def fired(case: Case) -> set[str]:
    """Codes of all audits that find something, as the program sets them."""
    return {kind.code for kind in AUDITS.values() if kind.look(case, kind.limits)}


class TestAUsualBill:
    def test_is_found_in_order_by_every_audit(self) -> None:
        assert fired(USUAL) == set()

    def test_of_a_new_customer_is_found_in_order(self) -> None:
        assert fired(replace(USUAL, past=())) == set()


class TestEveryAudit:
    @pytest.mark.parametrize(
        ("code", "case"),
        [
            ("HIGH_VALUE", replace(USUAL, total_cents=2_400_000)),
            ("HIGH_VALUE", replace(USUAL, total_cents=-2_400_000)),
            ("FIRST_LARGE_BILL", replace(USUAL, past=(), demand_micro=201 * KWH)),
            ("NEGATIVE_TOTAL", replace(USUAL, total_cents=-1)),
            ("PERIOD_LENGTH", replace(USUAL, period_end=date(2026, 7, 2))),
            ("PERIOD_LENGTH", replace(USUAL, period_end=date(2026, 7, 10))),
            ("USAGE_GAP", replace(USUAL, period_start=date(2026, 6, 8))),
            ("ZERO_USAGE", replace(USUAL, energy_micro=0)),
            ("USAGE_OUTLIER", replace(USUAL, energy_micro=1_501 * KWH)),
            ("USAGE_OUTLIER", replace(USUAL, energy_micro=160 * KWH)),
            ("AMOUNT_OUTLIER", replace(USUAL, total_cents=31_000)),
            ("HIGH_BILL", replace(USUAL, total_cents=30_100)),
            ("LOW_BILL", replace(USUAL, total_cents=3_300)),
            ("ESTIMATED_READ", replace(USUAL, estimated=True)),
            (
                "ESTIMATED_RUN",
                replace(
                    USUAL,
                    estimated=True,
                    past=(month(1, estimated=True), month(2, estimated=True), *YEAR[2:]),
                ),
            ),
            ("AFTER_WINDOW", replace(USUAL, due_at=NOW - timedelta(seconds=1))),
            (
                "BACKBILL_LIMIT",
                replace(USUAL, rebill=True, replaced_cents=9_999, on=date(2026, 9, 7)),
            ),
            ("PRORATED_BUCKETS", replace(USUAL, prorated=True)),
            ("CREDIT_BALANCE", replace(USUAL, credit_cents=50_000)),
            ("CREDIT_BALANCE", replace(USUAL, credit_cents=1, cash_out_month=7)),
        ],
    )
    def test_finds_what_it_is_for(self, code: str, case: Case) -> None:
        assert code in fired(case)

    @pytest.mark.parametrize(
        ("code", "case"),
        [
            ("HIGH_VALUE", replace(USUAL, total_cents=2_399_999)),
            ("PERIOD_LENGTH", replace(USUAL, period_end=date(2026, 7, 2), final=True)),
            ("USAGE_GAP", replace(USUAL, period_start=date(2026, 6, 7))),
            ("USAGE_OUTLIER", replace(USUAL, energy_micro=5_000 * KWH, past=YEAR[:2])),
            ("HIGH_BILL", replace(USUAL, total_cents=40_000, residential=False)),
            ("AFTER_WINDOW", replace(USUAL, due_at=NOW)),
            (
                "BACKBILL_LIMIT",
                replace(USUAL, rebill=True, replaced_cents=10_000, on=date(2026, 9, 7)),
            ),
            ("ESTIMATED_RUN", replace(USUAL, estimated=True)),
            ("CREDIT_BALANCE", replace(USUAL, credit_cents=49_999, cash_out_month=4)),
            ("CREDIT_BALANCE", replace(USUAL, credit_cents=0, cash_out_month=7)),
        ],
    )
    def test_leaves_what_is_within_its_limits(self, code: str, case: Case) -> None:
        assert code not in fired(case)

    def test_only_warns_unless_it_is_about_value(self) -> None:
        holding = {kind.code for kind in AUDITS.values() if kind.mode is Mode.HOLD}

        assert "HIGH_VALUE" in holding
        assert not holding & {"HIGH_BILL", "AFTER_WINDOW", "USAGE_GAP", "PRORATED_BUCKETS"}

    def test_stands_beside_the_reasons_that_no_setting_switches_off(self) -> None:
        always = {"RATE_NOT_FOUND", "USAGE_OVERLAP", "METER_MISMATCH", "NEM_WITHOUT_RULES"}

        assert always <= set(ALWAYS_HELD)
        assert not set(ALWAYS_HELD) & set(AUDITS)


class TestWhatAnAuditAsks:
    @pytest.mark.parametrize("kind", [kind for kind in AUDITS.values() if kind.asks])
    def test_is_what_it_finds_nothing_without(self, kind: AuditKind) -> None:
        odd = Case(
            period_start=date(2026, 6, 16),
            period_end=date(2026, 7, 6),
            total_cents=3_000_000,
            at=NOW,
            on=date(2026, 12, 8),
            demand_micro=900 * KWH,
            estimated=True,
            prorated=True,
            rebill=True,
            replaced_cents=0,
            past=(month(1, estimated=True), month(2, estimated=True), *YEAR[2:]),
            due_at=NOW - timedelta(days=1),
            checks=dict.fromkeys(AUDITS, "odd"),
        )
        nothing: dict[str, Any] = {"past": (), "checks": {}, "due_at": None}
        case = replace(odd, **{kind.asks: nothing.get(kind.asks, False)})

        assert kind.look(case, kind.limits) is None


class TestASample:
    def test_draws_about_its_share_and_the_same_bills_again(self) -> None:
        bills = [replace(USUAL, charge_id=UUID(int=number)) for number in range(20_000)]

        drawn = [[random_sample(bill, {"per_mille": 50}) for bill in bills] for _ in range(2)]

        assert drawn[0] == drawn[1]
        assert 900 < sum(found is not None for found in drawn[0]) < 1_100

    def test_of_a_larger_share_has_the_smaller_one_in_it(self) -> None:
        bills = [replace(USUAL, charge_id=UUID(int=number)) for number in range(1_000)]

        few, many = (
            {bill.charge_id for bill in bills if random_sample(bill, {"per_mille": share})}
            for share in (20, 200)
        )

        assert few < many

    def test_is_drawn_by_nobody_who_asks_for_none(self) -> None:
        assert random_sample(replace(USUAL, charge_id=UUID(int=1)), {"per_mille": 0}) is None


class TestTheSeason:
    def test_of_last_year_is_what_a_bill_is_compared_with(self) -> None:
        last_summer = replace(month(13, cents=40_000), period_start=date(2025, 6, 6))
        last_summer = replace(last_summer, period_end=date(2025, 7, 6))

        assert "HIGH_BILL" not in fired(
            replace(USUAL, total_cents=38_000, past=(*YEAR[:11], last_summer))
        )


class TestACustomersClass:
    @pytest.mark.parametrize(
        ("utility", "code", "expected"),
        [
            ("pge", "E-TOU-C", CustomerClass.RESIDENTIAL),
            ("pge", "EV2A", CustomerClass.RESIDENTIAL),
            ("pge", "B-10", CustomerClass.COMMERCIAL),
            ("sce", "TOU-D-4-9PM", CustomerClass.RESIDENTIAL),
            ("sce", "TOU-GS-1", CustomerClass.COMMERCIAL),
            ("sdge", "TOU-DR1", CustomerClass.RESIDENTIAL),
            ("sdge", "AL-TOU", CustomerClass.COMMERCIAL),
        ],
    )
    def test_is_told_by_the_family_of_the_rate_code(
        self, utility: str, code: str, expected: CustomerClass
    ) -> None:
        assert class_of(utility, code) is expected
