from __future__ import annotations

from dataclasses import replace

import pytest

from services.remittance.receivables import (
    Books,
    DocumentEffect,
    Receivable,
    SentCharge,
    enter,
)
from shared.contracts.parts import Purpose
from tests.unit.remittance.books_in_memory import charge


def effects(*documents: SentCharge) -> tuple[list[DocumentEffect], dict[str, Receivable]]:
    books = Books()
    return [each.effect for each in enter(documents, books)], books.receivables


class TestOriginal:
    def test_opens_a_receivable_of_its_amount(self) -> None:
        told, receivables = effects(charge("I1", 12_345))
        assert told == [DocumentEffect.OPENED]
        assert receivables["I1"].owed_cents == 12_345

    def test_with_a_number_used_before_is_refused(self) -> None:
        again = replace(charge("I1", 99), transaction_id=charge("other", 1).transaction_id)
        told, receivables = effects(charge("I1", 100), again)
        assert told == [DocumentEffect.OPENED, DocumentEffect.REFUSED]
        assert receivables["I1"].owed_cents == 100

    def test_without_an_amount_is_refused(self) -> None:
        told, _ = effects(replace(charge("I1", 1), amount_cents=None))
        assert told == [DocumentEffect.REFUSED]

    def test_that_replaces_another_is_refused_and_not_guessed(self) -> None:
        told, _ = effects(replace(charge("I1", 1), purpose=Purpose.REPLACE))
        assert told == [DocumentEffect.REFUSED]


class TestCancel:
    @pytest.mark.parametrize(
        ("charged", "cancelled", "owed", "effect"),
        [
            (100, 100, 0, "cancelled"),
            (100, 40, 60, "cancelled"),
            (100, 140, 0, "cancelled"),
            (-100, -100, 0, "cancelled"),
            (-100, -30, -70, "cancelled"),
            (100, -100, 100, "refused"),
            (0, 0, 0, "cancelled"),
        ],
    )
    def test_takes_its_amount_away_and_never_more(
        self, charged: int, cancelled: int, owed: int, effect: str
    ) -> None:
        told, receivables = effects(charge("I1", charged), charge("C1", cancelled, cancels="I1"))
        assert told[-1] == effect
        assert receivables["I1"].owed_cents == owed

    def test_before_its_original_waits_and_then_takes_effect(self) -> None:
        told, receivables = effects(charge("C1", 100, cancels="I1"), charge("I1", 100))
        assert told == [DocumentEffect.WAITING, DocumentEffect.OPENED, DocumentEffect.CANCELLED]
        assert receivables["I1"].is_cancelled

    def test_that_names_no_original_is_refused(self) -> None:
        document = replace(charge("C1", 100, cancels="I1"), original_invoice_number=None)
        assert effects(document)[0] == [DocumentEffect.REFUSED]
