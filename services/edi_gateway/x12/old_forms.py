"""Puts an accepted document of an older X12 version into the forms of the current one.

Version 003070 writes dates with six digits and keeps the century in an element of its own, so the
form and value of a period stand one element further (DTM06 and DTM07). Everything behind the codec
knows one form only. The bytes as sent stay in the archive; only the read document changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.edi_gateway.x12.document import Loop, Segment, Transaction
from services.edi_gateway.x12.values import CENTURY_PIVOT

if TYPE_CHECKING:
    from services.edi_gateway.x12.rules import OldForms

SHORT_DATE_LENGTH = len("YYMMDD")
CENTURY_LENGTH = len("20")
SHORT_FORM, LONG_FORM = "D6", "D8"


def in_current_forms(transaction: Transaction, old: OldForms) -> Transaction:
    """Return the same document with dates of eight digits and without the elements dropped since.

    A year before 50 is of this century, unless the document names the century itself.
    """
    renewed = {one.position: _renewed(one, old) for one in transaction.segments}
    return transaction._replace(
        segments=tuple(renewed.values()), root=_loop(transaction.root, renewed)
    )


def _loop(loop: Loop, renewed: dict[int, Segment]) -> Loop:
    return Loop(
        loop.id,
        [renewed[segment.position] for segment in loop.segments],
        [_loop(child, renewed) for child in loop.children],
    )


def _renewed(segment: Segment, old: OldForms) -> Segment:
    dates = old.short_dates.get(segment.id, frozenset())
    extra = old.extra_elements.get(segment.id, 0)
    if not (dates or extra):
        return segment
    fields = list(segment.fields)
    century = fields[extra] if 0 < extra < len(fields) else ""
    for number in dates:
        if number < len(fields):
            fields[number] = _long_date(fields[number], century)
    if 0 < extra < len(fields):
        del fields[extra]
        if extra + 1 < len(fields) and fields[extra] == SHORT_FORM:
            fields[extra : extra + 2] = [LONG_FORM, _long_date(fields[extra + 1], century)]
    return segment._replace(fields=tuple(fields))


def _long_date(text: str, century: str) -> str:
    if len(text) != SHORT_DATE_LENGTH:
        return text
    if len(century) != CENTURY_LENGTH:
        century = "20" if int(text[:2]) < CENTURY_PIVOT else "19"
    return century + text
