"""Whether a file is whole is told by its two ends."""

from __future__ import annotations

import io

import pytest

from services.edi_gateway.transport.wholeness import Wholeness, judge


def interchange(element: str = "*", terminator: str = "~", after: str = "\n") -> bytes:
    isa = (
        "ISA*00*          *00*          *01*006912877      *ZZ*CCAEXCHANGE    "
        "*261122*1200*U*00401*000000001*0*T*>"
    )
    segments = [isa, "GS*PT*A*B*20261122*1200*1*X*004010", "GE*0*1", "IEA*1*000000001"]
    text = "".join(segment + terminator + after for segment in segments)
    return text.replace("*", element).encode()


def verdict(content: bytes) -> Wholeness:
    return judge(io.BytesIO(content), len(content))


class TestAWholeFile:
    @pytest.mark.parametrize(
        ("element", "terminator", "after"),
        [
            ("*", "~", "\n"),
            ("*", "~", ""),
            ("*", "~", "\r\n"),
            ("*", "\n", ""),
            ("\x1c", "\x1d", "\n"),
            ("|", "'", ""),
        ],
    )
    def test_ends_with_a_finished_trailer_whatever_the_separators(
        self, element: str, terminator: str, after: str
    ) -> None:
        assert verdict(interchange(element, terminator, after)) is Wholeness.WHOLE

    def test_may_begin_with_a_mark_and_end_with_filler(self) -> None:
        content = b"\xef\xbb\xbf\r\n" + interchange() + b"~~\r\n \x00\x1a"
        assert verdict(content) is Wholeness.WHOLE

    def test_may_hold_many_interchanges(self) -> None:
        assert verdict(interchange() * 300) is Wholeness.WHOLE


class TestACutFile:
    def test_is_recognised_at_every_byte_of_an_interchange(self) -> None:
        content = interchange(after="")
        for length in range(1, len(content)):
            assert verdict(content[:length]) is Wholeness.CUT, length

    def test_is_recognised_inside_a_second_interchange(self) -> None:
        content = interchange(after="")
        for length in range(len(content) + 1, 2 * len(content)):
            assert verdict((content * 2)[:length]) is Wholeness.CUT, length

    def test_is_not_mistaken_because_data_look_like_a_trailer(self) -> None:
        content = interchange(after="").partition(b"GE*")[0]
        assert verdict(content + b"N1*XIEA*1~") is Wholeness.CUT


class TestAForeignFile:
    @pytest.mark.parametrize(
        "content",
        [b"", b"%PDF-1.7 ...", b"<html>", "ISA*00*".encode("utf-16"), b"PK\x03\x04", b" \n "],
    )
    def test_has_no_end_that_could_be_recognised(self, content: bytes) -> None:
        assert verdict(content) is Wholeness.FOREIGN
