"""Why usage waits instead of being charged: every reason, each with a stable code.

A missing price or an unknown account is never guessed around. Usage that cannot be charged is held
under one of these codes, shown to a person, and charged by itself once the reason is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.platform.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason in force: its stable code, and words for a person."""

    code: str
    message: str


class UsageHold(Refusal):
    """Root of all reasons for which usage is not charged."""

    status = 409
    title: ClassVar[str] = "The usage cannot be charged yet"

    def as_hold(self) -> Hold:
        """The reason as a value, to be stored and reported."""
        return Hold(self.code, self.detail)


class ReasonGiven(UsageHold):
    """Carries a reason that was given as a value to the place where reasons are noted."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.message)
        self._hold = hold

    def as_hold(self) -> Hold:
        """The reason as it was given."""
        return self._hold


class NotEnrolled(UsageHold):
    """No active service agreement on at least one day of the period."""

    code = "NOT_ENROLLED"


class RateNotFound(UsageHold):
    """Utility code, product, cohort and day lead to no plan, or to more than one."""

    code = "RATE_NOT_FOUND"


class RateChangeUnconfirmed(UsageHold):
    """The usage names another rate code than the enrollment record."""

    code = "RATE_CHANGED_UNCONFIRMED"


class DeterminantMissing(UsageHold):
    """The plan needs a quantity that the 867 does not carry; it is never billed as zero."""

    code = "DETERMINANT_MISSING"


class DeterminantUnpriced(UsageHold):
    """The 867 carries energy in a bucket that the plan has no price for."""

    code = "DETERMINANT_UNPRICED"


class TotalMismatch(UsageHold):
    """The time-of-use buckets do not add up to the total."""

    code = "TOTAL_MISMATCH"


class NegativeUsage(UsageHold):
    """Negative delivered energy without a net metering agreement."""

    code = "NEG_USAGE_NOT_NEM"


class NetMeteringWithoutRules(UsageHold):
    """Energy received from the customer, for which no net metering rule is set up."""

    code = "NEM_WITHOUT_RULES"


class UnitUnsupported(UsageHold):
    """None of the quantities is in a unit that the plan can price."""

    code = "UNIT_UNSUPPORTED"


class IntervalsIncomplete(UsageHold):
    """Interval usage with readings missing between its first and its last; nothing is filled in."""

    code = "INTERVALS_INCOMPLETE"


class IntervalsMisfit(UsageHold):
    """Readings that cannot be laid over the days of their service period."""

    code = "INTERVALS_MISFIT"


class MeterMismatch(UsageHold):
    """The meter of the 867 is not one of the agreement's meters."""

    code = "METER_MISMATCH"


class TaxUnknown(UsageHold):
    """The service address has no city, so the local user tax cannot be decided."""

    code = "TAX_UNKNOWN"


class UsageOverlap(UsageHold):
    """The period intersects other usage of the same meter that is not cancelled."""

    code = "USAGE_OVERLAP"


class RebillWithoutCancel(UsageHold):
    """New original usage for a period already reported, with no cancel of the first."""

    code = "REBILL_WITHOUT_CANCEL"


class CancelWithoutOriginal(UsageHold):
    """A cancel or replacement whose original was never received."""

    code = "CANCEL_NO_ORIGINAL"


class AlreadyCancelled(UsageHold):
    """A second cancel or replacement of usage that was cancelled before."""

    code = "ALREADY_CANCELLED"


class UsageDuplicate(UsageHold):
    """The same usage again, under the same BPT02, in another transaction."""

    code = "USAGE_DUPLICATE"


class UsageIdReused(UsageHold):
    """Other usage under a BPT02 that was used before."""

    code = "USAGE_ID_REUSED"
