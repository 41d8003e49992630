from __future__ import annotations

import pytest

from services.rating.usage import content_hash, content_of
from shared.contracts.parts import Purpose
from shared.contracts.usage import IntervalNote, UsageItem
from tests.unit.rating.words import JUNE, meter, usage

NOTE = IntervalNote(minutes=15, readings=2880, missing=0, sha256="0" * 64)


class TestTheContentOfUsage:
    @pytest.mark.parametrize(
        "item",
        [
            usage(),
            usage('U"1', purpose=Purpose.CANCEL, corrects='U"0'),
            usage("U2", meter(JUNE, {"total": "1.50"}, estimated=True)),
            usage().model_copy(update={"customer_name": 'ÅSE,"INTERVALS":NULL}'}),
            usage().model_copy(update={"intervals": NOTE}),
        ],
    )
    def test_has_the_hash_of_what_it_says(self, item: UsageItem) -> None:
        told, digest = content_of(item)

        assert told == item.model_dump_json()
        assert digest == content_hash(item)

    def test_has_the_same_hash_in_another_transaction(self) -> None:
        one, other = usage(transaction_name="one"), usage(transaction_name="other")

        assert content_of(one)[1] == content_of(other)[1]
        assert content_of(one)[0] != content_of(other)[0]
