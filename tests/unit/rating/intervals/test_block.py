from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.intervals.block import kwh_text, kwh_texts

WATT_HOURS = st.integers(0, 10**9).map(lambda wh: wh * 1_000)


class TestReadingsInWords:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(WATT_HOURS, max_size=9) | st.lists(st.integers(-(10**15), 10**15), max_size=9))
    def test_many_are_written_as_one_is(self, micro: list[int]) -> None:
        assert kwh_texts(np.array(micro, dtype=np.int64)) == [kwh_text(each) for each in micro]
