"""What people without the role finance see of a payment order."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from services.edi_gateway.api_desk import require_bank_numbers
from services.edi_gateway.bank_numbers import (
    mask_segment,
    mask_transaction,
    masked,
    without_numbers,
)
from services.edi_gateway.explaining import explain_transaction
from services.edi_gateway.x12 import Delimiters, Finding, load_guide
from shared.platform.web.identity import NotAllowed, Principal, Role

BPR = "BPR*C*98.76*C*ACH*CTX*01*121000358*DA*1000200030***01*121000359*DA*4000500060*20261110~"
PAYMENT = f"ST*820*0001~{BPR}TRN*1*T1~SE*4*0001~".encode()
SECRETS = ("121000358", "1000200030", "121000359", "4000500060")


class TestMasking:
    @pytest.mark.parametrize(
        ("number", "shown"),
        [("4000500060", "••••0060"), ("0060", "••••"), ("", ""), ("60~", "••••~")],
    )
    def test_four_letters_are_left(self, number: str, shown: str) -> None:
        assert masked(number) == shown

    def test_nothing_else_of_the_segment_changes(self) -> None:
        assert mask_segment(BPR) == (
            "BPR*C*98.76*C*ACH*CTX*01*••••0358*DA*••••0030***01*••••0359*DA*••••0060*20261110~"
        )

    @pytest.mark.parametrize("text", ["RMR*IV*1*PO*4000500060", "BPR", "", "BPRX"])
    def test_other_segments_are_left_alone(self, text: str) -> None:
        assert mask_segment(text) == text

    def test_a_number_in_a_wrong_place_is_hidden_too(self) -> None:
        left_out = (
            "BPR*C*98.76*C*ACH*CTX*01*121000358*1000200030***01*121000359*DA*4000500060*20261110"
        )

        shown = mask_segment(left_out)

        assert not any(secret in shown for secret in SECRETS)
        assert shown.startswith("BPR*C*98.76*C*ACH*CTX*01*")
        assert mask_segment("BPR*C*1" + "*" * 14 + "4000500060").endswith("*••••0060")

    def test_a_finding_does_not_repeat_the_number(self) -> None:
        found = Finding(
            "error",
            "element",
            "5",
            "820[1]/BPR/BPR15",
            "BPR15 '4000500060' is too long.",
            segment_id="BPR",
            element=15,
            value="4000500060",
        )
        amount = replace(found, element=2, place="820[1]/BPR/BPR02")
        elsewhere = replace(found, segment_id="RMR", place="820[1]/ENT/RMR/RMR02")

        hidden, *others = without_numbers([found, amount, elsewhere])

        assert (hidden.value, hidden.message) == ("", "BPR15 '••••0060' is too long.")
        assert others == [amount, elsewhere]

    def test_an_explained_payment_holds_no_number(self) -> None:
        explained = explain_transaction(PAYMENT, Delimiters(), load_guide())

        assert all(secret in repr(explained) for secret in SECRETS)
        assert not any(secret in repr(mask_transaction(explained)) for secret in SECRETS)


class TestWhoSeesThem:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.OPERATOR])
    def test_exact_bytes_are_for_finance(self, role: Role) -> None:
        with pytest.raises(NotAllowed, match="finance"):
            require_bank_numbers(Principal(uuid4(), "desk", role))

    @pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMIN])
    def test_finance_has_them(self, role: Role) -> None:
        require_bank_numbers(Principal(uuid4(), "desk", role))
