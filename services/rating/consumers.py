"""Which use case each message starts."""

from __future__ import annotations

from collections.abc import Mapping

from services.rating.work import RatingDesk
from shared.platform.mailbox.consumer import Handler


def handlers(desk: RatingDesk) -> Mapping[str, Handler]:
    """Message type → handler; each runs in the unit of work that the mailbox opens."""
    return {
        "EnrollmentReported": desk.apply_enrollments,
        "UsageReported": desk.take_usage,
        "IntervalUsageReported": desk.take_intervals,
        "InvoiceReported": desk.keep_invoices,
    }
