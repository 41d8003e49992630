"""Writes a rate as the XML that a CCA uploads to the state's MIDAS.

The form is the upload schema of MIDAS (`MIDAS-upload-XML-schema.xsd`) with the rules of
`appendix-a.md`, version 2, in the repository `california-energy-commission/MIDAS` as of 2026-07-22:
one `RateInformation` with a `ValueData` for every interval, kinds of days as numbers. The schema
that the API hands out is the one that counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from services.rating.tariffs.midas import RATE_TYPE, UNIT, MidasPrice, MidasRate

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def midas_upload(rate: MidasRate) -> str:
    """The rate as XML to be sent to `POST /api/valuedata` with the content type `text/xml`.

    Letters outside ASCII are written as references, so that the bytes are the same in whatever
    encoding the text is stored.
    """
    root = Element("DemandData")
    information = SubElement(root, "RateInformation")
    _say(
        information,
        (
            ("RateID", rate.rin),
            ("RateName", rate.name),
            ("AltRateName1", rate.title),
            ("RatePlan_Url", rate.url),
            ("RateType", RATE_TYPE),
        ),
    )
    values = SubElement(information, "ValueInformation")
    for price in rate.prices:
        _say(SubElement(values, "ValueData"), _value(price))
    indent(root)
    written: bytes = tostring(root, encoding="us-ascii")
    return f"{DECLARATION}{written.decode('ascii')}\n"


def _value(price: MidasPrice) -> Iterable[tuple[str, str]]:
    begin, end = price.days
    return (
        ("DateStart", f"{price.first:%Y-%m-%d}"),
        ("DateEnd", f"{price.last:%Y-%m-%d}"),
        ("TimeStart", f"{price.first:%H:%M:%S}"),
        ("TimeEnd", f"{price.last:%H:%M:%S}"),
        ("DayStart", str(begin)),
        ("DayEnd", str(end)),
        ("ValueName", price.name),
        ("Value", f"{price.dollars:f}"),
        ("Unit", UNIT),
    )


def _say(parent: Element, told: Iterable[tuple[str, str | None]]) -> None:
    """Add an element for each word that is there; the schema leaves out what is not."""
    for name, text in told:
        if text is not None:
            SubElement(parent, name).text = text
