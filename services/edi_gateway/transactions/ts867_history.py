"""Reads an 867 with usage history (BPT01 52): what an account used before, never to be billed.

It answers a request of ours (814, LIN05 HU) and has one loop for each period of the past, of a
meter or of the whole account; which loop is which stands in the partner's profile. Source: UIG 867
004010; CPWG 867 change log for BQ.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions.quantities import read_quantities
from services.edi_gateway.transactions.reading import (
    OTHER,
    REQUIRED_MISSING,
    Inspection,
    Reading,
    header_places,
    reference,
)
from services.edi_gateway.x12 import Loop, Transaction
from shared.contracts.usage import HistoricalPeriod, HistoricalUsage

PERIODS_MAX: Final = 500
"""Periods of one account; more than forty years of months."""


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 867 of usage history.

    Returns:
        A Reading with one `HistoricalUsage`, or with the reasons why it cannot be one.
    """
    inspection = Inspection(partner)
    begin = transaction.first("BPT")
    places = header_places(transaction)
    usage_id = inspection.required(begin.element(2), "BPT02 (usage id)")
    inspection.utility(transaction.loop("N1", "8S"))
    cca = inspection.cca(transaction.loop("N1", "SJ"))
    account = inspection.required(reference(places, "12"), "REF*12 (utility account)")
    agreement = reference(places, "Q5")
    loops = transaction.loops("PTD")
    if not loops:
        inspection.note(REQUIRED_MISSING, "no period (PTD loop) tells what was used")
    elif len(loops) > PERIODS_MAX:
        inspection.note(OTHER, f"{len(loops)} periods of history, more than {PERIODS_MAX}")
    periods = [
        _period(loop, transaction, inspection, f"PTD[{number}]")
        for number, loop in enumerate(loops[:PERIODS_MAX], start=1)
    ]
    history = inspection.build(
        HistoricalUsage,
        {
            "transaction_id": transaction_id,
            "usage_id": usage_id,
            "reported_on": inspection.day(begin.element(3), "BPT03 (date)"),
            "account_number": account,
            "service_agreement_id": agreement or None,
            "customer_name": transaction.loop("N1", "8R").header.element(2),
            "periods": periods,
        },
    )
    return inspection.reading(
        key=usage_id,
        cca=cca,
        account=account,
        facts=(history,),
        identifiers=(
            ("usage_id", usage_id),
            ("account", account),
            ("service_agreement", agreement),
            *(("meter", reference((loop,), "MG")) for loop in loops),
        ),
    )


def _period(
    loop: Loop, transaction: Transaction, inspection: Inspection, place: str
) -> HistoricalPeriod | None:
    level = inspection.profile.usage.history_loops.get(loop.qualifier)
    if level is None:
        text = f"{place}: PTD01 {loop.qualifier!r} has no meaning in history of"
        inspection.note(OTHER, f"{text} {inspection.profile.name}")
    period = inspection.period(loop.first("DTM", "150"), loop.first("DTM", "151"))
    values = {
        "level": level,
        "meter_number": reference((loop, *loop.loops("N1")), "MG") or None,
        "period_start": period[0] if period else None,
        "period_end": period[1] if period else None,
        "rate_code": reference((loop, *header_places(transaction)), "NH") or None,
        "quantities": read_quantities(loop, inspection, place),
    }
    return inspection.build(HistoricalPeriod, values)
