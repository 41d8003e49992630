"""Which settings loosen a hold, and so need a second person."""

from __future__ import annotations

import pytest

from services.rating.review.registry import AUDITS, Mode
from services.rating.review.settings import (
    AuditSetting,
    ReleaseSetting,
    default_of,
    loosens,
    with_defaults,
)

HOLD = default_of(AUDITS["HIGH_VALUE"])
LENGTH = AuditSetting(mode=Mode.HOLD, limits={"min_days": 27, "max_days": 33})
BY_HAND, BY_ITSELF = ReleaseSetting(release="manual"), ReleaseSetting(release="auto")


def value_hold(**changes: object) -> AuditSetting:
    """The program's value hold with other words in some places, as a person writes it."""
    said = AuditSetting.model_validate({"mode": "hold", **changes})
    return with_defaults(AUDITS["HIGH_VALUE"], said)


class TestASettingThatLoosensAHold:
    @pytest.mark.parametrize(
        "after",
        [
            value_hold(enabled=False),
            value_hold(mode="warn"),
            value_hold(minimum_cents=1),
            value_hold(limits={"limit_cents": 2_400_001}),
            value_hold(limits={"limit_cents": 100, "credit_limit_cents": 2_400_001}),
        ],
        ids=["off", "only warns", "a minimum", "a higher limit", "one lower and one higher"],
    )
    def test_is_off_or_warns_or_passes_more(self, after: AuditSetting) -> None:
        assert loosens(HOLD, after)

    def test_is_any_other_limit_that_is_no_amount(self) -> None:
        for limits in ({"min_days": 26, "max_days": 33}, {"min_days": 27, "max_days": 32}):
            assert loosens(LENGTH, LENGTH.model_copy(update={"limits": limits}))

    def test_is_a_batch_that_leaves_by_itself_again(self) -> None:
        assert loosens(BY_HAND, BY_ITSELF)


class TestASettingThatDoesNot:
    @pytest.mark.parametrize(
        "after",
        [
            value_hold(),
            value_hold(owner="billing"),
            value_hold(limits={"limit_cents": 2_399_999}),
            value_hold(limits={"limit_cents": 0, "credit_limit_cents": 0}),
        ],
        ids=["the same", "another owner", "a lower limit", "everything"],
    )
    def test_holds_as_much_or_more(self, after: AuditSetting) -> None:
        assert not loosens(HOLD, after)

    def test_goes_back_to_the_program_where_that_is_as_tight(self) -> None:
        assert not loosens(value_hold(limits={"limit_cents": 2_400_000}), value_hold())
        assert loosens(value_hold(limits={"limit_cents": 1_000}), value_hold())

    def test_is_of_an_audit_that_held_nothing(self) -> None:
        for before in (value_hold(mode="warn"), value_hold(enabled=False)):
            assert not loosens(before, value_hold(enabled=False))

    def test_is_batches_that_wait(self) -> None:
        assert not loosens(BY_ITSELF, BY_HAND)
        assert not loosens(BY_HAND, BY_HAND)
        assert not loosens(BY_ITSELF, BY_ITSELF)
