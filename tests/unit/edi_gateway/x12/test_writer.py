"""What we send: fixed header, right counts, nothing in a value that could break the envelope."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.edi_gateway.x12 import (
    Delimiters,
    InexactAmountError,
    OutboundEnvelope,
    OutboundGroup,
    OutboundSegment,
    OutboundTransaction,
    Party,
    UnwritableValueError,
    clean_text,
    decimal_text,
    n2,
    parse_decimal,
    parse_n2,
    scan,
    write_interchange,
)
from services.edi_gateway.x12.tokenizer import split_segments
from tests.unit.edi_gateway.x12.documents import FIXTURES, FUNCTIONAL_IDS, body_of, read_one

DOCUMENTS = sorted(path for path in FIXTURES.glob("*.edi") if "refused" not in path.stem)
AT = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
SIGNS = [
    Delimiters(),
    Delimiters("\x1c", "\x1d", "\x1e"),
    Delimiters("|", ":", "\n"),
    Delimiters("*", ">", "~", "^"),
]


def envelope(delimiters: Delimiters | None = None, number: int = 12) -> OutboundEnvelope:
    return OutboundEnvelope(
        Party("ZZ", "CCAEXCHANGE"),
        Party("01", "006912877"),
        number,
        AT,
        "T",
        version="00403" if delimiters and delimiters.repetition else "00401",
        delimiters=delimiters or Delimiters(),
    )


def one_group(
    segments: tuple[OutboundSegment, ...], set_id: str = "810", number: int = 7
) -> list[OutboundGroup]:
    document = OutboundTransaction(set_id, "0001", segments)
    functional_id = FUNCTIONAL_IDS[set_id]
    return [OutboundGroup(functional_id, "CCAEXCHANGE", "006912877", number, (document,))]


class TestEnvelope:
    def test_header_has_its_fixed_form(self) -> None:
        first = write_interchange(envelope(), []).split(b"\n")[0]

        assert first == (
            b"ISA*00*          *00*          *ZZ*CCAEXCHANGE    *01*006912877      "
            b"*261122*0905*U*00401*000000012*0*T*>~"
        )

    def test_counts_and_control_numbers_agree(self) -> None:
        segments = (("BIG", "20261105", "1"),)
        groups = [*one_group(segments), *one_group(segments, number=8)]
        data = write_interchange(envelope(), groups)

        found = scan(data)

        assert found.is_clean
        assert [g.control_number for g in found.interchanges[0].groups] == ["7", "8"]

    def test_trailing_empty_elements_are_left_out(self) -> None:
        segment = ("QTY", "QD", "1", ("KH", "", ""), "", "")

        assert b"QTY*QD*1*KH~" in write_interchange(envelope(), one_group((segment,)))

    def test_an_acknowledgment_stands_before_the_groups(self) -> None:
        ta1 = ("TA1", "000000001", "261122", "1200", "A", "000")

        data = write_interchange(envelope(), [], [ta1])

        assert scan(data).interchanges[0].acknowledgments[0].fields == ta1

    @pytest.mark.parametrize("number", [0, -1, 1_000_000_000])
    def test_a_control_number_beyond_nine_digits_is_refused(self, number: int) -> None:
        with pytest.raises(UnwritableValueError):
            write_interchange(envelope(number=number), [])

    def test_a_partner_id_beyond_fifteen_characters_is_refused(self) -> None:
        long = OutboundEnvelope(Party("ZZ", "A" * 16), Party("01", "B"), 1, AT, "T")

        with pytest.raises(UnwritableValueError):
            write_interchange(long, [])


class TestValues:
    @pytest.mark.parametrize("value", ["A*B", "A~B", "A>B", "A\nB", "A\x1cB", "JOS\xc9", "A^B"])
    def test_a_sign_of_the_syntax_is_refused(self, value: str) -> None:
        with pytest.raises(UnwritableValueError, match="N1"):
            write_interchange(envelope(), one_group((("N1", "8R", value),)))

    def test_a_repetition_separator_is_refused_too(self) -> None:
        with pytest.raises(UnwritableValueError):
            write_interchange(envelope(Delimiters("*", ">", "~", "!")), one_group((("N1", "A!"),)))

    @pytest.mark.parametrize(
        ("text", "clean"),
        [
            ("José  O'Neil", "JOSE O'NEIL"),
            ("a*b~c>d:e^f|g", "A B C D E F G"),
            ("line\r\nbreak\t", "LINE BREAK"),
            ("Straße 5", "STRASSE 5"),
            ("漢字", ""),
        ],
    )
    def test_free_text_is_made_fit(self, text: str, clean: str) -> None:
        assert clean_text(text) == clean

    @given(st.text(max_size=60), st.integers(0, 40))
    def test_fit_text_can_always_be_sent(self, text: str, length: int) -> None:
        clean = clean_text(text, length)

        assert not length or len(clean) <= length
        for signs in SIGNS:
            write_interchange(envelope(signs), one_group((("N1", "8R", clean),)))


VALUE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-/&'", min_size=0, max_size=12)
ELEMENT = st.one_of(VALUE, st.lists(VALUE, min_size=2, max_size=3).map(tuple))
BODY = st.lists(
    st.tuples(st.sampled_from(["REF", "N1", "QTY", "MEA"]), ELEMENT, ELEMENT, ELEMENT),
    min_size=0,
    max_size=8,
).map(tuple)


def trimmed(segment: OutboundSegment, component: str) -> str:
    fields = [e if isinstance(e, str) else component.join(e).rstrip(component) for e in segment]
    while len(fields) > 1 and not fields[-1]:
        fields.pop()
    return "\x00".join(fields)


class TestRoundTrip:
    @given(body=BODY, signs=st.sampled_from(SIGNS))
    def test_what_is_written_is_read(
        self, body: tuple[OutboundSegment, ...], signs: Delimiters
    ) -> None:
        data = write_interchange(envelope(signs), one_group(body))

        found = scan(data)

        assert found.is_clean
        assert found.interchanges[0].delimiters == signs
        slot = found.interchanges[0].groups[0].transactions[0]
        text = data[slot.start : slot.end].decode("latin-1")
        assert [
            "\x00".join(read.split(signs.element)) for read in split_segments(text, signs)[1:-1]
        ] == [trimmed(segment, signs.component) for segment in body]

    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
    def test_a_document_written_in_other_signs_reads_the_same(self, path: Path) -> None:
        set_id, body = body_of(path)
        segments = tuple(tuple(line.split("*")) for line in body.splitlines())
        groups = one_group(segments, set_id)

        first, *others = [read_one(write_interchange(envelope(s), groups)) for s in SIGNS[:3]]

        assert first.transaction is not None
        for other in others:
            assert other.transaction is not None
            assert [s.fields for s in other.transaction.segments] == [
                s.fields for s in first.transaction.segments
            ]


class TestAmounts:
    @pytest.mark.parametrize(
        ("amount", "text"), [("95.88", "9588"), ("-26.45", "-2645"), ("0", "0"), ("1E+2", "10000")]
    )
    def test_n2_has_no_point(self, amount: str, text: str) -> None:
        assert n2(Decimal(amount)) == text
        assert parse_n2(text) == Decimal(amount)

    @pytest.mark.parametrize("amount", ["0.005", "NaN", "Infinity"])
    def test_parts_of_a_cent_are_never_rounded_away(self, amount: str) -> None:
        with pytest.raises(InexactAmountError):
            n2(Decimal(amount))

    @given(
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12)
    )
    def test_decimals_come_back_exactly(self, number: Decimal) -> None:
        text = decimal_text(number)

        assert "E" not in text
        assert parse_decimal(text) == number

    @pytest.mark.parametrize("text", ["", "1.", "1,5", "1E5", "--1", "."])
    def test_what_is_no_number_is_never_read_as_one(self, text: str) -> None:
        with pytest.raises(InexactAmountError):
            parse_decimal(text)
