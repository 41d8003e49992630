"""Which service hears which fact: the one table that topology, sweeper and docs are built from."""

from __future__ import annotations

from typing import Final

from shared.contracts.parts import ServiceName

_GATEWAY: Final = ServiceName.EDI_GATEWAY
_RATING: Final = ServiceName.RATING
_REMITTANCE: Final = ServiceName.REMITTANCE

CONSUMERS: Final[dict[str, tuple[ServiceName, ...]]] = {
    "EnrollmentReported": (_RATING, _REMITTANCE),
    "UsageReported": (_RATING,),
    "IntervalUsageReported": (_RATING,),
    "HistoricalUsageReported": (),
    "InvoiceReported": (_RATING,),
    "EnrollmentDecided": (_GATEWAY,),
    "ChargesRated": (_GATEWAY,),
    "UsageHeld": (_GATEWAY,),
    "InvoicesChecked": (_GATEWAY,),
    "UsageCancelled": (_GATEWAY,),
    "UsageNotBilled": (_GATEWAY,),
    "DocumentSent": (_RATING, _REMITTANCE),
    "DocumentResent": (_RATING, _REMITTANCE),
    "DocumentAcknowledged": (_RATING, _REMITTANCE),
    "AdviceReported": (_RATING, _REMITTANCE),
    "RemittanceReported": (_REMITTANCE,),
    "WriteOffsReported": (_REMITTANCE,),
    "RemittanceApplied": (_GATEWAY,),
    "RemittanceHeld": (_GATEWAY,),
}
"""Message type → the services whose queue is bound to it and from which a receipt is awaited."""

FOR_THE_RECORD: Final = frozenset({"HistoricalUsageReported"})
"""Messages that nobody hears: history is never billed, and nobody plans with it yet."""


def heard_by(service: ServiceName) -> frozenset[str]:
    """Return the message types that `service` consumes."""
    return frozenset(kind for kind, services in CONSUMERS.items() if service in services)
