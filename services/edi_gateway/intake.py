"""Keeping a batch of read transactions: rows, findings, identifiers, ledger entries and facts.

One unit of work for each batch, a constant number of statements for any size, so that a crash
loses at most the batch in hand and the file goes on from the last committed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_

from services.edi_gateway.operations import ledger, projection
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.reading import ReadSlot
from services.edi_gateway.store import file, finding, transaction
from services.edi_gateway.transactions import Reading, facts_of
from services.edi_gateway.verdicts import Earlier, Verdict, judge_business_key
from services.edi_gateway.x12 import Finding
from shared.contracts.enrollment import EnrollmentDecision
from shared.contracts.envelope import Body, Cover, Written, WrittenBody
from shared.contracts.parts import Environment, ServiceName
from shared.contracts.usage import HistoricalUsage
from shared.platform.database import WriteSession, copy_rows

EXCEPTION_UNKNOWN_CCA = "UND"
TRANSACTION_COLUMNS = (
    "id", "file_id", "group_id", "position", "direction", "utility", "cca", "environment",
    "set_id", "control_number", "business_key", "account_number", "amount", "start_offset",
    "end_offset", "segments", "content_sha256", "at", "valid", "applied", "rated",
    "exception_code", "exception_text", "duplicate_of",
)  # fmt: skip

FINDING_FIELDS = (
    "severity", "level", "code", "place", "value", "message", "byte_offset", "segment_position",
    "segment_id", "loop_id", "element", "component", "data_element",
)  # fmt: skip
"""Fields of a finding that are stored, under the same names."""


@dataclass(frozen=True, slots=True)
class FileScope:
    """The file a batch belongs to."""

    file_id: UUID
    utility: str
    environment: Environment
    name: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A read transaction with the final word on it."""

    read: ReadSlot
    verdict: Verdict

    @property
    def reading(self) -> Reading | None:
        """What it says; None when its syntax was rejected."""
        return self.read.reading

    @property
    def is_applicable(self) -> bool:
        """Whether its fact may be told to the other services."""
        reading = self.read.reading
        return self.verdict.has_effect and reading is not None and reading.usable


async def judge(
    session: WriteSession, scope: FileScope, batch: Sequence[ReadSlot], interchange: Verdict
) -> list[Judged]:
    """Give every transaction its verdict; the interchange's own verdict comes first."""
    if not interchange.has_effect:
        return [Judged(read, interchange) for read in batch]
    earlier = await _earlier(session, scope, batch)
    judged = []
    for read in batch:
        if not read.accepted or read.reading is None:
            worst = next((f for f in read.findings if f.is_error), None)
            text = worst.message if worst else "the transaction could not be read"
            judged.append(Judged(read, Verdict("rejected", "SYNTAX", text)))
            continue
        set_id, key = read.slot.set_id, read.reading.business_key
        verdict = judge_business_key(set_id, key, read.content_sha256, earlier)
        if verdict.has_effect:
            if read.findings:
                verdict = replace(verdict, state="accepted_with_errors")
            if key:
                earlier[set_id, key] = Earlier(
                    read.transaction_id, read.content_sha256, f"file {scope.name}"
                )
        judged.append(Judged(read, verdict))
    return judged


async def _earlier(
    session: WriteSession, scope: FileScope, batch: Sequence[ReadSlot]
) -> dict[tuple[str, str], Earlier]:
    keys = {
        (read.slot.set_id, read.reading.business_key)
        for read in batch
        if read.reading is not None and read.reading.business_key
    }
    if not keys:
        return {}
    rows = await session.execute(
        select(
            transaction.c.set_id,
            transaction.c.business_key,
            transaction.c.id,
            transaction.c.content_sha256,
            file.c.name,
        )
        .join(file, file.c.id == transaction.c.file_id)
        .where(
            transaction.c.direction == "inbound",
            transaction.c.utility == scope.utility,
            transaction.c.environment == scope.environment.value,
            transaction.c.valid.in_(("accepted", "accepted_with_errors")),
            tuple_(transaction.c.set_id, transaction.c.business_key).in_(keys),
        )
    )
    return {
        (row.set_id, row.business_key): Earlier(row.id, row.content_sha256, f"file {row.name}")
        for row in rows
    }


async def keep(
    session: WriteSession,
    scope: FileScope,
    group_id: UUID,
    judged: Sequence[Judged],
    at: datetime,
) -> None:
    """Store the rows, findings, identifiers and ledger entries of judged transactions."""
    await copy_rows(
        session,
        transaction,
        TRANSACTION_COLUMNS,
        (_transaction_row(scope, group_id, each, at) for each in judged),
    )
    await projection.identify(
        session,
        (
            (kind, value, each.read.transaction_id)
            for each in judged
            if each.reading is not None
            for kind, value in each.reading.identifiers
        ),
    )
    await keep_findings(
        session,
        scope.file_id,
        ((each.read.transaction_id, found) for each in judged for found in each.read.findings),
    )
    await ledger.record(session, (_entry(scope, each) for each in judged), at)


