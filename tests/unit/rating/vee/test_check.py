"""A batch of usage is checked against itself, the bill before and last year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from services.rating.intervals.take import take
from services.rating.vee.check import Checked, Subject, check
from services.rating.vee.finding import CheckFinding
from services.rating.vee.rules import RULES, InForce, by_default
from shared.contracts.intervals import IntervalUsage
from shared.contracts.parts import Purpose
from shared.contracts.usage import Bucket, MeteredQuantity, MeterUsage, Unit, UsageItem
from tests.unit.rating.interval_words import (
    JUNE_FIRST,
    channel,
    interval_usage,
    midnight,
    run,
    whole_days,
)
from tests.unit.rating.words import JUNE, meter, usage

MAY = (date(2026, 5, 6), date(2026, 6, 6))
LAST_JUNE = (date(2025, 6, 6), date(2025, 7, 6))


def month(
    usage_id: str, period: tuple[date, date], kwh: str, *, estimated: bool = False
) -> UsageItem:
    return usage(usage_id, meter(period, {"total": kwh}, estimated=estimated))


def checked(
    items: Sequence[UsageItem], customer_class: str = "residential", before: Checked | None = None
) -> Checked:
    subjects = [Subject(item, customer_class) for item in items]
    return check(subjects, before.figures if before else (), by_default)


def codes(found: Checked, usage_id: str = "U1") -> list[str]:
    wanted = usage(usage_id).transaction_id
    return [one.code for one in found.findings if one.transaction_id == wanted]


def only(found: Checked) -> CheckFinding:
    (one,) = found.findings
    return one


def looked(*items: IntervalUsage) -> Checked:
    taken = [take(item) for item in items]
    return check([Subject(t.item, "residential", t.blocks) for t in taken], (), by_default)


class TestHighAndLow:
    def test_a_month_far_above_last_year_and_the_bill_before_is_found(self) -> None:
        before = checked([month("L", LAST_JUNE, "300"), month("B", MAY, "310")])

        one = only(checked([month("U1", JUNE, "601")], before=before))

        assert (one.code, one.mode, one.intervals) == ("VEE_HIGH", "warn", 0)
        assert one.message == (
            "more than usual: 20.033 kWh a day; 10.000 last year, 10.000 the bill before"
        )
        assert one.numbers["kwh_a_day"] == "20.033"

    def test_twice_as_much_is_still_usual_for_a_household_and_not_for_a_business(self) -> None:
        before = checked([month("B", MAY, "310")])

        assert checked([month("U1", JUNE, "600")], before=before).findings == ()
        assert codes(checked([month("U1", JUNE, "600")], "commercial", before)) == ["VEE_HIGH"]

    def test_a_hot_june_like_last_year_is_usual(self) -> None:
        before = checked([month("L", LAST_JUNE, "900"), month("B", MAY, "310")])

        assert checked([month("U1", JUNE, "905")], before=before).findings == ()

    def test_a_month_far_below_is_found(self) -> None:
        before = checked([month("B", MAY, "310")])

        assert codes(checked([month("U1", JUNE, "149")], before=before)) == ["VEE_LOW"]

    def test_small_usage_is_left_alone(self) -> None:
        before = checked([month("B", MAY, "31")])

        assert checked([month("U1", JUNE, "149")], before=before).findings == ()

    def test_two_months_of_one_file_are_compared_with_each_other(self) -> None:
        found = checked([month("B", MAY, "310"), month("U1", JUNE, "700")])

        assert codes(found) == ["VEE_HIGH"]


class TestOtherPeriods:
    def test_nothing_after_a_history_is_found(self) -> None:
        before = checked([month("B", MAY, "310")])

        one = only(checked([month("U1", JUNE, "0")], before=before))

        assert one.code == "VEE_ZERO"
        assert one.message == "nothing in 30 days; the period before had 10.000 kWh a day"

    def test_a_transformers_ratio_is_told_as_one(self) -> None:
        before = checked([month("L", LAST_JUNE, "298"), month("B", MAY, "310")])

        found = codes(checked([month("U1", JUNE, "12050")], before=before))

        assert found == ["VEE_HIGH", "VEE_MULTIPLIER"]

    def test_the_third_estimated_bill_running_is_found(self) -> None:
        april = (date(2026, 4, 6), date(2026, 5, 6))
        items = [
            month("A", april, "301", estimated=True),
            month("B", MAY, "310", estimated=True),
            month("U1", JUNE, "300", estimated=True),
        ]

        one = only(checked(items))

        assert (one.code, one.numbers) == ("VEE_ESTIMATED", {"bills": 3})

    def test_the_same_quantities_again_are_found(self) -> None:
        assert codes(checked([month("B", MAY, "310"), month("U1", JUNE, "310")])) == [
            "VEE_DUPLICATE"
        ]

    def test_buckets_that_miss_the_total_are_found(self) -> None:
        item = usage("U1", meter(JUNE, {"on": "100", "off": "200", "total": "301"}))

        one = only(checked([item]))

        assert (one.code, one.mode) == ("VEE_SUM", "hold")
        assert one.message == "buckets add up to 300.000 kWh, the total says 301.000"

    def test_more_energy_than_the_demand_gives_is_found(self) -> None:
        read = meter(JUNE, {"total": "800"})
        peak = MeteredQuantity(bucket=Bucket.TOTAL, unit=Unit.KW, quantity=Decimal(1))
        strong = MeterUsage.model_validate({**dict(read), "quantities": (*read.quantities, peak)})

        # one kW in 720 hours is 720 kWh, and 756 with the tolerance
        assert codes(checked([usage("U1", strong)])) == ["VEE_UNIT"]

    def test_a_meter_that_is_missing_beside_its_sibling_is_found(self) -> None:
        def of(usage_id: str, period: tuple[date, date], *numbers: str) -> UsageItem:
            energy = {"total": "100" if period == MAY else "105"}
            return usage(usage_id, *(meter(period, energy, number=n) for n in numbers))

        before = checked([of("B", MAY, "M1", "M2", "M3")])

        one = next(f for f in checked([of("U1", JUNE, "M1", "M3")], before=before).findings)

        assert (one.code, one.meter_number) == ("VEE_SIBLING", "M1")
        assert one.message == "the bill before had meter M2 too; this 867 has not"
        assert checked([of("U1", JUNE, "M1", "M2", "M3")], before=before).findings == ()
        # Of an account's other agreement nothing is expected.
        apart = checked([of("B", MAY, "M1"), of("C", MAY, "M2")])
        assert checked([of("U1", JUNE, "M1")], before=apart).findings == ()

    def test_a_meter_that_was_exchanged_is_not_missed(self) -> None:
        halves = (MAY[0], date(2026, 5, 20)), (date(2026, 5, 20), MAY[1])
        old, new = (
            meter(days, {"total": "150"}, number=n)
            for days, n in zip(halves, ("M1", "M2"), strict=True)
        )
        before = checked([usage("B", old, new)])

        found = checked([usage("U1", meter(JUNE, {"total": "300"}, number="M2"))], before=before)

        assert "VEE_SIBLING" not in codes(found)

    def test_reactive_energy_out_of_proportion_is_found(self) -> None:
        def with_kvarh(amount: str) -> UsageItem:
            read = meter(JUNE, {"total": "100"})
            more = MeteredQuantity(bucket=Bucket.TOTAL, unit=Unit.KVARH, quantity=Decimal(amount))
            return usage("U1", read.model_copy(update={"quantities": (*read.quantities, more)}))

        one = only(checked([with_kvarh("301")]))

        assert (one.code, one.message) == ("VEE_KVARH", "301.000 kVARh beside 100.000 kWh")
        assert checked([with_kvarh("300")]).findings == ()
        before = checked([with_kvarh("20")])
        august = usage("U2", meter((JUNE[1], date(2026, 8, 5)), {"total": "105"}))
        gone = only(checked([august], before=before))
        assert (gone.code, gone.message) == ("VEE_KVARH", "no kVARh; the bill before had 20.000")

    def test_intervals_of_another_length_than_before_are_found(self) -> None:
        before = looked(interval_usage("B", whole_days(JUNE_FIRST, 30)))
        first = JUNE[1]
        readings = [400 + n % 7 for n in range(24 * 30)]
        hourly = channel(run(midnight(first), readings), days=(first, date(2026, 8, 5)), minutes=60)
        taken = take(interval_usage("U1", hourly))

        found = check(
            [Subject(taken.item, "residential", taken.blocks)], before.figures, by_default
        )

        (one,) = [each for each in found.findings if each.code == "VEE_STEP"]
        assert one.message == "intervals of 60 minutes; 15 before"

    def test_a_cancel_repeats_old_numbers_and_is_not_checked(self) -> None:
        cancel = usage("U1", meter(JUNE, {"total": "-1"}), purpose=Purpose.CANCEL, corrects="U0")

        assert checked([cancel]) == Checked()


class TestIntervals:
    def test_a_month_without_faults_has_no_findings(self) -> None:
        start, size = midnight(JUNE_FIRST), 96 * 30
        load = [200 + 7 * (n % 11) for n in range(size)]
        usual = channel(run(start, load), days=(JUNE_FIRST, date(2026, 7, 6)))

        assert looked(interval_usage("U1", usual)).findings == ()

    def test_missing_readings_are_counted_by_elapsed_time(self) -> None:
        spring = date(2027, 3, 14)  # 92 quarter-hours
        part = channel(run(midnight(spring), list(range(90))), days=(spring, date(2027, 3, 15)))

        one = only(looked(interval_usage("U1", part)))

        assert (one.code, one.mode, one.intervals) == ("VEE_COMPLETENESS", "hold", 2)
        assert one.message == "2 readings are missing: 90 came, time had room for 92"

    def test_a_finding_tells_days_intervals_and_numbers(self) -> None:
        found = looked(interval_usage("U1", whole_days(JUNE_FIRST, 30, 0)))

        one = only(found)
        assert (one.code, one.intervals) == ("VEE_ZERO", 2_880)
        assert (one.first_day, one.last_day) == (JUNE_FIRST, date(2026, 7, 5))
        assert one.numbers["longest"] == 2_880
        assert one.numbers["first_at"] == "2026-06-06T07:00Z"

    def test_totals_of_another_867_must_be_their_sum(self) -> None:
        taken = take(interval_usage("U1", whole_days(JUNE_FIRST, 30)))
        totals = month("T", JUNE, "288.4")

        found = check(
            [Subject(totals, "residential"), Subject(taken.item, "residential", taken.blocks)],
            (),
            by_default,
        )

        sums = [one for one in found.findings if one.code == "VEE_SUM"]
        assert [one.message for one in sums] == [
            "intervals add up to 288.000 kWh, another 867 of the period says 288.400"
        ]


class TestSettings:
    def test_a_check_that_is_off_finds_nothing(self) -> None:
        def off(code: str, customer_class: str) -> InForce | None:
            return None if code == "VEE_FLAT" else by_default(code, customer_class)

        taken = take(interval_usage("U1", whole_days(JUNE_FIRST, 30)))
        found = check([Subject(taken.item, "residential", taken.blocks)], (), off)

        assert found.findings == ()

    def test_every_rule_says_where_it_comes_from(self) -> None:
        assert all(rule.basis.startswith("found:") for rule in RULES.values())
