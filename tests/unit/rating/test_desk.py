from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rating.accounts import Register
from services.rating.corrections import ChargeDraft, UsageRecord, UsageState
from services.rating.desk import DeskOutcome, Known, UsageDesk
from services.rating.tariffs.book import PriceBook, build_book
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from tests.unit.rating.words import (
    JUNE,
    MCE,
    TODAY,
    enrolled,
    meter,
    price_book,
    transaction,
    usage,
)

BOOK = price_book()
CORRELATION = UUID(int=7)
NOTHING = Known()
JULY = (date(2026, 7, 6), date(2026, 8, 6))


def register() -> Register:
    known = Register()
    known.put(enrolled())
    return known


def work(
    *items: UsageItem,
    known: Known = NOTHING,
    accounts: Register | None = None,
    book: PriceBook = BOOK,
) -> DeskOutcome:
    """What becomes of items that come in one batch."""
    desk = UsageDesk(MCE, accounts or register(), book, TODAY, known)
    for item in items:
        desk.receive(UsageRecord.of(item, CORRELATION))
    desk.settle()
    return desk.outcome()


def in_turn(*items: UsageItem) -> list[DeskOutcome]:
    """What becomes of items that come one batch after the other."""
    known, outcomes = NOTHING, []
    for item in items:
        outcome = work(item, known=known)
        outcomes.append(outcome)
        known = remembered(known, outcome)
    return outcomes


def remembered(known: Known, outcome: DeskOutcome) -> Known:
    """What would be read back from the tables."""
    records = {r.transaction_id: r for r in (*known.records, *outcome.added, *outcome.changed)}
    charges = dict(known.charges)
    for number, charge in enumerate(outcome.charges, start=len(charges) + 1):
        if charge.purpose is Purpose.ORIGINAL:
            charges[charge.transaction_id] = numbered(charge, number)
    return Known(tuple(records.values()), charges)


def numbered(charge: ChargeDraft, number: int) -> ChargeDraft:
    fields = {name: getattr(charge, name) for name in ChargeDraft.__dataclass_fields__}
    return ChargeDraft(**{**fields, "invoice_number": f"MCE{number:010d}"})


def states(outcomes: Sequence[DeskOutcome]) -> dict[str, tuple[UsageState, str | None]]:
    """Where each usage stands in the end."""
    end: dict[str, tuple[UsageState, str | None]] = {}
    for outcome in outcomes:
        for r in (*outcome.added, *outcome.changed):
            end[r.usage_id] = (r.state, r.hold.code if r.hold else None)
    return end


def net_cents(outcomes: Sequence[DeskOutcome]) -> int:
    """What the customer owes after all charges and cancels."""
    charges = [charge for outcome in outcomes for charge in outcome.charges]
    return sum(-c.total_cents if c.purpose is Purpose.CANCEL else c.total_cents for c in charges)


ORIGINAL = usage("U1")
CANCEL = usage("U2", purpose=Purpose.CANCEL, corrects="U1")
REBILL = usage("U3", energy={"on": "90", "off": "200"})
REPLACEMENT = usage("U4", purpose=Purpose.REPLACE, corrects="U1", energy={"on": "9", "off": "9"})
HELD = usage("U1", energy={"total": "300"})
CHARGED, CANCELLED = (UsageState.CHARGED, None), (UsageState.CANCELLED, None)


