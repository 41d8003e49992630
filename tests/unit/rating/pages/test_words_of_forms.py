"""What the forms of rating's pages make of words, and the sentences they show above a button."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.rating.browsing.saved import NewView
from services.rating.calendars import load_calendars
from services.rating.pages.audit_forms import NotReadable, setting_said
from services.rating.pages.calendars import holidays_of, who_activates
from services.rating.pages.reviews import who_releases
from services.rating.review.classes import CustomerClass
from services.rating.review.settings import AuditSetting, NewSetting
from services.rating.review.views import ReviewView

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
SAID = {"enabled": "on", "mode": "hold", "limit.limit_cents": "$15,000.5", "reason": "too much"}


def review(
    *, state: str = "waiting", two: bool = False, last: str | None = None, asked: str | None = None
) -> ReviewView:
    """A charge under review."""
    return ReviewView(
        review_id=1,
        transaction_id=uuid4(),
        usage_id="U1",
        account_number="A1",
        bill_cycle="",
        customer_class=CustomerClass.RESIDENTIAL,
        period_end=date(2026, 7, 6),
        codes=("HIGH_VALUE",),
        messages=("too much",),
        needs_two_people=two,
        total=Decimal("25000.00"),
        state=state,
        owner=None,
        last_actor=last,
        asked_by=asked,
        opened_at=NOW,
        expires_at=None,
        closed_at=None,
        closed_by=None,
    )


class TestASetting:
    def test_reads_amounts_in_dollars_and_other_limits_as_numbers(self) -> None:
        said = {**SAID, "limit.days": "92", "minimum": "10"}

        new = NewSetting.model_validate(setting_said("X", CustomerClass.RESIDENTIAL, said))

        assert isinstance(new.setting, AuditSetting)
        assert new.setting.limits == {"limit_cents": 1_500_050, "days": 92}
        assert (new.setting.minimum_cents, new.setting.enabled) == (1_000, True)

    @pytest.mark.parametrize(
        ("name", "words"),
        [("limit_cents", "12.345"), ("limit_cents", "1e5"), ("limit_cents", "-1"), ("days", "2.5")],
    )
    def test_refuses_what_is_no_amount_and_no_number(self, name: str, words: str) -> None:
        with pytest.raises(NotReadable):
            setting_said("X", CustomerClass.ALL, {**SAID, f"limit.{name}": words})

    def test_of_an_audit_that_is_left_off_is_off(self) -> None:
        said = setting_said("X", CustomerClass.ALL, {**SAID, "enabled": "off"})

        assert said["setting"]["enabled"] is False


class TestWhoMay:
    @pytest.mark.parametrize(
        ("seen", "words"),
        [
            (review(state="returned", last="ann"), "somebody must ask"),
            (review(two=True), "nobody has asked yet"),
            (review(two=True, last="ann"), "nobody has asked yet"),
            (review(two=True, last="me", asked="ann"), "You acted on it last"),
            (review(two=True, last="ann", asked="me"), "You asked for its release"),
            (review(two=True, last="ann", asked="ann"), "so you can release it"),
            (review(last="ann"), "ann acted on it last, so you can release it"),
            (review(), "Nobody has acted on it, so you can release it"),
        ],
    )
    def test_release_a_charge_is_said_in_a_sentence(self, seen: ReviewView, words: str) -> None:
        assert words in who_releases(seen, "me")

    def test_activate_a_draft_is_another_than_who_imported_it(self) -> None:
        assert who_activates("me", "me").startswith("You imported it, so another person")
        assert who_activates("ann", "me").startswith("ann imported it; you may")


class TestASavedView:
    def test_keeps_the_filter_and_not_the_place_in_the_list(self) -> None:
        view = NewView(name="cancels", address="/rating/charges?purpose=cancel&after=1.2&cca=mce")

        assert view.address == "/rating/charges?purpose=cancel&cca=mce"

    @pytest.mark.parametrize("address", ["//elsewhere.example", "https://x.example", "/\\x", "x"])
    def test_is_a_page_of_this_console(self, address: str) -> None:
        with pytest.raises(ValidationError):
            NewView(name="far", address=address)


class TestHolidays:
    def test_of_a_year_stand_side_by_side_as_each_utility_observes_them(self) -> None:
        rows = {row.name: row for row in holidays_of(load_calendars(), 2026)}

        fourth = rows["Independence Day"]
        assert fourth.differs
        assert fourth.days["pge"] == (date(2026, 7, 4), date(2026, 7, 3))
        assert fourth.days["sdge"][1] == date(2026, 7, 4)
        assert not rows["Labor Day"].differs
