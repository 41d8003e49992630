from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.rating.accounts import Register
from services.rating.corrections import UsageRecord
from services.rating.desk import Known, UsageDesk
from services.rating.review.classes import CustomerClass
from services.rating.review.gate import OpenReview, ReviewGate
from services.rating.review.proof import prove
from services.rating.review.registry import AUDITS, HIGH_VALUE, RECOMPUTED, Mode
from services.rating.review.settings import AuditSetting, ReviewSettings, SettingVersion
from services.rating.review.store_reviews import PROPOSED, Proposed, with_reserved
from services.rating.review.window import bill_window
from shared.contracts.charges import LineKind
from shared.contracts.usage import Bucket, MeteredQuantity, Unit, UsageItem
from tests.unit.rating.words import MCE, TODAY, enrolled, price_book, usage

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
HUGE = {"on": "50000", "off": "200000", "total": "250000"}
CLASSES = (CustomerClass.RESIDENTIAL, CustomerClass.COMMERCIAL)


def setting(customer_class: CustomerClass, **content: object) -> ReviewSettings:
    """The value hold as a CCA wants it."""
    written = AuditSetting.model_validate({"mode": "hold", **content})
    return ReviewSettings("mce", (SettingVersion("mce", HIGH_VALUE, customer_class, 1, written),))


def gate(settings: ReviewSettings | None = None, **known: object) -> ReviewGate:
    register = Register()
    register.put(enrolled())
    settings = settings or ReviewSettings("mce")
    window = bill_window("pge", None, TODAY)
    return ReviewGate(MCE, NOW, settings, register, window, **known)  # type: ignore[arg-type]


def through(door: ReviewGate, energy: dict[str, str] | None = None) -> UsageDesk:
    """A desk that has taken one 867."""
    desk = UsageDesk(MCE, door.register, price_book(), TODAY, Known(), door)
    item = usage(energy=energy)
    desk.receive(UsageRecord.of(item, item.transaction_id))
    desk.settle()
    return desk


class TestTheGate:
    def test_lets_an_ordinary_charge_pass(self) -> None:
        door = gate()

        (charge,) = through(door).outcome().charges

        assert door.passed == {charge.charge_id}
        assert door.opened == {}

    def test_stops_a_large_one_and_tells_why(self) -> None:
        door = gate()

        outcome = through(door, HUGE).outcome()
        (record,) = outcome.held
        (opened,) = door.opened.values()

        assert outcome.charges == ()
        assert record.hold is not None
        assert record.hold.code == HIGH_VALUE
        assert opened.codes[0] == HIGH_VALUE
        assert any(found.two_people for found in opened.findings)

    def test_asks_again_when_a_waiting_charge_comes_to_something_else(self) -> None:
        first = gate()
        through(first, HUGE)
        ((key, opened),) = first.opened.items()
        other = replace(opened.draft, plan_version="before")
        second = gate(waiting={key: OpenReview(1, other, (HIGH_VALUE,))})

        through(second)

        assert second.opened[key].codes == (RECOMPUTED,)

    def test_keeps_what_waits_unchanged_as_it_is(self) -> None:
        first = gate()
        through(first, HUGE)
        ((key, opened),) = first.opened.items()
        second = gate(waiting={key: OpenReview(1, opened.draft, (HIGH_VALUE,))})

        outcome = through(second, HUGE).outcome()

        assert (second.opened, second.noted, outcome.charges) == ({}, [], ())

    def test_takes_a_class_own_setting_before_the_ccas(self) -> None:
        own = setting(CustomerClass.COMMERCIAL, limits={"limit_cents": 1})

        assert through(gate(own)).outcome().charges
        assert own.of(AUDITS[HIGH_VALUE], CustomerClass.COMMERCIAL).limits["limit_cents"] == 1
        assert (
            own.of(AUDITS[HIGH_VALUE], CustomerClass.COMMERCIAL).limits["credit_limit_cents"]
            == 2_400_000
        )

    def test_leaves_small_amounts_alone(self) -> None:
        small = setting(CustomerClass.ALL, limits={"limit_cents": 1}, minimum_cents=1_000_000)

        assert through(gate(small)).outcome().charges


class TestASampleOfGoodBills:
    @staticmethod
    def everybody(**more: AuditSetting) -> ReviewSettings:
        settings = {
            "RANDOM_SAMPLE": AuditSetting(mode=Mode.HOLD, limits={"per_mille": 1000}),
            **more,
        }
        everyone = CustomerClass.ALL
        return ReviewSettings(
            "mce",
            tuple(SettingVersion("mce", code, everyone, 1, one) for code, one in settings.items()),
        )

    def test_holds_a_bill_in_which_nothing_was_found(self) -> None:
        door = gate(self.everybody())

        assert through(door).outcome().charges == ()
        assert [noted.finding.code for noted in door.noted] == ["RANDOM_SAMPLE"]

    def test_leaves_out_a_bill_that_somebody_looks_at_anyhow(self) -> None:
        door = gate(self.everybody())

        through(door, HUGE)

        assert "RANDOM_SAMPLE" not in {noted.finding.code for noted in door.noted}


class TestABillRatedAgain:
    def test_is_judged_by_the_demand_of_its_usage(self) -> None:
        first = gate()
        (charge,) = through(first).outcome().charges
        item = usage()
        peak = MeteredQuantity(bucket=Bucket.TOTAL, unit=Unit.KW, quantity=Decimal(201))
        metered = item.meters[0].model_copy(
            update={"quantities": (*item.meters[0].quantities, peak)}
        )
        large = UsageItem.model_validate(item.model_dump() | {"meters": [metered.model_dump()]})
        door = gate()

        door.judge_rerated(charge, large, None)

        assert [noted.finding.code for noted in door.noted] == ["FIRST_LARGE_BILL"]


class TestAStoredCharge:
    def test_is_the_same_to_the_last_word_when_read_again(self) -> None:
        door = gate()
        through(door, HUGE)
        (opened,) = door.opened.values()

        stored = PROPOSED.dump_json(Proposed(opened.draft))

        assert PROPOSED.validate_json(stored).charge == opened.draft


class TestNetMeteringCredits:
    def test_of_a_charge_under_review_are_not_spent_twice(self) -> None:
        door = gate()
        through(door, HUGE)
        (opened,) = door.opened.values()
        spent = replace(
            opened.draft.lines[0], line_id="nem_bank.used.20260606", kind=LineKind.CREDIT, cents=500
        )
        waiting = replace(opened.draft, lines=(*opened.draft.lines, spent))

        left = with_reserved({("A1", "SA1"): 800}, {waiting.transaction_id: waiting})

        assert left == {("A1", "SA1"): 300}


class TestTheProof:
    @pytest.mark.parametrize("customer_class", CLASSES)
    def test_succeeds_with_the_programs_own_setting(self, customer_class: CustomerClass) -> None:
        result = prove(MCE, customer_class, ReviewSettings("mce"), price_book(), NOW)

        assert (result.passed, result.limit_cents) == (True, 2_400_000)

    @pytest.mark.parametrize(
        "broken", [{"enabled": False}, {"mode": "warn"}, {"minimum_cents": 9_999_999_999}]
    )
    def test_fails_when_the_hold_does_not_stop_the_charge(self, broken: dict[str, object]) -> None:
        off = setting(CustomerClass.ALL, **broken)

        result = prove(MCE, CustomerClass.COMMERCIAL, off, price_book(), NOW)

        assert not result.passed
        assert "left" in result.detail
