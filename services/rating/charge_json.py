"""Writes charges and their explanations as JSON, in one go.

A billing cycle says millions of lines, and those of a plan differ in quantity and amount alone:
what they share is written once and kept. What is written here was checked on its way in; what
comes out is what the contract `Charge` or the value itself would write, which the tests hold it to.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from json import JSONEncoder
from typing import Final

from services.rating.charging import Line
from services.rating.components.user_tax import city_of
from services.rating.corrections import ChargeDraft
from services.rating.rate_usage import Explanation
from shared.contracts.charges import ChargeLine, ChargeUnit, LineKind
from shared.contracts.measures import cents_text, micro_text
from shared.contracts.parts import Purpose

SHARED_WORDS_MAX: Final = 4_000
"""Lines of plans and periods whose words are kept; a CCA has some dozens in a billing cycle."""

_quoted: Final = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""A text or a list of texts as JSON."""


def charge_json(charge: ChargeDraft, invoiced_on: date) -> str:
    """One charge as JSON: amounts are texts, and what is absent is left out."""
    shared = _shared_by_charges(
        charge.purpose,
        invoiced_on,
        charge.due_on,
        charge.period_start,
        charge.period_end,
        charge.estimated,
        charge.plan_id,
        charge.plan_version,
    )
    return shared % (
        charge.charge_id,
        _quoted(charge.invoice_number),
        _said("original_invoice_number", charge.original_invoice_number),
        charge.transaction_id,
        _quoted(charge.usage_id),
        _quoted(charge.account_number),
        _said("service_agreement_id", charge.service_agreement_id),
        _quoted(charge.customer_name),
        ",".join([line_json(line, n) for n, line in enumerate(charge.lines, start=1)]),
        cents_text(charge.total_cents),
    )


def _said(name: str, words: str | None) -> str:
    return "" if words is None else f',"{name}":{_quoted(words)}'


@lru_cache(maxsize=SHARED_WORDS_MAX)
def _shared_by_charges(
    purpose: Purpose,
    invoiced_on: date,
    due_on: date | None,
    period_start: date,
    period_end: date,
    estimated: bool,  # noqa: FBT001  a key like the others
    plan_id: str,
    plan_version: str,
) -> str:
    """What charges of a plan and period say alike; places are kept for what is each one's own."""
    due = "" if due_on is None else f',"due_on":"{due_on}"'
    plan = f'"plan_id":{_quoted(plan_id)},"plan_version":{_quoted(plan_version)}'
    return (
        f'{{"charge_id":"%s","invoice_number":%s%s,"purpose":"{purpose}","transaction_id":"%s"'
        ',"usage_id":%s,"account_number":%s%s,"customer_name":%s'
        f',"invoiced_on":"{invoiced_on}"{due},"period_start":"{period_start}"'
        f',"period_end":"{period_end}","estimated":{_quoted(estimated)}'
        f',{_literal(plan)},"lines":[%s],"total":"%s"}}'
    )


def _literal(words: str) -> str:
    """Words of a template that are no places."""
    return words.replace("%", "%%")


def line_json(line: Line, sequence: int) -> str:
    """One charge line as JSON."""
    quantity = line.quantity_micro
    shared = _shared_by_lines(
        line.line_id,
        line.kind,
        line.code,
        line.label,
        quantity is not None,
        line.unit,
        line.price_micro,
        city_of(line),
    )
    if quantity is None:
        return shared % (sequence, cents_text(line.cents))
    return shared % (sequence, micro_text(quantity), cents_text(line.cents))


def explanation_json(told: Explanation) -> str:
    """Why a charge is what it is, as JSON; `store_charges.explanation_of` reads it."""
    shared = _shared_by_explanations(
        told.plans, told.sources, told.parts, told.user_tax, told.prorated, told.hours
    )
    return shared % ",".join(
        [
            _shared_by_reasons(one.line_id, one.plan, one.estimated)
            % (_quoted(one.rule), _quoted(one.usage_id))
            for one in told.lines
        ]
    )


def line_item(line: Line, sequence: int) -> ChargeLine:
    """One charge line in the words of the contract."""
    return ChargeLine.model_validate_json(line_json(line, sequence))


@lru_cache(maxsize=SHARED_WORDS_MAX)
def _shared_by_lines(
    line_id: str,
    kind: LineKind,
    code: str,
    label: str,
    has_quantity: bool,  # noqa: FBT001  a key like the others
    unit: ChargeUnit | None,
    price_micro: int | None,
    city: str,
) -> str:
    """What a line says to everyone on a plan; places are kept for what is each account's own."""
    price = None if price_micro is None else micro_text(price_micro)
    line = (
        f'"line_id":{_quoted(line_id)},"kind":"{kind}","code":{_quoted(code)}'
        f',"label":{_quoted(label)}'
    )
    quantity = ',"quantity":"%s"' if has_quantity else ""
    sold = f"{_said('unit', unit)}{_said('price', price)}"
    where = f'"jurisdiction":{_quoted(city)}'
    return (
        f'{{"sequence":%d,{_literal(line)}{quantity}{_literal(sold)},"amount":"%s"'
        f",{_literal(where)}}}"
    )


@lru_cache(maxsize=SHARED_WORDS_MAX)
def _shared_by_explanations(
    plans: tuple[str, ...],
    sources: tuple[str, ...],
    parts: tuple[str, ...],
    user_tax: str,
    prorated: bool,  # noqa: FBT001  a key like the others
    hours: tuple[str, ...],
) -> str:
    before = (
        f'"plans":{_quoted(plans)},"sources":{_quoted(sources)},"parts":{_quoted(parts)}'
        f',"user_tax":{_quoted(user_tax)},"prorated":{_quoted(prorated)}'
    )
    after = f'"hours":{_quoted(hours)}'
    return f'{{{_literal(before)},"lines":[%s],{_literal(after)}}}'


@lru_cache(maxsize=SHARED_WORDS_MAX)
def _shared_by_reasons(line_id: str, plan: str, estimated: bool) -> str:  # noqa: FBT001  a key
    before, after = f'"line_id":{_quoted(line_id)}', f'"plan":{_quoted(plan)}'
    return (
        f'{{{_literal(before)},"rule":%s,{_literal(after)},"usage_id":%s'
        f',"estimated":{_quoted(estimated)}}}'
    )
