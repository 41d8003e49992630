"""One value against its rule; and the quick yes is never quicker than it is right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.x12 import load_guide
from services.edi_gateway.x12.rules import ElementRule, LoopRule, SegmentRule
from services.edi_gateway.x12.values import is_date, is_time, plainly_good, value_problems

VALUE = st.one_of(
    st.text("0123456789-.", max_size=24),
    st.text("ABCZabcz019 *>~^.-/\xe9\t", max_size=40),
    st.dates().map(lambda day: f"{day:%Y%m%d}"),
    st.sampled_from(["20260229", "20260230", "20261301", "00000000", "1.", ".5", "-", " A", "A "]),
)


def element_rules(loop: LoopRule) -> list[tuple[SegmentRule, ElementRule]]:
    found: list[tuple[SegmentRule, ElementRule]] = []
    for child in loop.children:
        if isinstance(child, LoopRule):
            found += element_rules(child)
        else:
            found += [(child, element) for element in child.elements if not element.components]
    return found


RULES = list(
    {
        (element.data_element, bool(element.codes)): (segment, element)
        for one in load_guide().sets.values()
        for segment, element in element_rules(one.root)
    }.values()
)


class TestQuickYes:
    @settings(max_examples=200, deadline=None)
    @given(value=VALUE, separator=st.sampled_from([">", ":", "\x1d", "-", "."]))
    def test_is_only_given_to_values_without_a_problem(self, value: str, separator: str) -> None:
        for segment, rule in RULES:
            pattern = plainly_good(rule, separator)
            if pattern is not None and pattern.match(value):
                assert value_problems(segment, rule, value) == []
                assert separator not in value


class TestDates:
    @pytest.mark.parametrize("value", ["20240229", "260101", "202610011545", "18000101"])
    def test_real_days(self, value: str) -> None:
        assert is_date(value)

    @pytest.mark.parametrize(
        "value", ["20230229", "20261301", "17991231", "2026101", "", "2026-1-1", "202610012460"]
    )
    def test_days_that_never_were(self, value: str) -> None:
        assert not is_date(value)

    @pytest.mark.parametrize("value", ["0000", "2359", "235959", "2359591", "23595999"])
    def test_real_times(self, value: str) -> None:
        assert is_time(value)

    @pytest.mark.parametrize("value", ["2400", "2360", "235960", "235", "23595", "2:30", ""])
    def test_times_that_never_are(self, value: str) -> None:
        assert not is_time(value)
