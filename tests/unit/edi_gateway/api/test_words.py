"""The words of addresses and files: cursors, cells, segments."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.edi_gateway.api_desk import BadCursor, TransactionQuery, read_cursor, write_cursor
from services.edi_gateway.operations.queries import Cursor
from services.edi_gateway.pages import ListForm, split_segments
from shared.platform.web.addresses import own_page


class TestCursor:
    @given(
        at=st.datetimes(
            min_value=datetime(2000, 1, 2),  # noqa: DTZ001  the zone is drawn beside it
            max_value=datetime(2199, 12, 30),  # noqa: DTZ001
            timezones=st.just(UTC),
        ),
        row_id=st.uuids(),
    )
    def test_what_was_written_is_read(self, at: datetime, row_id: UUID) -> None:
        word = write_cursor(Cursor(at, row_id))

        assert read_cursor(word) == Cursor(at, row_id)

    @given(word=st.text(max_size=120))
    def test_anything_else_is_refused_in_words(self, word: str) -> None:
        with suppress(BadCursor):
            assert read_cursor(word) is not None


class TestFilter:
    def test_blank_fields_of_a_form_mean_any(self) -> None:
        assert (
            TransactionQuery.model_validate({"set_id": "", "utility": " "}).wanted().set_id is None
        )

    def test_days_are_pacific_and_both_included(self) -> None:
        wanted = ListForm(first_day=date(2026, 11, 1), last_day=date(2026, 11, 1)).wanted()

        assert wanted.since == datetime(2026, 11, 1, 7, tzinfo=UTC)
        assert wanted.until == datetime(2026, 11, 2, 8, tzinfo=UTC), "the day has 25 hours"

    def test_an_instant_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="timezone"):
            TransactionQuery.model_validate({"since": "2026-11-22T00:00:00"})

    def test_an_instant_keeps_its_zone(self) -> None:
        said = TransactionQuery.model_validate({"since": "2026-11-22T00:00:00-08:00"}).wanted()

        assert said.since == datetime(2026, 11, 22, tzinfo=timezone(timedelta(hours=-8)))


class TestSegments:
    @pytest.mark.parametrize(
        ("data", "shown"),
        [
            (b"ST*810*0001~\nSE*2*0001~\n", ["ST*810*0001~", "SE*2*0001~"]),
            (b"ST*810*0001~SE*2*0001~", ["ST*810*0001~", "SE*2*0001~"]),
            (b"ST*810*0001\nSE*2*0001\n", ["ST*810*0001", "SE*2*0001"]),
            (b"ST\x1d810\x1d0001\x1cSE\x1d2\x1d0001\x1c", ["ST␝810␝0001␜", "SE␝2␝0001␜"]),
        ],
    )
    def test_one_stands_on_each_line_whatever_separates_them(
        self, data: bytes, shown: list[str]
    ) -> None:
        assert split_segments(data) == shown


class TestOwnPage:
    @pytest.mark.parametrize(
        "address", ["//x.org", "https://x.org", "/\\x.org", "/a\\b", "", "/\n"]
    )
    def test_a_foreign_address_becomes_the_first_room(self, address: str) -> None:
        assert own_page(address, "/transactions") == "/transactions"

    def test_a_page_of_ours_stays(self) -> None:
        assert own_page("/files?state=read", "/transactions") == "/files?state=read"