class TestACancel:
    def test_reverses_what_was_billed_not_negated(self) -> None:
        first, second = in_turn(ORIGINAL, CANCEL)

        (billed,), (reversal,) = first.charges, second.charges
        assert reversal.purpose is Purpose.CANCEL
        assert reversal.lines == billed.lines
        assert reversal.reverses == billed.charge_id
        assert reversal.original_invoice_number == "MCE0000000001"
        assert reversal.usage_id == "U2"
        assert net_cents([first, second]) == 0

    def test_reverses_with_the_plan_version_it_was_billed_by_and_rebills_by_todays(self) -> None:
        billed = work(ORIGINAL)
        (plan,) = {c.plan_id for c in billed.charges}
        corrected = [
            p.model_copy(update={"version": "corrected", "known_from": TODAY})
            for p in BOOK.plans
            if p.plan_id == plan
        ]
        book = build_book([*BOOK.plans, *corrected], [BOOK.taxes], BOOK.ccas.values())

        found = work(CANCEL, REBILL, known=remembered(NOTHING, billed), book=book)

        assert [(c.purpose, c.plan_version) for c in found.charges] == [
            (Purpose.CANCEL, billed.charges[0].plan_version),
            (Purpose.ORIGINAL, "corrected"),
        ]

    def test_of_held_usage_leaves_nothing_to_charge(self) -> None:
        outcomes = in_turn(HELD, CANCEL)

        assert states(outcomes) == {"U1": CANCELLED, "U2": CANCELLED}
        assert net_cents(outcomes) == 0
        assert [(e.usage.usage_id, e.correction.usage_id) for e in outcomes[1].ended] == [
            ("U1", "U2")
        ]

    def test_before_its_original_waits_and_then_ends_it(self) -> None:
        outcomes = in_turn(CANCEL, ORIGINAL)

        assert states(outcomes[:1]) == {"U2": (UsageState.HELD, "CANCEL_NO_ORIGINAL")}
        assert states(outcomes) == {"U1": CANCELLED, "U2": CANCELLED}
        assert not outcomes[1].charges

    def test_in_the_same_batch_is_never_billed(self) -> None:
        outcome = work(ORIGINAL, CANCEL)

        assert states([outcome]) == {"U1": CANCELLED, "U2": CANCELLED}
        assert not outcome.charges

    def test_a_second_time_is_held(self) -> None:
        again = usage("U9", purpose=Purpose.CANCEL, corrects="U1")

        assert states(in_turn(ORIGINAL, CANCEL, again))["U9"] == (
            UsageState.HELD,
            "ALREADY_CANCELLED",
        )

    def test_without_a_name_finds_the_usage_of_its_period(self) -> None:
        nameless = usage("U2", purpose=Purpose.CANCEL)

        assert states(in_turn(ORIGINAL, nameless))["U1"] == CANCELLED

    @pytest.mark.parametrize("cancel_first", [True, False])
    def test_without_a_name_leaves_another_meter_of_the_account_alone(
        self, cancel_first: bool
    ) -> None:
        beside = usage("U2", meter(JUNE, {"on": "1", "off": "1"}, number="M2"), agreement="SA2")
        cancel = usage("U3", purpose=Purpose.CANCEL)
        accounts = register()
        accounts.put(enrolled(meter="M2", agreement="SA2"))

        order = (cancel, beside) if cancel_first else (beside, cancel)
        outcome = work(*order, accounts=accounts)

        assert states([outcome]) == {"U2": CHARGED, "U3": (UsageState.HELD, "CANCEL_NO_ORIGINAL")}

    def test_without_a_name_finds_its_meter_among_several(self) -> None:
        beside = usage("U2", meter(JUNE, {"on": "1", "off": "1"}, number="M2"), agreement="SA2")
        cancel = usage("U3", purpose=Purpose.CANCEL)
        accounts = register()
        accounts.put(enrolled(meter="M2", agreement="SA2"))

        outcome = work(ORIGINAL, beside, cancel, accounts=accounts)

        assert states([outcome]) == {"U1": CANCELLED, "U2": CHARGED, "U3": CANCELLED}


class TestCancelAndRebill:
    @pytest.mark.parametrize("order", list(permutations([ORIGINAL, CANCEL, REBILL])))
    def test_end_alike_in_every_order(self, order: tuple[UsageItem, ...]) -> None:
        for outcomes in (in_turn(*order), [work(*order)]):
            ended = {name: state for name, (state, _) in states(outcomes).items()}
            alone = in_turn(usage("U3", energy={"on": "90", "off": "200"}))

            assert ended["U1"] is UsageState.CANCELLED
            assert ended["U3"] is UsageState.CHARGED
            assert net_cents(outcomes) == net_cents(alone)

    def test_a_rebill_alone_waits_for_its_cancel(self) -> None:
        outcomes = in_turn(ORIGINAL, REBILL)

        assert states(outcomes)["U3"] == (UsageState.HELD, "REBILL_WITHOUT_CANCEL")


