"""Which use case each message starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from services.rating.messages import Occasion
from services.rating.progress.follow import follow_handlers
from services.rating.scope import Scope
from services.rating.shadow.check import ShadowDesk
from services.rating.work import RatingDesk
from shared.contracts.enrollment import EnrollmentReported
from shared.contracts.envelope import Envelope
from shared.contracts.intervals import IntervalUsageReported
from shared.contracts.parts import Part
from shared.contracts.usage import UsageReported
from shared.platform.database import WriteSession
from shared.platform.mailbox.consumer import Handler

UseCase = Callable[[WriteSession, Envelope], Awaitable[None]]


def handlers(desk: RatingDesk, shadow: ShadowDesk) -> Mapping[str, Handler]:
    """Message type → handler; each runs in the unit of work that the mailbox opens."""
    return {
        "EnrollmentReported": _then_check(desk.apply_enrollments, EnrollmentReported, shadow),
        "UsageReported": _then_check(desk.take_usage, UsageReported, shadow),
        "IntervalUsageReported": _then_check(desk.take_intervals, IntervalUsageReported, shadow),
        "InvoiceReported": shadow.take_invoices,
        **follow_handlers(),
    }


class _OfAccounts(Protocol):
    @property
    def account_number(self) -> str: ...


B = TypeVar("B", bound=Part)


def _then_check(use_case: UseCase, kind: type[B], shadow: ShadowDesk) -> Handler:
    """After usage has moved, check the bills of utilities that waited for it."""

    async def handle(session: WriteSession, envelope: Envelope) -> None:
        await use_case(session, envelope)
        occasion = Occasion(Scope.of(envelope), envelope.at, envelope.id)
        items: tuple[_OfAccounts, ...] = envelope.fact(kind).items  # type: ignore[attr-defined]
        await shadow.usage_moved(session, occasion, {item.account_number for item in items})

    return handle
