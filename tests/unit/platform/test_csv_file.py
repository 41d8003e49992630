"""Files that a spreadsheet neither changes nor runs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared.platform.web.csv_file import Identifier, Value, cell, lines


class TestCell:
    @pytest.mark.parametrize(
        ("value", "written"),
        [
            (None, ""),
            (Identifier("0017"), '="0017"'),
            (Identifier('1"2'), '1"2'),
            (Identifier("=1+1"), "'=1+1"),
            ("=HYPERLINK()", "'=HYPERLINK()"),
            ("@x", "'@x"),
            ("plain", "plain"),
            (Decimal("-3.20"), "-3.20"),
            (7, "7"),
            (True, "yes"),
            (date(2026, 11, 1), "2026-11-01"),
            (datetime(2026, 11, 1, 8, tzinfo=UTC), "2026-11-01T08:00:00+00:00"),
        ],
    )
    def test_it_is_written_so_that_it_stays_what_it_is(self, value: Value, written: str) -> None:
        assert cell(value) == written


class TestLines:
    def test_every_cell_is_in_quotation_marks(self) -> None:
        assert lines([["a", 'b"c', None]]) == '"a","b""c",""\r\n'
