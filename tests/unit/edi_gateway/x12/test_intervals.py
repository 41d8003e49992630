"""Interval usage becomes arrays: the right quantity at the right instant, or a sentence why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.edi_gateway.x12 import Anchor, IntervalLayout, ReadIntervals, load_guide, scan
from services.edi_gateway.x12.interval_faults import refuse_intervals
from services.edi_gateway.x12.interval_reading import (
    read_interval_transaction,
    read_intervals_plainly,
)
from services.edi_gateway.x12.interval_runs import lay_out
from tests.unit.edi_gateway.x12.documents import set_file
from tests.unit.edi_gateway.x12.interval_documents import (
    ACTUAL,
    AUTUMN_DAY,
    ESTIMATED,
    SPRING_DAY,
    SUMMER_DAY,
    document,
    layout,
    meter,
    midnight,
)

WAYS = list(Anchor)


def read(body: str, rules: IntervalLayout) -> ReadIntervals:
    """Read a one-transaction file both ways, and hold the two equal."""
    data = set_file("867", body)
    found = scan(data).interchanges[0]
    (slot,) = found.groups[0].transactions
    piece = data[slot.start : slot.end]
    quick = read_interval_transaction(piece, found.delimiters, slot, load_guide(), rules)
    assert quick == read_intervals_plainly(piece, found.delimiters, slot, load_guide(), rules)
    return quick


def problems(body: str, rules: IntervalLayout) -> tuple[str, ...]:
    read_document = read(body, rules).document
    assert read_document is not None
    return read_document.problems


class TestThreeLayouts:
    @pytest.mark.parametrize("anchor", WAYS)
    def test_quantities_are_whole_millionths_at_utc_instants(self, anchor: Anchor) -> None:
        values = ["0.25", ".5", "1", "12.345678"] * 4
        body = document(meter(anchor, midnight(SUMMER_DAY), values))

        result = read(body, layout(anchor)).document

        assert result is not None
        (series,) = result.series
        assert series.quantities.tolist()[:4] == [250_000, 500_000, 1_000_000, 12_345_678]
        assert series.starts[0] == np.datetime64("2026-07-01T07:00")
        assert series.starts[-1] == np.datetime64("2026-07-01T10:45")
        assert series.minutes == 15
        assert set(series.marks.tolist()) == {ACTUAL}

    @pytest.mark.parametrize("anchor", WAYS)
    @pytest.mark.parametrize(("day", "count"), [(SPRING_DAY, 92), (AUTUMN_DAY, 100)])
    def test_days_when_clocks_change(
        self, anchor: Anchor, day: tuple[int, int, int], count: int
    ) -> None:
        body = document(meter(anchor, midnight(day), ["0.1"] * count))

        result = read(body, layout(anchor)).document

        assert result is not None
        (series,) = result.series
        steps = np.diff(series.starts).astype(int)
        assert set(steps.tolist()) == {15}
        next_day = midnight((day[0], day[1], day[2] + 1))
        assert series.starts[-1] + 15 == np.datetime64(next_day.replace(tzinfo=None), "m")

    def test_a_part_that_lies_in_the_hour_that_comes_twice(self) -> None:
        start = midnight(AUTUMN_DAY)
        body = document(meter(Anchor.EACH_END, start, ["1"] * 100)[:3])
        body += "\n" + "\n".join(meter(Anchor.EACH_END, start, ["1"] * 40)[3 + 2 * 8 :])

        result = read(body, layout(Anchor.EACH_END)).document

        assert result is not None
        (series,) = result.series
        assert series.starts[-1] == np.datetime64("2026-11-01T16:45")
        assert set(np.diff(series.starts).astype(int).tolist()) == {15}

    @pytest.mark.parametrize("minutes", [15, 30, 60])
    def test_every_interval_length(self, minutes: int) -> None:
        body = document(meter(Anchor.EACH_END, midnight(SUMMER_DAY), ["2"] * 24, minutes))

        result = read(body, layout(Anchor.EACH_END)).document

        assert result is not None
        assert result.series[0].minutes == minutes

    def test_several_meters_and_generation(self) -> None:
        start = midnight(SUMMER_DAY)
        body = document(
            meter(Anchor.FIRST_START, start, ["1"] * 10),
            meter(Anchor.FIRST_START, start, ["2"] * 12, code="KA", meter_type="KH015CG"),
        )

        result = read(body, layout(Anchor.FIRST_START)).document

        assert result is not None
        first, second = result.series
        assert (len(first), first.received) == (10, False)
        assert (len(second), second.received) == (12, True)
        assert set(second.marks.tolist()) == {ESTIMATED}
        assert (first.place, second.place) == ("PTD[1]", "PTD[2]")

    def test_the_document_keeps_everything_but_the_readings(self) -> None:
        body = document(meter(Anchor.EACH_END, midnight(SUMMER_DAY), ["1"] * 20))

        result = read(body, layout(Anchor.EACH_END)).document

        assert result is not None
        assert result.transaction.value("REF", 2, "12") == "1234567890"
        assert result.transaction.loop("PTD").value("REF", 2, "MG") == "M400"
        assert result.transaction.loop("PTD").loops("QTY") == ()
        assert result.transaction.segments[-1].position == 8 + 3 + 40

    def test_arrays_cannot_be_changed(self) -> None:
        body = document(meter(Anchor.EACH_END, midnight(SUMMER_DAY), ["1"] * 20))
        result = read(body, layout(Anchor.EACH_END)).document

        assert result is not None
        with pytest.raises(ValueError, match="read-only"):
            result.series[0].quantities[0] = 5


class TestWhatCannotBeKnown:
    def test_a_gap_is_kept_as_a_gap(self) -> None:
        lines = meter(Anchor.EACH_END, midnight(SUMMER_DAY), ["1"] * 20)
        del lines[13:15]

        result = read(document(lines), layout(Anchor.EACH_END)).document

        assert result is not None
        steps = np.diff(result.series[0].starts).astype(int).tolist()
        assert steps.count(30) == 1
        assert len(steps) == 18

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("REF*MT*KH015", "REF*MT*KHMON", "is no interval"),
            ("REF*MT*KH015", "REF*MT*K1015", "is no interval"),
            ("QTY*32*7*KH", "QTY*87*7*KH", "has no meaning"),
            ("QTY*32*7*KH", "QTY*32*7*K1", "is not KH"),
            ("QTY*32*7*KH", "QTY*32*7.1234567*KH", "at most six decimals"),
            ("DT*202607010115", "DT*202607010100", "within the one before it"),
            ("PTD*PM***OZ*EL", "PTD*PM***OZ*EL\nDTM*151****DT*202607020000", "do not end at"),
            ("PTD*PM***OZ*EL", "PTD*PM***OZ*EL\nDTM*150****DT*202606300000", "do not start at"),
        ],
    )
    def test_is_said_in_a_sentence(self, old: str, new: str, why: str) -> None:
        values = ["1"] * 4 + ["7"] + ["1"] * 15
        body = document(meter(Anchor.EACH_END, midnight(SUMMER_DAY), values)).replace(old, new)

        (problem,) = problems(body, layout(Anchor.EACH_END))

        assert why in problem

    def test_a_time_that_clocks_skip(self) -> None:
        lines = meter(Anchor.EACH_END, midnight(SPRING_DAY), ["1"] * 12)
        body = document(lines).replace("DT*202603080300", "DT*202603080200")

        assert "no time on the clock" in problems(body, layout(Anchor.EACH_END))[0]

    def test_bare_readings_without_an_anchor(self) -> None:
        body = document(meter(Anchor.LAST_END, midnight(SUMMER_DAY), ["1"] * 12)[:-1])

        for anchor in (Anchor.FIRST_START, Anchor.LAST_END):
            assert "no time on the clock" in problems(body, layout(anchor))[0]

    def test_a_bad_reading_refuses_the_transaction_with_its_finding(self) -> None:
        values = ["1"] * 10 + ["1E5"] + ["1"] * 10
        body = document(meter(Anchor.FIRST_START, midnight(SUMMER_DAY), values))

        result = read(body, layout(Anchor.FIRST_START))

        assert result.document is None
        assert [f.place for f in result.findings] == ["867[1]/PTD[1]/QTY[11]/QTY02"]

    def test_a_layout_with_an_unusual_code_is_still_read(self) -> None:
        rules = replace(layout(Anchor.FIRST_START), qualities=(("32", ACTUAL), ("X", ESTIMATED)))
        body = document(meter(Anchor.FIRST_START, midnight(SUMMER_DAY), ["1"] * 12))

        assert problems(body, rules) == ()


class TestWhatIsWrongAroundTheReadings:
    """It is told without reading them again, and the same as if they had been."""

    @pytest.mark.parametrize("anchor", WAYS)
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("BPT*00*U1*20261101*C1", "BPT*00*U1*20261301*C1"),
            ("REF*MG*M400", f"REF*MG*{'M' * 60}"),
            ("REF*12*1234567890", "REF*12*1234567890\nXYZ*1"),
            ("N1*8R*JANE DOE", "N1*8R"),
            ("PTD*PM***OZ*EL", "PTD*PM***OZ*EL\nDTM*150*20260231"),
            ("PTD*PM***OZ*EL", "PTD***OZ*EL"),
            ("PTD*PM***OZ*EL\n", ""),
            ("BPT*00*U1*20261101*C1\n", ""),
        ],
    )
    def test_is_told_the_same(self, anchor: Anchor, old: str, new: str) -> None:
        start = midnight(SUMMER_DAY)
        body = document(meter(anchor, start, ["1.5"] * 40), meter(anchor, start, ["2"] * 30))
        assert old in body

        read(body.replace(old, new, 1), layout(anchor))

    @pytest.mark.parametrize("anchor", WAYS)
    def test_any_line_lost_doubled_or_moved(self, anchor: Anchor) -> None:
        start = midnight(SUMMER_DAY)
        lines = document(
            meter(anchor, start, ["1.5"] * 12), meter(anchor, start, ["2", "0.25"] * 6)
        ).split("\n")
        for place in range(len(lines)):
            without = [*lines[:place], *lines[place + 1 :]]
            for changed in (
                without,
                [*lines[:place], lines[place], *lines[place:]],
                [*without[: place // 2], lines[place], *without[place // 2 :]],
            ):
                read("\n".join(changed), layout(anchor))

    @pytest.mark.parametrize("anchor", WAYS)
    def test_any_element_spoiled_in_the_headers(self, anchor: Anchor) -> None:
        lines = document(meter(anchor, midnight(SUMMER_DAY), ["1.5"] * 12)).split("\n")
        for place, line in enumerate(lines[:14]):
            fields = line.split("*")
            for number in range(1, len(fields)):
                for value in ("", "?", "20260231", "X" * 90):
                    spoiled = "*".join([*fields[:number], value, *fields[number + 1 :]])
                    changed = [*lines[:place], spoiled, *lines[place + 1 :]]
                    read("\n".join(changed), layout(anchor))

    @pytest.mark.parametrize("anchor", WAYS)
    @pytest.mark.parametrize(
        "spoiled",
        [
            {7: "QTY*32*1X*KH"},
            {0: "QTY*32**KH", 39: "QTY*32*1*KHKHK"},
            {3: "QTY**1*KH", 5: f"QTY*32*{'1' * 30}*KH"},
            dict.fromkeys(range(1, 39, 3), "QTY*32*1-1*KH"),
        ],
    )
    def test_bad_readings_are_told_where_they_stand(
        self, anchor: Anchor, spoiled: dict[int, str]
    ) -> None:
        lines = meter(anchor, midnight(SUMMER_DAY), ["1.5"] * 40)
        readings = [place for place, line in enumerate(lines) if line.startswith("QTY")]
        for number, text in spoiled.items():
            lines[readings[number]] = text
        other = meter(anchor, midnight(SUMMER_DAY), ["2"] * 30)

        result = read(document(other, lines), layout(anchor))

        assert result.document is None
        told = {f"PTD[2]/QTY[{number + 1}]/" for number in spoiled}
        assert all(any(place in found.place for found in result.findings) for place in told)

    def test_a_bad_stamp_is_told_where_it_stands(self) -> None:
        lines = meter(Anchor.EACH_END, midnight(SUMMER_DAY), ["1.5"] * 40)
        body = document(lines).replace("DT*202607010200", "DT*202607310260")

        result = read(body, layout(Anchor.EACH_END))

        assert [found.place for found in result.findings] == ["867[1]/PTD[1]/QTY[8]/DTM06"]


class TestTheQuickWayOfRefusing:
    """It is taken for ordinary faults, so that a damaged file costs little more than a good one."""

    @pytest.mark.parametrize("anchor", [Anchor.EACH_END, Anchor.FIRST_START, Anchor.FIRST_END])
    @pytest.mark.parametrize(
        ("old", "new"), [("REF*MG*M400", f"REF*MG*{'M' * 60}"), ("QTY*32*7*KH", "QTY*32*7X*KH")]
    )
    def test_is_taken(self, anchor: Anchor, old: str, new: str) -> None:
        values = ["1.5"] * 20 + ["7"] + ["1.5"] * 20
        data = set_file(
            "867", document(meter(anchor, midnight(SUMMER_DAY), values)).replace(old, new)
        )
        found = scan(data).interchanges[0]
        (slot,) = found.groups[0].transactions

        sheet = lay_out(data[slot.start : slot.end], found.delimiters, layout(anchor))
        assert sheet is not None
        told = refuse_intervals(load_guide(), sheet, layout(anchor))

        assert [finding.is_error for finding in told] == [True]
