"""What a utility writes in the journeys: whole files, worded by hand so that every digit is known.

The envelope comes from the simulator's writer, which shares no code with the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from simulator.documents import receipts
from simulator.places import BACK_OFFICE, UTILITIES
from simulator.plan import DEFAULT_DAY
from simulator.x12 import STYLES, Envelope, Group, Segment, write_interchange

Body = Sequence[Segment]
TODAY = "20260706"
START, END = "20260606", "20260706"


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with a meter."""

    utility: str
    cca: str
    name: str
    account: str
    meter: str
    city: str
    postal_code: str
    rate_code: str

    @property
    def agreement(self) -> str:
        return f"SA{self.account}"


ADA = Customer("pge", "mce", "ADA ALDERTON", "4100000001", "M1", "SAN RAFAEL", "94901", "E-TOU-C")
BRUNO = Customer(
    "pge", "mce", "BRUNO ELMSWORTH", "4100000002", "M2", "RICHMOND", "94804", "E-TOU-C"
)
CELIA = Customer("pge", "3ce", "CELIA FENWICKE", "4100000003", "M3", "SANTA CRUZ", "95060", "E-1")
DARIUS = Customer(
    "sce", "cpa", "DARIUS IRONWELL", "7100000004", "M4", "CAMARILLO", "93010", "TOU-D-4-9PM"
)
ELENA = Customer(
    "sdge", "sdcp", "ELENA JUNIPERO", "2100000005", "M5", "CARLSBAD", "92008", "TOU-DR1"
)
EVERYBODY = (ADA, BRUNO, CELIA, DARIUS, ELENA)

ON_PEAK, MID_PEAK, OFF_PEAK, SUPER_OFF_PEAK = "42", "43", "41", "45"


@dataclass(frozen=True, slots=True)
class Used:
    """One month of one meter: kWh by bucket code, and the whole."""

    total: str
    buckets: Mapping[str, str]
    start: str = START
    end: str = END
    read: str = "QD"
    """QTY01: `QD` as read, `KA` estimated by the utility."""


MONTH = Used("500.000", {ON_PEAK: "100.000", OFF_PEAK: "400.000"})
"""At MCE's E-TOU-C of summer 2026: 20.78 + 41.93 - 3.10 + 0.15 = 59.76 USD."""
MONTH_USD = "59.76"
CORRECTED = Used("300.000", {ON_PEAK: "100.000", OFF_PEAK: "200.000"})
"""At MCE's E-TOU-C of summer 2026: 20.78 + 20.96 - 1.86 + 0.09 = 39.97 USD."""
CORRECTED_USD = "39.97"
FLAT_MONTH = Used("500.000", {})
"""At 3CE's E-1 in Santa Cruz: 58.63 + 4.98 (tax of 8.5 % on 58.63) + 0.15 = 63.76 USD."""
FLAT_MONTH_USD = "63.76"


def file_of(
    utility: str,
    set_id: str,
    control: int,
    bodies: Sequence[Body],
    *,
    usage_indicator: str = "T",
    receiver: str = BACK_OFFICE,
    sender: str = "",
) -> bytes:
    """One interchange with one group."""
    envelope = Envelope(
        sender_qualifier="01",
        sender=sender or UTILITIES[utility].duns,
        receiver_qualifier="ZZ",
        receiver=receiver,
        control=control,
        day=DEFAULT_DAY,
        usage_indicator=usage_indicator,
    )
    stream = BytesIO()
    write_interchange(stream, envelope, STYLES["standard"], set_id, bodies)
    return stream.getvalue()


def parties(utility: str, cca: str) -> tuple[Segment, Segment]:
    identity = UTILITIES[utility]
    ours = next(each for each in identity.ccas if each.key == cca)
    return (
        ("N1", "8S", identity.name, "1", identity.duns, "", "41"),
        ("N1", "SJ", ours.name, "1", ours.duns, "", "40"),
    )


def request(
    who: Customer,
    request_id: str,
    *,
    asks: str = "021",
    effective: str | None = START,
    rate_code: str | None = None,
    billing: str = "DUAL",
    bills: str = "LDC",
    on: str = TODAY,
) -> Body:
    """One 814 request: `asks` is ASI02 (021 enrol, 024 drop, 001 change, 025 reinstate)."""
    rate_code = who.rate_code if rate_code is None else rate_code
    changed: tuple[Segment, ...] = (("REF", "TD", "REFNH"),) if asks == "001" else ()
    when = "151" if asks == "024" else "150"
    return (
        ("BGN", "13", request_id, on),
        *parties(who.utility, who.cca),
        ("N1", "8R", who.name),
        ("N3", "1 OTTER POINT RD"),
        ("N4", who.city, "CA", who.postal_code),
        ("LIN", "1", "SH", "EL", "SH", "CE"),
        ("ASI", "7", asks),
        *changed,
        ("REF", "12", who.account),
        ("REF", "Q5", "", who.agreement),
        ("REF", "BLT", bills),
        ("REF", "PC", billing),
        ("REF", "BF", "07"),
        *((("REF", "NH", rate_code),) if rate_code else ()),
        *((("DTM", when, effective),) if effective else ()),
        ("NM1", "MQ", "3", "", "", "", "", "", "32", who.meter),
        ("REF", "MT", "KHMON"),
    )


