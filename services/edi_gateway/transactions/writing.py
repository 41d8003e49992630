"""What every document we send has in common: who writes to whom, about whose account.

The parties of a response are those of the request with the roles swapped: we submit (N106 = 41) and
the utility receives (40).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.edi_gateway.profile import Cca, TradingPartner, UtilityProfile
from services.edi_gateway.x12 import OutboundSegment, clean_text

SUBMITTER: Final = "41"
RECEIVER: Final = "40"
DUNS_QUALIFIER: Final = "1"
NAME_MAX: Final = 60
"""N102: X12 004010 element 93."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the writer of one document must know beside its content."""

    partner: TradingPartner
    cca: Cca
    document_number: str
    """Our own id of the document: BGN02 of a response, BIG02 of a charge."""
    on: date
    """The document's date."""

    @property
    def profile(self) -> UtilityProfile:
        """The receiver's profile."""
        return self.partner.profile


def parties(outgoing: Outgoing, customer_name: str) -> tuple[OutboundSegment, ...]:
    """Write N1*8S (utility), N1*SJ (CCA) and, when there is a name, N1*8R (customer)."""
    profile, cca = outgoing.profile, outgoing.cca
    utility = clean_text(profile.name, NAME_MAX)
    supplier = clean_text(cca.name, NAME_MAX)
    customer = clean_text(customer_name, NAME_MAX)
    named: tuple[OutboundSegment, ...] = (
        ("N1", "8S", utility, DUNS_QUALIFIER, profile.duns, "", RECEIVER),
        ("N1", "SJ", supplier, DUNS_QUALIFIER, cca.duns, "", SUBMITTER),
    )
    return (*named, ("N1", "8R", customer)) if customer else named
