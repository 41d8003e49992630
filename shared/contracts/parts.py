"""Words that several messages share: identifiers, codes and the frozen model they are built on."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

MESSAGE_ITEMS_MAX = 500
"""A message carries at most this many items: batches, not crumbs."""

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""… and at most this many bytes of JSON."""


class Part(BaseModel):
    """A frozen piece of a message; unknown fields are ignored so that a sender may grow first."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


class Word(StrEnum):
    """One of a list of words; it is found in a dictionary as the text that it is.

    An enumeration hashes its members in Python, by their names, each time one is looked up; and
    it asks for a member's value in Python too, a dozen times for each 867 that is written as JSON.
    """

    __hash__ = str.__hash__
    if not TYPE_CHECKING:
        value = property(attrgetter("_value_"))


class Environment(Word):
    """ISA15: test and production never mix."""

    TEST = "test"
    PRODUCTION = "production"


class ServiceName(Word):
    """The three services; also the names of their queues."""

    EDI_GATEWAY = "edi_gateway"
    RATING = "rating"
    REMITTANCE = "remittance"


CcaCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{2,12}$")]
"""A Community Choice Aggregator's short name, e.g. `mce`."""

UtilityCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{2,12}$")]
"""A utility's short name and the name of its folder in `shared/partners`, e.g. `pge`."""

Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""A moment, always UTC once read."""

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=80)]
"""An identifier as a partner writes it: text always, so that leading zeros survive."""

Text = Annotated[str, StringConstraints(max_length=264)]


class Reason(Part):
    """Why something was refused: a code from a published list and words for a person."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    text: Text = ""


class BillOption(Word):
    """Who computes and who bills (REF*BLT, REF*PC)."""

    BILL_READY = "bill_ready"
    """We compute, the utility bills: our 810 goes to the utility."""
    RATE_READY = "rate_ready"
    """The utility computes at our rates and bills: its 810 comes to us."""
    DUAL = "dual"
    """Each bills its own."""


class Purpose(Word):
    """What a usage or charge document does: corrections are new documents that name the old."""

    ORIGINAL = "original"
    CANCEL = "cancel"
    REPLACE = "replace"
