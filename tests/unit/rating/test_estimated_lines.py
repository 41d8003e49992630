"""A line says when its quantity is the utility's estimate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from services.rating.charging import LABEL_LENGTH_MAX, PeriodPart
from services.rating.charging import marked as marked_line
from services.rating.intervals.take import take
from services.rating.rate_usage import Rated, rate
from shared.contracts.usage import Bucket, UsageItem
from tests.unit.rating.interval_words import JUNE_FIRST, interval_usage, whole_days
from tests.unit.rating.words import JUNE, MCE, TODAY, enrolled, meter, price_book, usage

BOOK = price_book()


def rated(item: UsageItem) -> Rated:
    found = rate(item, MCE, enrolled(), BOOK, TODAY)
    assert isinstance(found, Rated), found
    return found


def marked(bill: Rated) -> dict[str, bool]:
    """Each line's mark, by the line's component and bucket."""
    return {why.line_id.rpartition(".")[0]: why.estimated for why in bill.explanation.lines}


class TestMonthlyUsage:
    def test_marks_the_lines_of_an_estimated_bucket_alone(self) -> None:
        read = meter(JUNE, {"on": "100", "off": "200"})
        on_peak, off_peak = read.quantities
        guessed = on_peak.model_copy(update={"estimated": True})
        item = usage("U1", read.model_copy(update={"quantities": (guessed, off_peak)}))

        bill = rated(item)

        assert bill.estimated
        assert marked(bill) == {
            "generation.on_peak": True,
            "generation.off_peak": False,
            "cost_relief.all": True,
            "energy_surcharge.all": True,
        }
        assert [line.label for line in bill.lines] == [
            "GENERATION ON PEAK SUMMER ESTIMATED",
            "GENERATION OFF PEAK SUMMER",
            "COST RELIEF CREDIT ESTIMATED",
            "ENERGY SURCHARGE ESTIMATED",
        ]
        (reason, *_) = bill.explanation.lines
        assert reason.rule == "energy times price; the quantity is the utility's estimate"
        assert bill.explanation.parts[0].endswith(", estimated by the utility")

    def test_marks_all_lines_of_an_estimated_month(self) -> None:
        bill = rated(
            usage("U1", meter(JUNE, {"on": "1", "off": "2", "total": "3"}, estimated=True))
        )

        assert all(marked(bill).values())

    def test_divided_by_days_says_both_and_no_mark_is_cut_off(self) -> None:
        period = (date(2026, 9, 16), date(2026, 10, 16))
        energy = {"on": "1", "off": "2", "total": "3"}

        bill = rated(usage("U1", meter(period, energy, estimated=True)))

        labels = [line.label for line in bill.lines]
        assert labels[0] == "GENERATION ON PEAK SUMMER 09/16-09/30 PRORATED ESTIMATED"
        assert all(label.endswith(" PRORATED ESTIMATED") for label in labels)
        assert max(map(len, labels)) <= LABEL_LENGTH_MAX
        assert all(", energy divided by days, estimated" in one for one in bill.explanation.parts)

    def test_a_long_text_gives_way_to_its_marks(self) -> None:
        line = replace(rated(usage()).lines[0], label="WORDS " * 9)
        part = PeriodPart(
            *JUNE, "summer", {}, 0, dated=True, prorated=True, estimated=frozenset(Bucket)
        )

        label = marked_line(line, part).label

        assert len(label) == LABEL_LENGTH_MAX
        assert label.endswith(" 06/06-07/05 PRORATED ESTIMATED")

    def test_marks_nothing_of_a_measured_month(self) -> None:
        bill = rated(usage())

        assert not bill.estimated
        assert not any(marked(bill).values())
        assert not any("estimate" in part for part in bill.explanation.parts)


class TestIntervalUsage:
    def test_marks_the_lines_whose_hours_were_estimated(self) -> None:
        # the first two hours of the first day: off-peak, in a summer of 4 to 9 p.m.
        sent = interval_usage("U1", whole_days(JUNE_FIRST, 30, estimated=[(0, 8)]))
        taken = take(sent)

        bill = rate(taken.item, MCE, enrolled(), BOOK, TODAY, readings=taken.blocks)

        assert isinstance(bill, Rated), bill
        assert bill.estimated
        marks = marked(bill)
        assert marks["generation.off_peak"]
        assert not marks["generation.on_peak"]
        assert bill.explanation.parts[0].endswith(", 8 intervals estimated by the utility")
