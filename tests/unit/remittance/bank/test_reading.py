"""Bank files of each kind, good, odd and damaged."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.remittance.bank.reading import read_file
from services.remittance.bank.statement import Doubt, FileFormat, Statement, UnreadableFile
from tests.unit.remittance.bank.bank_files import ACCOUNT, bai2, camt053, ctx, entry

TRACE = "PGE2026112001"
DEPOSIT = f"16,142,200000,Z,BK1,CU1,PACIFIC GAS TRN*1*{TRACE}*1006912877"


def only(data: str | bytes) -> Statement:
    """The one statement of a file."""
    _, (statement,) = read_file(data.encode() if isinstance(data, str) else data)
    return statement


def doubts(statement: Statement) -> set[Doubt]:
    return {problem.doubt for problem in statement.held_for}


class TestBai2:
    def test_a_deposit_is_read_with_its_trace_and_balances(self) -> None:
        found = only(bai2([DEPOSIT]))

        assert found.account_number == ACCOUNT
        assert (found.opening_cents, found.closing_cents) == (500_000, 700_000)
        assert found.held_for == ()
        (movement,) = found.movements
        assert (movement.cents, movement.booked_on) == (200_000, date(2026, 11, 19))
        assert movement.traces == {TRACE}
        assert movement.bank_reference == "BK1"

    def test_a_debit_is_negative(self) -> None:
        found = only(bai2([DEPOSIT, "16,475,1000,Z,BK2,,CHECK 1001"]))

        assert [each.cents for each in found.movements] == [200_000, -1_000]
        assert found.held_for == ()

    def test_text_goes_on_in_continuation_records(self) -> None:
        found = only(bai2([f"16,142,200000,Z,BK1,CU1,PACIFIC GAS\n88,TRN*1*{TRACE}*1\n88,END"]))

        assert found.movements[0].traces == {TRACE}
        assert found.held_for == ()

    @pytest.mark.parametrize("record", ["16,142,200000,Z/", "16,142,200000/", "16,142,200000,Z,B/"])
    def test_a_record_may_end_before_its_references(self, record: str) -> None:
        assert [each.cents for each in only(bai2([record])).movements] == [200_000]

    def test_funds_types_stand_before_the_references(self) -> None:
        found = only(
            bai2(["16,142,200000,S,100000,50000,50000,BK1,CU1,T", "16,142,5,V,261120,,B,C,T"])
        )

        assert [each.bank_reference for each in found.movements] == ["BK1", "B"]

    def test_blank_lines_and_padding_are_nothing(self) -> None:
        padded = "\r\n".join(line.ljust(80) for line in bai2([DEPOSIT]).splitlines())

        assert only(f"{padded}\r\n\r\n").held_for == ()

    def test_two_files_in_one_transmission_are_both_read(self) -> None:
        _, statements = read_file(f"{bai2([DEPOSIT])}\n{bai2([], day='261120')}".encode())

        assert [each.as_of.day for each in statements] == [19, 20]

    def test_a_bank_that_tells_no_balances_is_not_proved(self) -> None:
        found = only(bai2([DEPOSIT], opening=None))

        assert not found.proved
        assert found.held_for == ()


class TestHeldBai2:
    def test_movements_must_come_to_the_closing_balance(self) -> None:
        (problem,) = only(bai2([DEPOSIT], closing=700_001)).held_for

        assert problem.doubt is Doubt.BALANCES
        assert problem.difference_cents == -1

    def test_a_wrong_control_total_shows_the_difference_at_every_level(self) -> None:
        good = 200_000 + 500_000 + 700_000
        found = only(bai2([DEPOSIT], control=good + 5))

        assert [each.difference_cents for each in found.held_for] == [-5]
        assert doubts(found) == {Doubt.CONTROL_TOTAL}

    def test_a_lost_record_is_missed(self) -> None:
        assert doubts(only(bai2([DEPOSIT], records=9))) == {Doubt.CONTROL_TOTAL}

    def test_a_code_of_the_banks_own_moves_nothing_by_guess(self) -> None:
        assert Doubt.UNKNOWN_CODE in doubts(only(bai2(["16,905,200000,Z,BK1,CU1,X"])))

    def test_other_currencies_and_tests_of_the_bank_are_held(self) -> None:
        assert doubts(only(bai2([DEPOSIT], currency="CAD"))) == {Doubt.CURRENCY}
        assert doubts(only(bai2([DEPOSIT], status="4"))) == {Doubt.NOT_AN_UPDATE}


class TestCamt053:
    def test_a_deposit_is_read_with_its_references(self) -> None:
        details = (
            f"<NtryDtls><TxDtls><Refs><EndToEndId>{TRACE}</EndToEndId></Refs><RltdPties><Dbtr><Pty>"
            "<Nm>PACIFIC GAS</Nm></Pty></Dbtr></RltdPties></TxDtls></NtryDtls>"
        )
        found = only(camt053(entry("2000.00", details=details)))

        assert found.held_for == ()
        assert found.proved
        (movement,) = found.movements
        assert movement.cents == 200_000
        assert TRACE in movement.references
        assert movement.text == "PACIFIC GAS"

    def test_an_iban_and_an_older_version_are_read_the_same(self) -> None:
        account = "<IBAN>CH9300762011623852957</IBAN>"
        found = only(
            camt053(entry("2000", status="<Sts>BOOK</Sts>"), account=account, version="02")
        )

        assert found.account_number == "CH9300762011623852957"
        assert [each.cents for each in found.movements] == [200_000]

    def test_pending_entries_are_not_booked_yet(self) -> None:
        pending = entry("9.00", status="<Sts><Cd>PDNG</Cd></Sts>")

        assert [each.cents for each in only(camt053(entry("2000.00") + pending)).movements] == [
            200_000
        ]

    def test_debits_go_out_and_balances_must_add_up(self) -> None:
        found = only(camt053(entry("2000.00") + entry("0.01", sign="DBIT", reference="BR-2")))

        assert [each.difference_cents for each in found.held_for] == [-1]

    def test_another_currency_is_held(self) -> None:
        assert Doubt.CURRENCY in doubts(only(camt053(entry("2000.00", currency="EUR"))))

    @pytest.mark.parametrize("amount", ["1e3", "1,234.50", "2000.001", "-5", "", "NaN", "9" * 20])
    def test_an_amount_is_exact_or_refused(self, amount: str) -> None:
        with pytest.raises(UnreadableFile):
            only(camt053(entry(amount)))

    def test_xml_that_tries_anything_is_refused(self) -> None:
        bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
        outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
        for head in (bomb, outside):
            with pytest.raises(UnreadableFile, match="Forbidden"):
                only(camt053(entry("1.00"), head=head))


class TestCtx:
    def test_the_trace_stands_in_the_addenda(self) -> None:
        found = only(ctx([(200_000, TRACE, "261119")]))

        assert found.held_for == ()
        assert not found.proved
        (movement,) = found.movements
        assert (movement.cents, movement.booked_on) == (200_000, date(2026, 11, 19))
        assert movement.traces == {TRACE}

    def test_nothing_but_the_trace_is_kept_of_an_820(self) -> None:
        secret = "BPR*C*2000.00*C*ACH*CTX*01*031001234*DA*99887766~"
        found = only(
            ctx([(200_000, TRACE, "261119")], addenda=[f"ST*820*1~{secret}", f"TRN*1*{TRACE}~"])
        )

        assert found.movements[0].traces == {TRACE}
        assert "99887766" not in repr(found.movements)

    def test_a_file_without_line_ends_is_read_too(self) -> None:
        assert only(ctx([(5, TRACE, "261119")]).replace("\n", "")).movements[0].cents == 5

    def test_its_control_totals_must_agree(self) -> None:
        found = only(ctx([(200_000, TRACE, "261119")], credits_told=199_999))

        assert {each.difference_cents for each in found.held_for} == {1}
        assert doubts(found) == {Doubt.CONTROL_TOTAL}

    def test_a_prenote_is_no_money(self) -> None:
        _, statements = read_file(ctx([(0, TRACE, "261119")], code="23").encode())

        assert statements == ()


GOOD = [bai2([DEPOSIT]), camt053(entry("2000.00")).decode(), ctx([(200_000, TRACE, "261119")])]


class TestDamagedFiles:
    def test_a_file_of_which_nothing_can_be_told_is_not_taken_for_an_empty_one(self) -> None:
        data = ctx([(200_000, TRACE, "261119")], code="21", credits_told=0)

        with pytest.raises(UnreadableFile, match="neither credit nor debit"):
            read_file(data.encode())

    @pytest.mark.parametrize(
        "data",
        [
            bai2([f"16,142,{10**19},Z,BK1,,X"]),
            bai2([DEPOSIT], opening=10**16),
            bai2([DEPOSIT], control=10**20),
            camt053(entry("99999999999999.00"), closing="99999999999999.00"),
        ],
    )
    def test_amounts_beyond_all_reason_are_refused(self, data: str | bytes) -> None:
        with pytest.raises(UnreadableFile, match="beyond"):
            only(data)

    @pytest.mark.parametrize("data", [b"", b"ISA*00*", b"\xff\xfe0\x001\x00", b"%PDF-1.7", b"01"])
    def test_other_files_are_refused(self, data: bytes) -> None:
        with pytest.raises(UnreadableFile):
            read_file(data)

    @given(st.sampled_from(GOOD), st.data())
    def test_a_file_cut_anywhere_is_read_or_refused_and_never_hangs(
        self, good: str, data: st.DataObject
    ) -> None:
        cut = data.draw(st.integers(0, len(good)))
        other = data.draw(st.text(alphabet="0169,/<>*A\n ", max_size=12))
        try:
            kind, statements = read_file((good[:cut] + other + good[cut + len(other) :]).encode())
        except UnreadableFile:
            return
        assert kind in FileFormat
        assert all(isinstance(each, Statement) for each in statements)
