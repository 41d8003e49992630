"""A meter's quantities come to what adding them up by hand gives, in whatever order they stand."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.measures import from_micro, to_micro
from shared.contracts.usage import Bucket, Direction, MeteredQuantity, MeterUsage, Unit

quantities = st.lists(
    st.builds(
        MeteredQuantity,
        bucket=st.sampled_from(Bucket),
        unit=st.sampled_from(Unit),
        direction=st.sampled_from(Direction),
        estimated=st.booleans(),
        quantity=st.integers(-(10**12), 10**12).map(from_micro),
    ),
    max_size=6,
)


def meter(rows: list[MeteredQuantity]) -> MeterUsage:
    return MeterUsage(
        meter_number="M1",
        period_start=date(2026, 6, 2),
        period_end=date(2026, 7, 2),
        quantities=tuple(rows),
    )


def added(rows: list[MeteredQuantity], unit: Unit, direction: Direction) -> dict[Bucket, int]:
    ours = [row for row in rows if (row.unit, row.direction) == (unit, direction)]
    return {
        bucket: sum(to_micro(row.quantity) for row in ours if row.bucket is bucket)
        for bucket in {row.bucket for row in ours}
    }


class TestWhatAMeterMeasured:
    @given(quantities)
    def test_is_its_energy_by_bucket_each_way(self, rows: list[MeteredQuantity]) -> None:
        said = meter(rows).measured

        assert said.delivered == added(rows, Unit.KWH, Direction.DELIVERED)
        assert said.received == added(rows, Unit.KWH, Direction.RECEIVED)
        assert said.estimated == any(row.estimated for row in rows)

    @given(quantities)
    def test_has_the_highest_demand_and_all_reactive_energy(
        self, rows: list[MeteredQuantity]
    ) -> None:
        said = meter(rows).measured

        peaks = [
            to_micro(row.quantity)
            for row in rows
            if row.unit is Unit.KW and row.direction is Direction.DELIVERED
        ]
        assert said.demand_micro == max([0, *peaks])
        reactive = [abs(to_micro(row.quantity)) for row in rows if row.unit is Unit.KVARH]
        assert sum(said.reactive.values()) == sum(reactive)

    @given(quantities)
    def test_is_plain_when_there_is_delivered_energy_alone_each_bucket_once(
        self, rows: list[MeteredQuantity]
    ) -> None:
        kinds = {(row.unit, row.direction) for row in rows}
        once = len({row.bucket for row in rows}) == len(rows)

        assert meter(rows).measured.plain == (once and kinds <= {(Unit.KWH, Direction.DELIVERED)})
