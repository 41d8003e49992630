"""Clocks tell UTC, and the one for tests moves only when told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.platform.clock import FixedClock, SystemClock


class TestSystemClock:
    def test_it_tells_utc(self) -> None:
        assert SystemClock().now().utcoffset() == timedelta(0)


class TestFixedClock:
    def test_it_stands_still_until_it_is_advanced(self) -> None:
        clock = FixedClock(datetime(2026, 11, 23, 8, tzinfo=UTC))

        assert clock.now() == clock.now()
        assert clock.advance(days=1, minutes=5) == datetime(2026, 11, 24, 8, 5, tzinfo=UTC)

    def test_another_zone_is_told_in_utc(self) -> None:
        pacific = timezone(timedelta(hours=-8))

        clock = FixedClock(datetime(2026, 11, 23, 0, tzinfo=pacific))

        assert clock.now().tzinfo is UTC
        assert clock.now() == datetime(2026, 11, 23, 8, tzinfo=UTC)

    def test_a_time_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            FixedClock(datetime(2026, 11, 23, 8))  # noqa: DTZ001  the mistake itself
