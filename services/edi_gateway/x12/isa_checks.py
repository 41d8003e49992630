"""Checks the sixteen elements of an interchange header one by one, by name.

Trimmed padding and unknown versions are common and harmless: they are warnings. Only what makes
the interchange impossible to identify or to place (test or production) is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.edi_gateway.x12.delimiters import ISA_WIDTHS
from services.edi_gateway.x12.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.edi_gateway.x12.delimiters import IsaHeader

KNOWN_VERSIONS = frozenset({"00400", "00401", "00402", "00403", "00501"})

CONTROL_DIGITS = 9

_WIDTH_CODES = ("010", "011", "012", "013", "005", "006", "007", "008", "014", "015")
_WIDTH_CODES_FROM_11 = ("016", "017", "018", "019", "020", "027")


def isa_findings(header: IsaHeader, place: str, offset: int) -> tuple[Finding, ...]:
    """Every finding of one ISA segment, with its TA1-05 code."""
    if _is_plain(header):
        return ()
    return tuple(
        Finding(
            severity,
            "interchange",
            code,
            f"{place}/ISA{number:02d}",
            message,
            segment_id="ISA",
            element=number,
            value=header.elements[number - 1],
            byte_offset=offset,
        )
        for severity, code, number, message in _checks(header)
    )


def _is_plain(header: IsaHeader) -> bool:
    """Whether a header is written to the letter, as nearly all are: none of the checks would say.

    Each of its elements then has its width, so no sender, receiver or number is empty.
    """
    if header.wrapped or tuple(map(len, header.elements)) != ISA_WIDTHS:
        return False
    _, _, _, _, _, sender, _, receiver, *_, version, number, asked, usage, component = (
        header.elements
    )
    return (
        not (sender.isspace() or receiver.isspace() or component.isalnum())
        and version in KNOWN_VERSIONS
        and number.isascii()
        and number.isdigit()
        and asked in ("0", "1")
        and usage in ("P", "T")
        and len(set(header.delimiters.active)) == len(header.delimiters.active)
    )


def _checks(header: IsaHeader) -> Iterator[tuple[Severity, str, int, str]]:
    if not header.trimmed(6):
        yield "error", "006", 6, "ISA06 names no sender."
    if not header.trimmed(8):
        yield "error", "008", 8, "ISA08 names no receiver."
    if header.trimmed(12) not in KNOWN_VERSIONS:
        yield "warning", "017", 12, f"ISA12 version '{header.trimmed(12)}' is not expected."
    number = header.trimmed(13)
    if not (number.isascii() and number.isdigit()) or len(number.lstrip("0")) > CONTROL_DIGITS:
        yield "error", "018", 13, f"ISA13 '{number}' is no control number."
    if header.trimmed(14) not in ("0", "1"):
        yield "warning", "019", 14, f"ISA14 '{header.trimmed(14)}' is neither 0 nor 1."
    if header.trimmed(15) not in ("P", "T"):
        yield "error", "020", 15, f"ISA15 '{header.trimmed(15)}' is neither P nor T."
    if not header.delimiters.component or header.delimiters.component.isalnum():
        yield "error", "027", 16, "ISA16 gives no usable component separator."
    elif len(set(header.delimiters.active)) < len(header.delimiters.active):
        yield "error", "027", 16, "ISA16 repeats another separator."
    yield from _width_checks(header)


def _width_checks(header: IsaHeader) -> Iterator[tuple[Severity, str, int, str]]:
    codes = (*_WIDTH_CODES, *_WIDTH_CODES_FROM_11)
    pairs = zip(header.elements, ISA_WIDTHS, codes, strict=True)
    for number, (element, width, code) in enumerate(pairs, start=1):
        if element and len(element) != width:
            message = f"ISA{number:02d} has {len(element)} characters instead of {width}."
            yield "warning", code, number, message
    if header.wrapped:
        yield "warning", "024", 1, "The header is broken over several lines."
