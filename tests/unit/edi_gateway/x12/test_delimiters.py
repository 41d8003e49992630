"""Separators are read from each file's own header, whatever bytes they are."""

from __future__ import annotations

import pytest

from services.edi_gateway.x12 import scan
from services.edi_gateway.x12.delimiters import read_isa
from tests.unit.edi_gateway.x12.documents import (
    USAGE,
    Signs,
    group,
    interchange,
    isa,
    read_one,
    transaction,
    usage_file,
    written,
)


class TestSeparators:
    @pytest.mark.parametrize(
        "signs",
        [
            Signs(),
            Signs("\x1c", "\x1d", "\x1e", ""),
            Signs("\x1c", "\x1d", "\n", ""),
            Signs("*", ">", "\n", ""),
            Signs("*", ">", "\r", ""),
            Signs("*", ">", "\r", "\n"),
            Signs("*", ">", "~", "\r\n"),
            Signs("~", ":", "$", ""),
            Signs("*", "~", "^", "\n"),
            Signs("|", "\\", "\xd6", ""),
            Signs("*", ">", "\xe2\x80\xa6", ""),
        ],
        ids=[
            "usual",
            "control bytes",
            "0x1C and bare line feed",
            "bare line feed",
            "bare carriage return",
            "carriage return and line feed",
            "line ends after terminators",
            "tilde between elements",
            "tilde between components",
            "latin-1 letter ends segments",
            "three-byte sign ends segments",
        ],
    )
    def test_any_bytes_may_separate(self, signs: Signs) -> None:
        data = usage_file(signs=signs)

        read = read_one(data)

        assert read.findings == ()
        assert read.transaction is not None
        assert read.transaction.value("REF", 2, "12") == "1234567890"
        assert scan(data).interchanges[0].delimiters.segment == signs.segment

    def test_each_interchange_brings_its_own(self) -> None:
        data = usage_file() + usage_file(signs=Signs("\x1c", "\x1d", "\n", ""))

        found = scan(data)

        assert [one.delimiters.element for one in found.interchanges] == ["*", "\x1c"]
        assert found.is_clean


class TestHeaderOfOtherThan106Bytes:
    def test_trimmed_padding_is_read_and_told(self) -> None:
        short = f"{isa()}".replace(" " * 10, "").replace("006912877      ", "006912877")
        data = written(interchange([group([transaction(USAGE)])], head=short))

        found = scan(data).interchanges[0]

        assert found.sender.id == "006912877"
        assert not found.is_refused
        assert {f.place for f in found.findings} >= {"ISA[1]/ISA06"}
        assert {f.severity for f in found.findings} == {"warning"}

    def test_header_broken_at_eighty_columns_is_read(self) -> None:
        data = usage_file()

        wrapped = data[:80] + b"\r\n" + data[80:]

        assert scan(wrapped).is_clean

    def test_fifteen_elements_are_no_header(self) -> None:
        assert read_isa(b"ISA*00**00**01*A*ZZ*B*261122*1200*U*00401*1*0*T~GS*PT~") is None

    def test_a_word_that_begins_with_isa_is_no_header(self) -> None:
        body = USAGE.replace("JANE DOE", "ISAAC NARCISA")

        assert len(scan(usage_file(body)).interchanges) == 1


class TestRepetition:
    def test_the_letter_u_never_separates(self) -> None:
        assert scan(usage_file()).interchanges[0].delimiters.repetition is None

    def test_a_sign_in_isa11_before_00402_never_separates(self) -> None:
        head = read_isa((isa(isa11="^") + ">~").encode())

        assert head is not None
        assert head.delimiters.repetition is None

    def test_a_sign_in_isa11_from_00402_does(self) -> None:
        head = read_isa((isa(isa11="^").replace("00401", "00403") + ">~").encode())

        assert head is not None
        assert head.delimiters.repetition == "^"
