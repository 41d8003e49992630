"""Decides a batch of 814 requests against the register, in the order they came.

A request id that comes again with the same content gets the same answer again; with other content
it is refused as a duplicate. Later requests of a batch see what earlier ones changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.rating.accounts import (
    Agreement,
    Applied,
    Entry,
    Register,
    Rejected,
    conflicting,
    decide,
    request_hash,
)
from shared.contracts.enrollment import EnrollmentDecision, EnrollmentRequest


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """A request id that was decided before."""

    content_hash: bytes
    decision: EnrollmentDecision


@dataclass(frozen=True, slots=True)
class DecidedRequest:
    """One request with its answer.

    Attributes:
        request: the 814.
        decision: the answer.
        content_hash: what the request says, hashed.
        is_first: whether its request id was new.
        entry: what was added to the agreement's history, if anything.
        agreement_key: account number and service agreement id it was added to.
        before: the agreement's history without that.
    """

    request: EnrollmentRequest
    decision: EnrollmentDecision
    content_hash: bytes
    is_first: bool
    entry: Entry | None = None
    agreement_key: tuple[str, str] = ("", "")
    before: tuple[Entry, ...] = ()


def decide_requests(
    requests: Iterable[EnrollmentRequest],
    register: Register,
    known: Mapping[str, KnownRequest],
) -> list[DecidedRequest]:
    """Decide requests one after the other; `register` learns what each one changes."""
    seen = dict(known)
    decided = []
    for request in requests:
        answer = _decide_one(request, register, seen.get(request.request_id))
        if answer.is_first:
            seen[request.request_id] = KnownRequest(answer.content_hash, answer.decision)
        decided.append(answer)
    return decided


def _decide_one(
    request: EnrollmentRequest, register: Register, before: KnownRequest | None
) -> DecidedRequest:
    content = request_hash(request)
    if before is not None and before.content_hash == content:
        same = before.decision.model_copy(update={"transaction_id": request.transaction_id})
        return DecidedRequest(request, same, content, is_first=False)
    if before is not None:
        answer = _answer(request, conflicting(request))
        return DecidedRequest(request, answer, content, is_first=False)
    agreement = register.find(request.account_number, request.service_agreement_id)
    verdict = decide(request, agreement, account_known=register.knows(request.account_number))
    if isinstance(verdict, Rejected):
        return DecidedRequest(request, _answer(request, verdict), content, is_first=True)
    return DecidedRequest(
        request,
        _answer(request, verdict),
        content,
        is_first=True,
        entry=verdict.entry,
        agreement_key=_apply(request, verdict, agreement, register),
        before=agreement.entries if agreement else (),
    )


def _apply(
    request: EnrollmentRequest, verdict: Applied, agreement: Agreement | None, register: Register
) -> tuple[str, str]:
    history = agreement or Agreement(request.account_number, request.service_agreement_id or "")
    meters = frozenset(meter.meter_number for meter in request.meters)
    register.put(history.with_entry(verdict.entry, meters))
    return history.account_number, history.service_agreement_id


def _answer(request: EnrollmentRequest, verdict: Applied | Rejected) -> EnrollmentDecision:
    """The answer mirrors the request; only its verdict is ours (Rule 23 of the utilities)."""
    accepted = isinstance(verdict, Applied)
    return EnrollmentDecision(
        transaction_id=request.transaction_id,
        request_id=request.request_id,
        purpose=request.purpose,
        accepted=accepted,
        reasons=() if isinstance(verdict, Applied) else verdict.reasons,
        account_number=request.account_number,
        service_agreement_id=request.service_agreement_id,
        customer_name=request.customer_name,
        effective_on=verdict.entry.effective_on
        if isinstance(verdict, Applied)
        else request.effective_on,
    )
