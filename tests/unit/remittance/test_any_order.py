"""Whatever order messages arrive in, and however often, the money ends in the same place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.remittance.ledger.chart import LedgerAccount
from services.remittance.placements import Line, LineKey
from services.remittance.receivables import Standing, Tax
from services.remittance.rules import DEFAULT_RULES, Key, MatchingRules, Model
from services.remittance.settlement import Settlement, settle_alone
from shared.contracts.remittance import RemittanceLineKind
from tests.unit.remittance.books_in_memory import (
    ByHand,
    Fact,
    MemoryBooks,
    WriteOff,
    charge,
    line,
)

NUMBERS = ("I0", "I1", "I2", "I3")
ACCOUNT = {"I0": "A0", "I1": "A0", "I2": "A1", "I3": "A1"}
TAXES = st.lists(
    st.builds(Tax, st.just("UT"), st.sampled_from(["MARINA", "SALINAS"]), st.integers(-20, 90)),
    max_size=2,
    unique_by=lambda tax: tax.jurisdiction,
).map(tuple)
NAMES = [f"{letter}{place}" for letter in "PM" for place in range(8)]
CENTS = st.integers(-500, 500) | st.sampled_from([100, -100, 250])


@st.composite
def named_facts(draw: st.DrawFn) -> list[Fact]:
    """Charges, cancels and lines that name their charge, by invoice or by usage."""
    facts: list[Fact] = []
    shared = draw(st.booleans())  # cancel and rebill: two charges for one usage
    usage = {place: f"U{place // 2 if shared else place}" for place in range(len(NUMBERS))}
    for place, number in enumerate(NUMBERS):
        if draw(st.booleans()):
            on = date(2026, 11, draw(st.integers(1, 3)))
            amount = draw(CENTS)
            facts.append(
                charge(number, amount, ACCOUNT[number], usage[place], on=on, taxes=draw(TAXES))
            )
            if draw(st.booleans()):
                part = draw(st.sampled_from([amount, amount // 2]))
                facts.append(charge(f"C{place}", part, ACCOUNT[number], cancels=number))
    for place in range(draw(st.integers(0, 7))):
        target = draw(st.integers(0, len(NUMBERS) - 1))
        by_usage = draw(st.booleans())
        facts.append(
            line(
                f"P{place}",
                draw(CENTS),
                None if by_usage else NUMBERS[target],
                usage[target] if by_usage else None,
                ACCOUNT[NUMBERS[target]],
                draw(st.sampled_from([RemittanceLineKind.PAYMENT] * 4 + [RemittanceLineKind.FEE])),
            )
        )
    return facts


@st.composite
def any_facts(draw: st.DrawFn) -> list[Fact]:
    """The same, with money that names only an account, and with decisions to write off."""
    facts = draw(named_facts())
    for place in range(draw(st.integers(0, 4))):
        facts.append(line(f"M{place}", draw(CENTS), account=draw(st.sampled_from(["A0", "A1"]))))
    for place in range(draw(st.integers(0, 3))):
        facts.append(WriteOff(f"W{place}", draw(st.sampled_from(NUMBERS)), draw(CENTS)))
    return facts


@st.composite
def worked_facts(draw: st.DrawFn) -> list[Fact]:
    """The same, with parts of lines that people put on charges or set aside."""
    facts = draw(any_facts())
    lines = [fact for fact in facts if isinstance(fact, Line)]
    payments = [each for each in lines if each.kind is RemittanceLineKind.PAYMENT]
    for one in draw(st.lists(st.sampled_from(payments), max_size=3)) if payments else []:
        name = next(n for n in NAMES if line(n, 0).key == one.key)
        left = one.amount_cents - sum(
            fact.cents for fact in facts if isinstance(fact, ByHand) and fact.line == name
        )
        cents = draw(st.integers(min(left, 0), max(left, 0)))
        if not cents:
            continue
        target = draw(st.integers(0, len(NUMBERS)))
        number = NUMBERS[target] if target < len(NUMBERS) else None
        facts.append(ByHand(f"H{len(facts)}", name, target + 1, number, cents))
    return facts


@st.composite
def two_orders(draw: st.DrawFn, facts: st.SearchStrategy[list[Fact]]) -> tuple[list[Fact], ...]:
    """The same facts in two orders, some of them twice."""
    some = draw(facts)
    twice = some + (draw(st.lists(st.sampled_from(some), max_size=4)) if some else [])
    return some, draw(st.permutations(twice))


@st.composite
def any_rules(draw: st.DrawFn) -> MatchingRules:
    """Rules of a utility that nobody has met yet."""
    purchase = draw(st.booleans())
    charges = draw(st.permutations([Key.INVOICE, Key.USAGE]))
    return MatchingRules(
        keys=(*charges, *([Key.ACCOUNT] if draw(st.booleans()) else [])),
        tolerance_cents=draw(st.sampled_from([0, 1, 5, 100])),
        model=Model.PURCHASE if purchase else Model.PAY_AS_PAID,
        discount=Decimal(draw(st.sampled_from(["0", "0.01", "0.1"]))) if purchase else Decimal(0),
        line_discounts=draw(st.booleans()),
    )


@st.composite
def told_facts(draw: st.DrawFn) -> list[Fact]:
    """Facts whose lines may name invoice and usage, adjust a part and take a discount."""
    facts: list[Fact] = []
    for fact in draw(any_facts()):
        if isinstance(fact, Line) and fact.kind is RemittanceLineKind.PAYMENT:
            adjusting = draw(st.sampled_from([0, 0, 3, -20]))
            facts.append(
                replace(
                    fact,
                    amount_cents=fact.amount_cents + adjusting,
                    adjusting_cents=adjusting,
                    offered_cents=draw(st.sampled_from([0, 0, 10, -10])),
                    reason_code=draw(st.sampled_from([None, "72"])),
                    usage_id=draw(st.sampled_from([fact.usage_id, "U0"]))
                    if fact.names_charge
                    else None,
                )
            )
        else:
            facts.append(fact)
    return facts


class TestRulesOfAnyUtility:
    @given(orders=two_orders(told_facts()), rules=any_rules())
    def test_leave_the_same_open_and_the_same_books(
        self, orders: tuple[list[Fact], list[Fact]], rules: MatchingRules
    ) -> None:
        first, second = (MemoryBooks(rules=rules).tell(*facts) for facts in orders)
        assert first.ledger() == second.ledger()

    @given(facts=told_facts(), rules=any_rules())
    def test_debits_are_credits_and_nothing_is_paid_beyond_what_is_owed(
        self, facts: list[Fact], rules: MatchingRules
    ) -> None:
        books = MemoryBooks(rules=rules).tell(*facts)
        placed = books.placements.values()
        assert sum(books.ledger().values()) == 0
        assert -books.total(LedgerAccount.DISCOUNT) == sum(p.discount_cents for p in placed)
        assert -books.total(LedgerAccount.ADJUSTMENTS) - books.total(LedgerAccount.FEES) == sum(
            p.adjusted_cents - p.discount_cents for p in placed
        )
        assert sum(books.opened().values()) == books.total(LedgerAccount.RECEIVABLE)
        for number, opened in books.opened().items():
            receivable = books.receivable(number)
            assert 0 <= receivable.sign * opened <= receivable.sign * receivable.owed_cents

    @given(
        owed=st.integers(1, 500),
        paid=st.integers(-50, 550),
        standing=st.sampled_from(list(Standing)),
    )
    def test_the_short_way_of_a_lone_line_says_what_the_long_way_says(
        self, owed: int, paid: int, standing: Standing
    ) -> None:
        books = MemoryBooks().tell(charge("I1", owed))
        receivable = replace(books.receivable("I1"), standing=standing)
        one = line("P", paid, "I1")
        alone = settle_alone(receivable, one)
        if alone is not None:
            assert [alone] == Settlement(receivable, [one], DEFAULT_RULES).placements()


def owed_of_account(books: MemoryBooks, *, sign: int) -> dict[str, int]:
    sums: dict[str, int] = {}
    for number, receivable in books.books.receivables.items():
        if receivable.sign == sign:
            account = receivable.account_number
            sums[account] = sums.get(account, 0) + books.open_cents(number)
    return sums


class TestMoneyThatNamesItsCharge:
    @given(orders=two_orders(named_facts()))
    def test_ends_on_the_same_receivables(self, orders: tuple[list[Fact], list[Fact]]) -> None:
        first, second = (MemoryBooks().tell(*facts) for facts in orders)
        assert first.opened() == second.opened()
        assert first.ledger() == second.ledger()
        assert first.owed_to() == second.owed_to()


class TestMoneyThatNamesOnlyAnAccount:
    @given(orders=two_orders(any_facts()))
    def test_leaves_the_same_open_on_every_account(
        self, orders: tuple[list[Fact], list[Fact]]
    ) -> None:
        first, second = (MemoryBooks().tell(*facts) for facts in orders)
        for sign in (1, -1):
            assert owed_of_account(first, sign=sign) == owed_of_account(second, sign=sign)
        assert first.ledger() == second.ledger()


class TestWhatPeoplePlacedByHand:
    @settings(deadline=None)
    @given(orders=two_orders(worked_facts()))
    def test_counts_the_same_whenever_it_was_decided(
        self, orders: tuple[list[Fact], list[Fact]]
    ) -> None:
        first, second = (MemoryBooks().tell(*facts) for facts in orders)
        for sign in (1, -1):
            assert owed_of_account(first, sign=sign) == owed_of_account(second, sign=sign)
        assert first.total(LedgerAccount.UNAPPLIED) == second.total(LedgerAccount.UNAPPLIED)
        assert first.total(LedgerAccount.RECEIVABLE) == second.total(LedgerAccount.RECEIVABLE)

    @settings(deadline=None)
    @given(facts=worked_facts(), rules=any_rules())
    def test_moves_no_cent_out_of_a_line(self, facts: list[Fact], rules: MatchingRules) -> None:
        books = MemoryBooks(rules=rules).tell(*facts)
        sums: dict[LineKey, int] = {}
        for key, place in books.placements.items():
            sums[key.whole] = sums.get(key.whole, 0) + place.line.amount_cents
        assert sums == {key: each.amount_cents for key, each in books.lines.items()}
        assert sum(books.ledger().values()) == 0
        assert sum(books.opened().values()) == books.total(LedgerAccount.RECEIVABLE)
        for number, opened in books.opened().items():
            receivable = books.receivable(number)
            assert 0 <= receivable.sign * opened <= receivable.sign * receivable.owed_cents

    @settings(deadline=None)
    @given(facts=worked_facts())
    def test_taken_back_whole_leaves_the_books_of_the_rules(self, facts: list[Fact]) -> None:
        decided = [fact for fact in facts if isinstance(fact, ByHand)]
        undone = [replace(each, name=f"U{each.name}", cents=-each.cents) for each in decided]
        books = MemoryBooks().tell(*facts, *undone)
        never = MemoryBooks().tell(*(fact for fact in facts if not isinstance(fact, ByHand)))
        for sign in (1, -1):
            assert owed_of_account(books, sign=sign) == owed_of_account(never, sign=sign)


class TestConservation:
    @given(facts=any_facts())
    def test_debits_are_credits_and_every_cent_has_a_place(self, facts: list[Fact]) -> None:
        books = MemoryBooks().tell(*facts)
        assert sum(books.ledger().values()) == 0
        lines = [fact for fact in facts if isinstance(fact, Line)]
        assert books.total(LedgerAccount.CASH_IN_TRANSIT) == sum(
            each.amount_cents for each in lines
        )
        placed = books.placements.values()
        assert sum(p.unapplied_cents for p in placed) == -books.total(LedgerAccount.UNAPPLIED)
        fees = [p for p in placed if p.line.kind is RemittanceLineKind.FEE]
        assert sum(p.adjusted_cents for p in fees) == -books.total(LedgerAccount.FEES)
        assert sum(p.adjusted_cents for p in placed if p not in fees) == -books.total(
            LedgerAccount.ADJUSTMENTS
        )
        assert sum(books.opened().values()) == books.total(LedgerAccount.RECEIVABLE)

    @given(facts=any_facts())
    def test_what_is_billed_is_revenue_or_owed_to_jurisdictions(self, facts: list[Fact]) -> None:
        books = MemoryBooks().tell(*facts)
        receivables = books.books.receivables.values()
        owed: dict[str, int] = {}
        for each in receivables:
            for tax in each.owed_taxes:
                owed[tax.jurisdiction] = owed.get(tax.jurisdiction, 0) + tax.cents
        assert books.owed_to() == {name: cents for name, cents in owed.items() if cents}
        billed = sum(each.owed_cents for each in receivables)
        assert billed == -books.total(LedgerAccount.REVENUE) + sum(owed.values())

    @given(facts=any_facts())
    def test_what_is_written_off_is_no_more_than_was_decided(self, facts: list[Fact]) -> None:
        books = MemoryBooks().tell(*facts)
        written_off = {
            number: books.written_off_cents(number) for number in books.books.receivables
        }
        assert sum(written_off.values()) == books.total(LedgerAccount.WRITE_OFFS)
        for number, cents in written_off.items():
            sign = books.receivable(number).sign
            decided = books.receivable(number).write_off_cents
            assert 0 <= sign * cents <= max(0, sign * decided)

    @given(facts=any_facts())
    def test_nothing_is_paid_beyond_what_is_owed(self, facts: list[Fact]) -> None:
        books = MemoryBooks().tell(*facts)
        for number, opened in books.opened().items():
            receivable = books.receivable(number)
            assert 0 <= receivable.sign * opened <= receivable.sign * receivable.owed_cents
