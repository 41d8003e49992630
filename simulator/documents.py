"""Words a utility's documents: enrolments (814), usage (867), payments (820), advice, receipts.

Each function returns the segments of one transaction set between ST and SE. The layouts follow
the UIG 004010 guides as California utilities use them; the envelope is `x12`'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulator.bank import account_of
from simulator.x12 import Group, Segment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from simulator.answers import Invoice
    from simulator.payments import Remittance
    from simulator.places import Cca, UtilityIdentity
    from simulator.world import Account, Usage

ENROL: Final = "021"
BILL_OPTION: Final = (("REF", "BLT", "LDC"), ("REF", "PC", "DUAL"))
GARBLED_QUANTITY: Final = "12X4"
# Invented bank details: routing number 9999… is assigned to no bank.
ROUTING: Final = "999999992"
PAYER_ACCOUNT: Final = "1000200030"
SUBMITTER: Final = "41"
RECEIVER: Final = "40"


def ccyymmdd(day: date) -> str:
    """Write a date the X12 way."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def kwh(watt_hours: int) -> str:
    """Write watt-hours as kWh with three decimals."""
    return f"{watt_hours // 1000}.{watt_hours % 1000:03d}"


def dollars(cents: int) -> str:
    """Write cents as dollars with an explicit point; a negative sum keeps its sign in front."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _parties(utility: UtilityIdentity, cca: Cca) -> tuple[Segment, Segment]:
    return (
        ("N1", "8S", utility.name, "1", utility.duns, "", SUBMITTER),
        ("N1", "SJ", cca.name, "1", cca.duns, "", RECEIVER),
    )


def enrollment(
    utility: UtilityIdentity, account: Account, request_id: str, day: date, effective: date
) -> tuple[Segment, ...]:
    """Word one 814 enrolment request for one account."""
    return (
        ("BGN", "13", request_id, ccyymmdd(day)),
        *_parties(utility, account.cca),
        ("N1", "8R", account.customer),
        ("N3", account.street),
        ("N4", account.town.city, "CA", account.town.postal_code),
        ("LIN", "1", "SH", "EL", "SH", "CE"),
        ("ASI", "7", ENROL),
        ("REF", "12", account.number),
        ("REF", "Q5", "", account.service_agreement),
        *BILL_OPTION,
        ("REF", "BF", account.bill_cycle),
        ("REF", "NH", account.rate.code),
        ("DTM", "150", ccyymmdd(effective)),
        ("NM1", "MQ", "3", "", "", "", "", "", "32", account.meter),
        ("REF", "MT", "KHMON"),
    )


def usage(utility: UtilityIdentity, used: Usage, day: date, due: date) -> tuple[Segment, ...]:
    """Word one monthly 867 for one meter: the total, then one MEA for each time-of-use bucket."""
    account = used.account
    written = ccyymmdd(day)
    total = kwh(used.total_wh)
    reads = (kwh(used.begin_wh), kwh(used.begin_wh + used.total_wh))
    purpose: Segment = ("BPT", used.purpose, used.id, written, "DD")
    if used.original:
        purpose = (*purpose, "", "", "", "", used.original)
    return (
        purpose,
        ("DTM", "649", ccyymmdd(due)),
        ("REF", "12", account.number),
        ("REF", "Q5", "", account.service_agreement),
        *BILL_OPTION,
        *_parties(utility, account.cca),
        ("N1", "8R", account.customer),
        ("PTD", "PM", "", "", "OZ", "EL"),
        ("DTM", "150", ccyymmdd(used.start)),
        ("DTM", "151", ccyymmdd(used.end)),
        ("REF", "MG", account.meter),
        ("REF", "MT", "KHMON"),
        ("REF", "NH", used.rate_code),
        ("QTY", "QD", GARBLED_QUANTITY if used.garbled else total, "KH"),
        ("MEA", "AA", "PRQ", total, "KH", *reads, "51"),
        *(("MEA", "AA", "PRQ", kwh(wh), "KH", "", "", code) for code, wh in used.buckets),
    )


def rejection(
    utility: UtilityIdentity, cca: Cca, invoice: Invoice, advice_id: str, day: date
) -> tuple[Segment, ...]:
    """Word one 824 that rejects one of the back office's 810s: its charges were not printed."""
    return (
        ("BGN", "11", advice_id, ccyymmdd(day)),
        *_parties(utility, cca),
        ("OTI", "TR", "TN", invoice.number, "", "", "", "", "", "", "810"),
        ("REF", "12", invoice.account),
        ("TED", "848", "A76"),
        ("NTE", "ADD", "ACCOUNT NOT FOUND IN BILLING SYSTEM"),
    )


def payment(utility: UtilityIdentity, remittance: Remittance) -> tuple[Segment, ...]:
    """Word one 820 for one CCA; BPR02 is the sum of every RMR04, reversals being negative."""
    cca = remittance.cca
    lines: list[Segment] = [
        (
            *("BPR", "C", dollars(remittance.total_cents), "C", "ACH", "CTX"),
            *("01", ROUTING, "DA", PAYER_ACCOUNT, "", ""),
            *("01", ROUTING, "DA", account_of(cca), ccyymmdd(remittance.settled)),
        ),
        ("TRN", "1", remittance.trace),
        ("N1", "PR", utility.name, "1", utility.duns),
        ("N1", "PE", cca.name, "1", cca.duns),
        ("ENT", "1"),
    ]
    posted = ccyymmdd(remittance.posted)
    for line in remittance.lines:
        invoiced = dollars(line.invoiced_cents)
        lines += (
            ("RMR", "IV", line.invoice, "PO", dollars(line.paid_cents), invoiced),
            ("REF", "12", line.account),
            ("REF", "6O", line.reference),
            ("DTM", "809", posted),
        )
    return tuple(lines)


def receipt(group: Group) -> tuple[Segment, ...]:
    """Word the 997 that accepts every transaction set of one received group.

    Nothing was wrong, so the optional AK2 loops are left out, as the utilities do.
    """
    count = str(len(group.transactions))
    return (
        ("AK1", group.functional_id, str(group.control)),
        ("AK9", "A", count, count, count),
    )


def receipts(groups: Sequence[Group]) -> list[tuple[Segment, ...]]:
    """Word one 997 for each received group; several travel in one file."""
    return [receipt(group) for group in groups]
