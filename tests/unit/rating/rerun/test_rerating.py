"""Rating a bill again: a second time changes nothing, and what is taken back was billed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.accounts import Register
from services.rating.corrections import ChargeDraft, UsageRecord, charge_of
from services.rating.rate_usage import Rated, rate
from services.rating.rerun.rerating import Effect, Moved, Rerating
from services.rating.tariffs.book import MappedCode, PriceBook
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from tests.unit.rating.words import (
    JUNE,
    MCE,
    TODAY,
    both_ways,
    enrolled,
    meter,
    price_book,
    usage,
)

BOOK = price_book()
FILE = UUID(int=7)
NEM = "E-TOU-C-NEM"


def dearer(book: PriceBook, by: int) -> PriceBook:
    """The same plans, with every price of generation changed."""

    def changed(plan: object) -> object:
        first, *rest = plan.components  # type: ignore[attr-defined]
        if not hasattr(first, "prices"):
            return plan
        prices = {
            season: {bucket: price + by for bucket, price in buckets.items()}
            for season, buckets in first.prices.items()
        }
        first = first.model_copy(update={"prices": prices})
        return plan.model_copy(  # type: ignore[attr-defined]
            update={"components": (first, *rest), "version": f"by {by}"}
        )

    return replace(book, plans=tuple(changed(plan) for plan in book.plans))  # type: ignore[misc]


def billed(item: UsageItem, book: PriceBook, rate_code: str = "E-TOU-C") -> ChargeDraft:
    """The bill for some usage, as it was sent."""
    rated = rate(item, MCE, enrolled(rate_code=rate_code), book, TODAY)
    assert isinstance(rated, Rated)
    return replace(charge_of(UsageRecord.of(item, FILE), item, rated), invoice_number="MCE1")


def desk(book: PriceBook, *moves: Moved, rate_code: str = "E-TOU-C") -> Rerating:
    """Somebody who rates again at the prices of a book."""
    register = Register()
    register.put(enrolled(rate_code=rate_code))
    return Rerating(MCE, register, book, TODAY, {("A1", "SA1"): list(moves)}, frozenset())


def kwh(on: int, off: int) -> UsageItem:
    """An ordinary June; quantities in thousandths of a kWh."""
    return usage("U1", meter(JUNE, {"on": f"{on / 1000:.3f}", "off": f"{off / 1000:.3f}"}))


class TestABillThatWasSent:
    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 3_000_000), st.integers(0, 3_000_000), st.integers(-9_000, 9_000))
    def test_is_taken_back_whole_and_a_second_time_nothing_changes(
        self, on: int, off: int, by: int
    ) -> None:
        item = kwh(on, off)
        record, charge = UsageRecord.of(item, FILE), billed(kwh(on, off), BOOK)
        again = desk(dearer(BOOK, by))

        verdict = again.weigh(charge, record, ())

        if verdict.effect is Effect.UNCHANGED:
            assert verdict.new_cents == charge.total_cents
            return
        assert verdict.pair is not None
        cancel, rebill = verdict.pair
        assert (cancel.purpose, cancel.lines) == (Purpose.CANCEL, charge.lines)
        assert (cancel.reverses, cancel.plan_version) == (charge.charge_id, charge.plan_version)
        assert len({charge.charge_id, cancel.charge_id, rebill.charge_id}) == 3
        assert rebill.total_cents == verdict.new_cents
        assert again.weigh(rebill, record, ()).effect is Effect.UNCHANGED

    def test_at_the_same_prices_is_left_alone(self) -> None:
        item = kwh(100_000, 200_000)

        verdict = desk(BOOK).weigh(billed(item, BOOK), UsageRecord.of(item, FILE), ())

        assert verdict.effect is Effect.UNCHANGED

    def test_that_would_only_be_worded_otherwise_is_left_alone(self) -> None:
        item = kwh(100_000, 200_000)
        charge = billed(item, BOOK)
        lines = tuple(replace(line, label=f"{line.label} OF OLD") for line in charge.lines)

        verdict = desk(BOOK).weigh(replace(charge, lines=lines), UsageRecord.of(item, FILE), ())

        assert verdict.effect is Effect.UNCHANGED

    def test_that_cannot_be_rated_any_more_is_left_alone_with_the_reason(self) -> None:
        item = kwh(100_000, 200_000)
        nothing = replace(BOOK, plans=())

        verdict = desk(nothing).weigh(billed(item, BOOK), UsageRecord.of(item, FILE), ())

        assert verdict.effect is Effect.BLOCKED
        assert verdict.reason is not None
        assert verdict.reason.code == "RATE_NOT_FOUND"

    def test_names_the_bill_window_only_while_it_is_open(self) -> None:
        item = kwh(100_000, 200_000).model_copy(update={"bill_due_on": date(2026, 7, 13)})
        record, charge = UsageRecord.of(item, FILE), billed(item, BOOK)
        again = desk(dearer(BOOK, 100))

        late = again.weigh(charge, record, ()).pair
        again.on = date(2026, 7, 13)
        early = again.weigh(charge, record, ()).pair

        assert late is not None
        assert early is not None
        assert [each.due_on for each in late] == [None, None]
        assert [each.due_on for each in early] == [date(2026, 7, 13)] * 2


class TestABillThatCarriesCredits:
    ITEM = usage(
        "U1",
        both_ways(JUNE, {"on": "100", "off": "100"}, {"on": "300", "off": "300"}, rate_code=NEM),
    )

    def weigh(self, *later: Moved, selected: frozenset[UUID] = frozenset()) -> Effect:
        charge = billed(self.ITEM, BOOK, NEM)
        own = Moved(JUNE[0], charge.charge_id, 1)
        again = desk(dearer(BOOK, 1_000), own, *later, rate_code=NEM)
        again.selected = selected
        return again.weigh(charge, UsageRecord.of(self.ITEM, FILE), ()).effect

    def test_is_billed_anew_when_it_is_the_last(self) -> None:
        assert self.weigh() is Effect.REBILL

    def test_is_left_alone_when_later_bills_carry_them_on(self) -> None:
        july = Moved(JUNE[1], UUID(int=9), -1)

        assert self.weigh(july) is Effect.BLOCKED
        assert self.weigh(july, selected=frozenset({UUID(int=9)})) is Effect.REBILL


class TestAMappedRateCode:
    def test_counts_for_the_days_it_was_mapped_for_and_the_last_one_wins(self) -> None:
        first = MappedCode("mce", "pge", "H2", "E-1", date(2026, 1, 1))
        second = MappedCode("mce", "pge", "H2", "E-TOU-C", date(2026, 6, 1), date(2026, 6, 30))
        book = BOOK.with_code(first).with_code(second)

        days = [date(2025, 12, 31), date(2026, 5, 31), date(2026, 6, 1), date(2026, 7, 1)]
        meant = [book.plan_code("mce", "pge", "H2", day) for day in days]

        assert meant == ["H2", "E-1", "E-TOU-C", "E-1"]
        assert book.plan_code("3ce", "pge", "H2", date(2026, 6, 1)) == "H2"
        assert not BOOK.knows_rate_code("mce", "pge", "H2")
        assert book.knows_rate_code("mce", "pge", "H2")

    def test_lets_usage_be_rated_that_names_either_code(self) -> None:
        book = BOOK.with_code(MappedCode("mce", "pge", "H2", "E-TOU-C", date(2026, 1, 1)))
        reads = {"on": "100", "off": "200"}
        plain = billed(usage("U1", meter(JUNE, reads)), BOOK)

        both = [
            billed(usage("U1", meter(JUNE, reads, rate_code="H2")), book, "H2"),
            billed(usage("U1", meter(JUNE, reads, rate_code="H2")), book, "E-TOU-C"),
            billed(usage("U1", meter(JUNE, reads)), book, "H2"),
        ]

        assert [each.lines for each in both] == [plain.lines] * 3