def _transaction_row(
    scope: FileScope, group_id: UUID, each: Judged, at: datetime
) -> tuple[Any, ...]:
    read, reading, verdict = each.read, each.reading, each.verdict
    code, text = _exception(each)
    return (
        read.transaction_id,
        scope.file_id,
        group_id,
        read.position,
        "inbound",
        scope.utility,
        reading.cca if reading else None,
        scope.environment.value,
        read.slot.set_id,
        read.slot.control_number,
        reading.business_key or None if reading else None,
        reading.account_number if reading else None,
        reading.amount if reading else None,
        read.slot.start,
        read.slot.end,
        read.slot.segment_count,
        read.content_sha256,
        at,
        verdict.state,
        _first_state(each, ("810", "814", "820", "824"), otherwise="-"),
        _first_state(each, ("867",), otherwise="-"),
        code,
        text,
        verdict.duplicate_of,
    )


def _first_state(each: Judged, sets: tuple[str, ...], otherwise: str) -> str:
    """Where a question stands at first: waiting, set aside, refused, or not asked for this set."""
    if _is_history(each):  # kept, and never rated
        return otherwise if "867" in sets else "applied"
    if each.read.slot.set_id not in sets or not each.verdict.has_effect:
        return otherwise
    if each.is_applicable:
        return "waiting"
    if each.reading is not None and each.reading.refusal is not None:
        return "refused"
    return "exception" if sets[0] != "867" else "held"


def _is_history(each: Judged) -> bool:
    """Whether it is usage history, which asks no question any more once it is read."""
    return each.is_applicable and any(
        isinstance(fact, HistoricalUsage) for fact in (each.reading.facts if each.reading else ())
    )


def _exception(each: Judged) -> tuple[str | None, str | None]:
    if each.verdict.code:
        return each.verdict.code, each.verdict.text
    if each.reading is not None and each.reading.reasons:
        reasons = each.reading.reasons
        return reasons[0].code, "; ".join(reason.text for reason in reasons)
    return None, None


def _entry(scope: FileScope, each: Judged) -> NewEntry:
    read, verdict = each.read, each.verdict
    code, text = _exception(each)
    what = f"{read.slot.set_id} {read.slot.control_number}"
    messages = {
        "accepted": f"{what} accepted",
        "accepted_with_errors": f"{what} accepted, {len(read.findings)} findings noted",
        "rejected": f"{what} rejected: {text}",
        "copy": f"{what} is a copy, nothing done: {text}",
        "conflict": f"{what} set aside: {text}",
    }
    message = messages[verdict.state]
    if verdict.has_effect and code:
        refused = each.reading is not None and each.reading.refusal is not None
        done = "refused" if refused else "set aside"
        message = f"{what} accepted, but {done}: {text} ({code})"
    return NewEntry(
        file_id=scope.file_id,
        transaction_id=read.transaction_id,
        kind="TransactionRead",
        message=message,
        data={
            "state": verdict.state,
            "code": code,
            "business_key": each.reading.business_key if each.reading else None,
        },
    )


async def keep_findings(
    session: WriteSession, file_id: UUID, found: Iterable[tuple[UUID | None, Finding]]
) -> None:
    """Store findings beside the file or transaction they are about."""
    await copy_rows(
        session,
        finding,
        ("file_id", "transaction_id", *FINDING_FIELDS),
        (
            (file_id, transaction_id, *(getattr(one, name) for name in FINDING_FIELDS))
            for transaction_id, one in found
        ),
    )


def envelopes(scope: FileScope, judged: Sequence[Judged], at: datetime) -> Iterator[Written]:
    """Put the facts of a batch into messages: one CCA and one kind of fact in each."""
    by_cca: Mapping[str, list[Reading]] = _by_cca(judged)
    for cca, readings in by_cca.items():
        for body in facts_of(readings, scope.file_id):
            cover = Cover(
                type=body.type,
                at=at,
                source=ServiceName.EDI_GATEWAY,
                correlation_id=scope.file_id,
                cca=cca,
                utility=scope.utility,
                environment=scope.environment,
            )
            yield Written(cover, _json_of(body))


def _json_of(body: Body | WrittenBody) -> bytes:
    if isinstance(body, WrittenBody):
        return body.json
    return body.model_dump_json(exclude_none=True).encode()


def _by_cca(judged: Sequence[Judged]) -> dict[str, list[Reading]]:
    readings: dict[str, list[Reading]] = {}
    for each in judged:
        if each.is_applicable and each.reading is not None and each.reading.cca is not None:
            readings.setdefault(each.reading.cca, []).append(each.reading)
    return readings


def copy_entries(file_id: UUID, name: str, earlier_id: UUID, earlier_name: str) -> list[NewEntry]:
    """Say of a file that it is an exact copy, and of the earlier one that a copy came."""
    return [
        NewEntry(
            file_id=file_id,
            kind="DuplicateFile",
            message=f"Exact copy of {earlier_name}; nothing was done",
            data={"duplicate_of": str(earlier_id)},
        ),
        NewEntry(
            file_id=earlier_id,
            kind="CopyReceived",
            message=f"The same bytes came again as {name}; nothing was done",
            data={"copy": str(file_id)},
        ),
    ]


def refusals(judged: Sequence[Judged]) -> Iterator[tuple[EnrollmentDecision, str]]:
    """Return the 814 rejections that a batch needs at once, each with its CCA."""
    for each in judged:
        reading = each.reading
        if each.verdict.has_effect and reading and reading.refusal and reading.cca:
            yield reading.refusal, reading.cca