class TestAReplacement:
    def test_cancels_and_rebills_together(self) -> None:
        first, second = in_turn(ORIGINAL, REPLACEMENT)

        assert [charge.purpose for charge in second.charges] == [Purpose.CANCEL, Purpose.ORIGINAL]
        assert len({charge.charge_id for charge in (*first.charges, *second.charges)}) == 3
        assert states([first, second]) == {"U1": CANCELLED, "U4": CHARGED}

    def test_that_cannot_be_rated_leaves_the_original_charged(self) -> None:
        broken = usage("U4", purpose=Purpose.REPLACE, corrects="U1", energy={"total": "1"})

        outcomes = in_turn(ORIGINAL, broken)

        assert states(outcomes) == {
            "U1": CHARGED,
            "U4": (UsageState.HELD, "DETERMINANT_MISSING"),
        }

    def test_of_held_usage_is_charged_alone(self) -> None:
        outcomes = in_turn(HELD, REPLACEMENT)

        assert states(outcomes) == {"U1": CANCELLED, "U4": CHARGED}

    def test_before_its_original_waits_and_is_charged_alone(self) -> None:
        outcomes = in_turn(REPLACEMENT, ORIGINAL)

        assert states(outcomes[:1])["U4"] == (UsageState.HELD, "CANCEL_NO_ORIGINAL")
        assert states(outcomes) == {"U1": CANCELLED, "U4": CHARGED}


class TestUsageThatCameBefore:
    def test_in_the_same_transaction_has_no_effect(self) -> None:
        assert work(ORIGINAL, known=remembered(NOTHING, work(ORIGINAL))) == DeskOutcome(
            (), (), (), (), ()
        )

    def test_in_another_transaction_is_a_duplicate(self) -> None:
        copy = usage("U1", transaction_name="867 again")

        second = in_turn(ORIGINAL, copy)[1]

        assert [(r.state, r.hold.code if r.hold else "") for r in second.held] == [
            (UsageState.DUPLICATE, "USAGE_DUPLICATE")
        ]
        assert not second.charges

    def test_with_other_content_is_told_apart(self) -> None:
        other = usage("U1", transaction_name="867 again", energy={"on": "1", "off": "1"})

        held = in_turn(ORIGINAL, other)[1].held

        assert [r.hold.code for r in held if r.hold] == ["USAGE_ID_REUSED"]


class TestUsageOfDaysAlreadyTaken:
    def test_is_held(self) -> None:
        overlapping = usage("U5", period=(date(2026, 7, 5), date(2026, 8, 5)))

        assert states(in_turn(ORIGINAL, overlapping))["U5"] == (UsageState.HELD, "USAGE_OVERLAP")

    def test_may_share_the_day_of_the_closing_read(self) -> None:
        assert states(in_turn(ORIGINAL, usage("U5", period=JULY)))["U5"] == CHARGED


class TestUsageBeforeItsEnrollment:
    def test_is_charged_when_the_account_is_known(self) -> None:
        before = work(ORIGINAL, accounts=Register())
        desk = UsageDesk(MCE, register(), BOOK, TODAY, remembered(NOTHING, before))

        desk.retry(["A1"])

        assert states([before]) == {"U1": (UsageState.HELD, "NOT_ENROLLED")}
        assert states([desk.outcome()]) == {"U1": CHARGED}
        assert [c.transaction_id for c in desk.outcome().charges] == [transaction("867 U1")]


class TestWhateverTheOrder:
    @given(order=st.permutations([ORIGINAL, CANCEL, REBILL, usage("U6", period=JULY)]))
    def test_every_item_ends_in_one_state_and_money_nets_alike(
        self, order: list[UsageItem]
    ) -> None:
        outcomes = in_turn(*order)

        expected = in_turn(usage("U3", energy={"on": "90", "off": "200"}), usage("U6", period=JULY))
        assert set(states(outcomes)) == {"U1", "U2", "U3", "U6"}
        assert net_cents(outcomes) == net_cents(expected)

    @given(
        order=st.permutations(["U1", "U2", "U3"]),
        energy=st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)),
    )
    def test_cancel_and_rebill_of_the_same_usage_come_to_nothing(
        self, order: list[str], energy: tuple[int, int]
    ) -> None:
        used = {"on": str(energy[0]), "off": str(energy[1])}
        items = {
            "U1": usage("U1", energy=used),
            "U2": usage("U2", energy=used, purpose=Purpose.CANCEL, corrects="U1"),
            "U3": usage("U3", energy=used),
        }

        outcomes = in_turn(*(items[name] for name in order))

        assert net_cents(outcomes) == net_cents(in_turn(usage("U3", energy=used)))