def response(
    who: Customer,
    response_id: str,
    request_id: str,
    *,
    asks: str,
    reject: str = "",
    line: str = "CE",
) -> Body:
    """One 814 response of the utility to a request of ours; `reject` is its REF*7G code."""
    agreed: tuple[Segment, ...] = (
        ("REF", "NH", who.rate_code),
        ("DTM", "151" if asks == "024" else "150", "20260806"),
        ("NM1", "MQ", "3", "", "", "", "", "", "32", who.meter),
    )
    return (
        ("BGN", "11", response_id, TODAY, "", "", request_id),
        *parties(who.utility, who.cca),
        ("N1", "8R", who.name),
        ("N4", who.city, "CA", who.postal_code),
        ("LIN", "1", "SH", "EL", "SH", line),
        ("ASI", "U" if reject else "WQ", asks),
        *((("REF", "7G", reject, "NO"),) if reject else ()),
        ("REF", "12", who.account),
        ("REF", "Q5", "", who.agreement),
        *(() if reject or line != "CE" else agreed),
    )


def usage(
    who: Customer,
    usage_id: str,
    used: Used = MONTH,
    *,
    purpose: str = "00",
    original: str = "",
    rate_code: str = "",
) -> Body:
    """One monthly 867: BPT01 00 original, 01 cancel, 05 replace."""
    head: Segment = ("BPT", purpose, usage_id, TODAY, "DD")
    if original:
        head = (*head, "", "", "", "", original)
    return (
        head,
        ("DTM", "649", "20260713"),
        ("REF", "12", who.account),
        ("REF", "Q5", "", who.agreement),
        ("REF", "BLT", "LDC"),
        ("REF", "PC", "DUAL"),
        *parties(who.utility, who.cca),
        ("N1", "8R", who.name),
        ("PTD", "PM", "", "", "OZ", "EL"),
        ("DTM", "150", used.start),
        ("DTM", "151", used.end),
        ("REF", "MG", who.meter),
        ("REF", "MT", "KHMON"),
        ("REF", "NH", rate_code or who.rate_code),
        ("QTY", used.read, used.total, "KH"),
        ("MEA", "AA", "PRQ", used.total, "KH", "", "", "51"),
        *(("MEA", "AA", "PRQ", kwh, "KH", "", "", code) for code, kwh in used.buckets.items()),
    )


@dataclass(frozen=True, slots=True)
class Paid:
    """One line of a payment; `invoice` may stay empty when only the account is known."""

    amount: str
    account: str
    invoice: str = ""
    usage_id: str = ""
    invoiced: str = ""


def payment(
    utility: str,
    cca: str,
    trace: str,
    total: str,
    lines: Sequence[Paid],
    *,
    settled: str = "20260708",
) -> Body:
    """One 820 for one CCA."""
    payer, payee = parties(utility, cca)
    body: list[Segment] = [
        (
            *("BPR", "C", total, "C", "ACH", "CTX", "01", "999999992", "DA", "1000200030", "", ""),
            *("01", "999999992", "DA", "4000500060", settled),
        ),
        ("TRN", "1", trace),
        ("N1", "PR", *payer[2:5]),
        ("N1", "PE", *payee[2:5]),
        ("ENT", "1"),
    ]
    for line in lines:
        named = ("IV", line.invoice) if line.invoice else ("12", line.account)
        body.append(("RMR", *named, "PO", line.amount, line.invoiced))
        body.append(("REF", "12", line.account))
        if line.usage_id:
            body.append(("REF", "6O", line.usage_id))
        body.append(("DTM", "809", TODAY))
    return tuple(body)


def advice(who: Customer, advice_id: str, invoice: str) -> Body:
    """One 824 that rejects an 810."""
    return (
        ("BGN", "11", advice_id, TODAY),
        *parties(who.utility, who.cca),
        ("OTI", "TR", "TN", invoice, "", "", "", "", "", "", "810"),
        ("REF", "12", who.account),
        ("TED", "848", "A76"),
        ("NTE", "ADD", "ACCOUNT NOT FOUND"),
    )


def written_off(who: Customer, write_off_id: str, amount: str, invoice: str) -> Body:
    """One 248 that writes off one invoice of one account."""
    utility, cca = parties(who.utility, who.cca)
    return (
        ("BHT", "0001", "00", write_off_id, TODAY),
        ("NM1", "8S", "2", utility[2], "", "", "", "", *utility[3:5]),
        ("NM1", "SJ", "2", cca[2], "", "", "", "", *cca[3:5]),
        ("HL", "1", "", "AC"),
        ("NM1", "8R", "2", who.name),
        ("REF", "12", who.account),
        ("REF", "IV", invoice),
        ("DTP", "007", "D8", TODAY),
        ("STC", "A13"),
        ("AMT", "T4", amount),
    )


def accepted(groups: Sequence[Group]) -> list[Body]:
    """997s that accept every transaction of the groups."""
    return [tuple(one) for one in receipts(groups)]


def utility_bill(
    who: Customer, number: str, usage_id: str, lines: Sequence[Segment], total: str
) -> Body:
    """One 810 that the utility computed at the CCA's rates; `total` is in cents (N2)."""
    return (
        ("BIG", TODAY, number, "", "", usage_id, "", "ME", "00"),
        ("REF", "12", who.account),
        ("REF", "BLT", "LDC"),
        ("REF", "PC", "LDC"),
        ("REF", "Q5", "", who.agreement),
        *parties(who.utility, who.cca),
        ("IT1", "1", "", "", "", "", "SV", "ELECTRIC", "C3", "ACCOUNT"),
        *(line for line in lines if line[0] == "TXI"),
        ("DTM", "150", START),
        ("DTM", "151", END),
        *(line for line in lines if line[0] == "SAC"),
        ("TDS", total),
    )
