"""Where the bill of an 867 can stand, from usage that waits to the utility's answer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from services.rating.corrections import UsageRecord, UsageState
from services.rating.review.registry import AWAITING_RELEASE, REVIEW_CODES
from shared.contracts.parts import Word


class Stage(Word):
    """How far a bill came. Every bill is in exactly one stage."""

    HELD = "held"
    """Its usage cannot be charged yet."""
    UNDER_REVIEW = "under_review"
    """It is computed, and an audit holds it."""
    AWAITING_RELEASE = "awaiting_release"
    """It is computed, and leaves with its batch."""
    CHARGED = "charged"
    """It was handed to the gateway, and its 810 has not left."""
    SENT = "sent"
    """Its 810 left; the utility has not answered."""
    ACCEPTED = "accepted"
    """The utility's 997 or 824 accepted the 810."""
    REJECTED = "rejected"
    """The utility's 997 or 824 rejected the 810."""
    NOT_BILLED = "not_billed"
    """The utility computes the bill (rate-ready): no 810 of ours leaves."""
    GONE = "gone"
    """The usage was cancelled: there is nothing to bill."""


CHARGED_ON: Final = (Stage.CHARGED, Stage.SENT, Stage.ACCEPTED, Stage.REJECTED)
"""The way of a charge, in the order in which one answer outweighs another: a rejection outweighs
any yes, whichever comes first."""

COUNTED: Final = tuple(stage for stage in Stage if stage is not Stage.GONE)

CLOSED: Final = (Stage.ACCEPTED, Stage.NOT_BILLED, Stage.GONE)
"""Where no bill window runs any more; everywhere else something is still to be done."""


def stage_of(record: UsageRecord) -> tuple[Stage, str]:
    """Where the bill of some usage stands once it was worked on, and why it waits."""
    if record.state is UsageState.CHARGED:
        return Stage.CHARGED, ""
    if record.state is UsageState.NOT_BILLED:
        return Stage.NOT_BILLED, ""
    if record.state is not UsageState.HELD or record.hold is None:
        return Stage.GONE, ""
    code = record.hold.code
    if code == AWAITING_RELEASE:
        return Stage.AWAITING_RELEASE, ""
    return (Stage.UNDER_REVIEW if code in REVIEW_CODES else Stage.HELD), code


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_after(day: date) -> date:
    """The first day of the month after a day's."""
    return (month_of(day) + timedelta(days=31)).replace(day=1)
