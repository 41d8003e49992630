"""Answers what the back office asks of the utility: drops, enrolments, changes, usage history.

The utility says yes to everything about an account number of its own, and no (A76, account not
found) to anything else. A request for history is answered twice, as in the trade: by an 814, and by
an 867 of its own whose BPT01 52 says that it is no bill.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from simulator.documents import RECEIVER, SUBMITTER, ccyymmdd
from simulator.x12 import Segment, Transaction, element

if TYPE_CHECKING:
    from simulator.places import Cca, UtilityIdentity

REQUEST: Final = "13"
DROP: Final = "024"
HISTORY: Final = frozenset({"HU", "HI"})
HISTORY_MONTHS: Final = 12
MONTH_DAYS: Final = 30
KWH_A_MONTH: Final = (420, 390, 360, 330, 310, 340, 420, 510, 520, 460, 380, 400)
"""An invented year, so that a test can know every number."""


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """An 814 request of the back office; `service` is LIN05, `action` ASI02."""

    request_id: str
    service: str
    action: str
    account: str
    service_agreement: str
    customer: str
    effective: str
    cca_duns: str

    @property
    def wants_history(self) -> bool:
        """Whether data is asked for and nothing is to change."""
        return self.service in HISTORY


def is_request(transaction: Transaction) -> bool:
    """Whether an 814 asks something (BGN01 13) and does not answer (11)."""
    return any(s[0] == "BGN" and element(s, 1) == REQUEST for s in transaction.segments)


def read_request(transaction: Transaction) -> ServiceRequest:
    """Read an 814 request; what it leaves out is empty."""

    def value(name: str, position: int, qualifier: str = "") -> str:
        for segment in transaction.segments:
            if segment[0] == name and qualifier in ("", element(segment, 1)):
                return element(segment, position)
        return ""

    return ServiceRequest(
        request_id=value("BGN", 2),
        service=value("LIN", 5),
        action=value("ASI", 2),
        account=value("REF", 2, "12"),
        service_agreement=value("REF", 3, "Q5"),
        customer=value("N1", 2, "8R"),
        effective=value("DTM", 2),
        cca_duns=value("N1", 4, "SJ"),
    )


def knows(utility: UtilityIdentity, request: ServiceRequest) -> bool:
    """Whether the utility has an account of this number."""
    return request.account.startswith(utility.account_prefix)


def answer(
    utility: UtilityIdentity, cca: Cca, request: ServiceRequest, response_id: str, day: date
) -> tuple[Segment, ...]:
    """Word the 814 response to one request."""
    accepted = knows(utility, request)
    when = "151" if request.action == DROP else "150"
    return (
        ("BGN", "11", response_id, ccyymmdd(day), "", "", request.request_id),
        ("N1", "8S", utility.name, "1", utility.duns, "", SUBMITTER),
        ("N1", "SJ", cca.name, "1", cca.duns, "", RECEIVER),
        *((("N1", "8R", request.customer),) if request.customer else ()),
        ("LIN", "1", "SH", "EL", "SH", request.service),
        ("ASI", "WQ" if accepted else "U", request.action),
        *(() if accepted else (("REF", "7G", "A76", "ACCOUNT NOT FOUND"),)),
        ("REF", "12", request.account),
        *((("REF", "Q5", "", request.service_agreement),) if request.service_agreement else ()),
        *((("DTM", when, request.effective),) if accepted and request.effective else ()),
    )


def history(
    utility: UtilityIdentity, cca: Cca, request: ServiceRequest, usage_id: str, day: date
) -> tuple[Segment, ...]:
    """Word the 867 with a year of monthly history: one loop for each service period (BQ)."""
    segments: list[Segment] = [
        ("BPT", "52", usage_id, ccyymmdd(day), "DD"),
        ("REF", "12", request.account),
        ("N1", "8S", utility.name, "1", utility.duns, "", SUBMITTER),
        ("N1", "SJ", cca.name, "1", cca.duns, "", RECEIVER),
    ]
    for back in range(HISTORY_MONTHS, 0, -1):
        first = day - timedelta(days=back * MONTH_DAYS)
        segments += [
            ("PTD", "BQ", "", "", "OZ", "EL"),
            ("DTM", "150", ccyymmdd(first)),
            ("DTM", "151", ccyymmdd(first + timedelta(days=MONTH_DAYS))),
            ("QTY", "QD", str(KWH_A_MONTH[back - 1]), "KH"),
        ]
    return tuple(segments)
