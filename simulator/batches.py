"""Turns a day's plan into files: which account goes into which document, in which order.

The documents come as generators, so that a file of any size is written as it is invented.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from simulator import documents
from simulator.world import (
    Account,
    Mischief,
    Usage,
    cancelled,
    document_id,
    measure,
    rebilled,
    spoil,
    stranger,
)
from simulator.x12 import Segment, write_interchange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from simulator.plan import DayPlan


def request_id(plan: DayPlan, account: Account, *, again: bool = False) -> str:
    """Make the id (BGN02) of an account's enrolment request, or of a needless second one."""
    return document_id(plan.people, plan.day, "R" if again else "E", account.index)


def usage_id(plan: DayPlan, account: Account) -> str:
    """Make the id (BPT02) of an account's usage of the day."""
    return document_id(plan.people, plan.day, "U", account.index)


def enrollments(
    plan: DayPlan, accounts: Iterable[Account], *, again: bool = False
) -> Iterator[tuple[Segment, ...]]:
    """Word the 814 requests for these accounts."""
    start, _ = plan.period
    for account in accounts:
        id_ = request_id(plan, account, again=again)
        yield documents.enrollment(plan.identity, account, id_, plan.day, start)


def usages(
    plan: DayPlan, accounts: Iterable[Account], mischief: Mapping[int, Mischief]
) -> Iterator[Usage]:
    """Invent the day's usage, spoiled where the mischief says so.

    The usage of a stranger, which nobody enrolled, follows the account it was copied from.
    """
    people = plan.people
    start, end = plan.period
    for account in accounts:
        used = measure(people, account, start, end, usage_id(plan, account))
        kind = mischief.get(account.index)
        yield spoil(used, kind)
        if kind is Mischief.UNKNOWN_ACCOUNT:
            id_ = document_id(people, plan.day, "X", account.index)
            yield measure(people, stranger(account), start, end, id_)


def corrections(plan: DayPlan, accounts: Iterable[Account]) -> Iterator[Usage]:
    """Invent the cancel and the corrected usage for each of these accounts, in that order."""
    people = plan.people
    start, end = plan.period
    for account in accounts:
        used = measure(people, account, start, end, usage_id(plan, account))
        yield cancelled(used, document_id(people, plan.day, "C", account.index))
        yield rebilled(people, used, document_id(people, plan.day, "B", account.index))


def usage_texts(plan: DayPlan, used: Iterable[Usage]) -> Iterator[tuple[Segment, ...]]:
    """Word the 867s for these usages."""
    for one in used:
        yield documents.usage(plan.identity, one, plan.day, plan.due)


def render(
    plan: DayPlan, number: int, set_id: str, transactions: Iterable[Sequence[Segment]]
) -> bytes:
    """Write one whole file into memory; `number` is its running number of the day."""
    stream = BytesIO()
    write_interchange(stream, plan.envelope(number), plan.style, set_id, transactions)
    return stream.getvalue()


def write_file(plan: DayPlan, set_id: str, stream: BinaryIO) -> int:
    """Write the day's whole 814 or 867 file straight to a stream; return its transactions.

    For load measurement: nothing is spoiled, and the 867s match the 814s of the same plan.
    """
    accounts = (plan.people.account(index) for index in plan.people.indexes)
    if set_id == "814":
        texts = enrollments(plan, accounts)
    else:
        texts = usage_texts(plan, usages(plan, accounts, {}))
    number = 1 if set_id == "814" else 2
    return write_interchange(stream, plan.envelope(number), plan.style, set_id, texts)
