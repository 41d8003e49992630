"""NREL's bill engine as a second opinion; a thousand cases: `python -m benchmarks.bill_oracle`."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from benchmarks.bill_oracle import compare
from benchmarks.oracle_plans import Case, made_up_case
from benchmarks.pysam import PeakWouldRiseError, squeezed

BILLS_A_TEST = 10


class TestAgainstAnotherEngine:
    @pytest.mark.parametrize("first", range(0, 50, BILLS_A_TEST))
    def test_fifty_made_up_bills_agree_to_the_cent(self, first: int) -> None:
        for seed in range(first, first + BILLS_A_TEST):
            verdict = compare(made_up_case(Random(seed)))

            assert verdict.lines > 0
            assert verdict.differences == [], f"case {seed}"

    def test_a_price_that_is_a_thousandth_of_a_cent_off_is_noticed(self) -> None:
        case = made_up_case(Random(3))
        season = case.parts[0][2]
        energy = {
            name: {bucket: [price + 1 for price in tiers] for bucket, tiers in some.items()}
            for name, some in case.prices["energy"].items()
        }

        verdict = compare(replace(case, prices=case.prices | {"energy": energy}))

        assert season in energy
        assert verdict.differences != []

    def test_readings_of_another_day_are_noticed(self) -> None:
        case = made_up_case(Random(3))
        later = replace(case, starts=[*case.starts[40:], *case.starts[:40]])

        assert compare(later).differences != []

    @pytest.mark.parametrize("name", ["fixed", "minimum", "flat_demand", "tou_demand"])
    def test_a_line_that_only_we_print_is_noticed(self, name: str) -> None:
        case = case_of_one_part(name)

        verdict = compare(replace(case, prices=case.prices | {name: 0}))

        assert any(name in words for words in verdict.differences)

    def test_a_minimum_that_we_forget_is_noticed(self) -> None:
        case = case_of_one_part("minimum")
        rest = tuple(each for each in case.plan.components if each.kind != "minimum")

        verdict = compare(replace(case, plan=case.plan.model_copy(update={"components": rest})))

        assert any("above its minimum" in words for words in verdict.differences)


def case_of_one_part(line: str) -> Case:
    """The first made-up bill of one part that prints some line."""
    for seed in range(1_000):
        case = made_up_case(Random(seed))
        if len(case.parts) == 1 and case.prices[line] and printed(case, line):
            return case
    raise LookupError(f"no bill has {line}")


def printed(case: Case, line: str) -> bool:
    """Whether our bill has the line: a minimum is not due on every bill."""
    without = case.prices | {"minimum": 0}
    return line != "minimum" or compare(replace(case, prices=without)).differences != []


class TestPacking:
    def test_energy_and_peak_stay_what_they_are(self) -> None:
        pairs = [(float(kw), 0.0) for kw in range(100)]

        fewer = squeezed(pairs, 80)

        assert len(fewer) == 80
        assert sum(used for used, _ in fewer) == sum(used for used, _ in pairs)
        assert max(fewer) == (99.0, 0.0)

    def test_a_load_without_small_quarter_hours_is_refused(self) -> None:
        with pytest.raises(PeakWouldRiseError, match="do not fit"):
            squeezed([(5.0, 0.0)] * 10, 8)
