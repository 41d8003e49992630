"""Reads ISO 20022 statements (CAMT.053): one XML document with the booked entries of accounts.

Source: ISO 20022 BankToCustomerStatement, all versions from 001.02: names are compared without
their namespace, and only what every version shares is read. XML from outside is parsed with
entities, external references and document types switched off.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.remittance.bank.statement import (
    CURRENCY,
    Doubt,
    Movement,
    Problem,
    Statement,
    UnreadableFile,
    references_in,
    traces_in,
)

OPENING: Final = ("OPBD", "PRCD")
"""Opening booked; or the closing booked balance of the statement before."""
CLOSING: Final = ("CLBD",)
BOOKED: Final = "BOOK"
NOT_PROVIDED: Final = "NOTPROVIDED"
REFERENCES: Final = ("EndToEndId", "TxId", "InstrId", "AcctSvcrRef", "ClrSysRef", "PmtInfId", "Ref")

_AMOUNT: Final = re.compile(r"(?P<whole>\d{1,15})(?:\.(?P<part>\d{1,2})0*)?")
_SIGN: Final = {"CRDT": 1, "DBIT": -1}
_DAY_LETTERS: Final = 10


def read(data: bytes) -> tuple[Statement, ...]:
    """Read every statement of a document.

    Raises:
        UnreadableFile: it is no well-formed CAMT.053, or tries something that XML from a bank
            has no need for.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as fault:
        raise UnreadableFile(f"CAMT.053: {type(fault).__name__}: {fault}") from fault
    statements = _all(root, "BkToCstmrStmt/Stmt")
    if not statements:
        raise UnreadableFile("CAMT.053: the document holds no statement (BkToCstmrStmt/Stmt)")
    return tuple(_statement(each) for each in statements)


def _statement(statement: Element) -> Statement:
    account = _word(statement, "Acct/Id/IBAN") or _word(statement, "Acct/Id/Othr/Id")
    if not account:
        raise UnreadableFile("CAMT.053: a statement names no account (Acct/Id)")
    entries = [each for each in _all(statement, "Ntry") if _status(each) == BOOKED]
    currencies = {each.get("Ccy", CURRENCY) for entry in entries for each in _all(entry, "Amt")}
    currencies.add(_word(statement, "Acct/Ccy") or CURRENCY)
    problems = [
        Problem(Doubt.CURRENCY, f"an amount in {currency}")
        for currency in sorted(currencies - {CURRENCY})
    ]
    movements = tuple(_movement(entry) for entry in entries)
    balances = [_balance(each) for each in _all(statement, "Bal")]
    opening, closing = _first(balances, OPENING), _first(balances, CLOSING)
    return Statement(
        account_number=account,
        reference=_word(statement, "Id"),
        as_of=_as_of(statement, closing, movements),
        opening_cents=opening[1] if opening else None,
        closing_cents=closing[1] if closing else None,
        movements=movements,
        problems=(*problems, *_summary(statement, movements)),
    )


def _movement(entry: Element) -> Movement:
    numbers = [_word(entry, "AcctSvcrRef"), _word(entry, "NtryRef")]
    numbers += [
        each.text or ""
        for detail in _all(entry, "NtryDtls/TxDtls")
        for each in detail.iter()
        if _name(each) in REFERENCES and each.text != NOT_PROVIDED
    ]
    words = [each.text for each in entry.iter() if _name(each) in {"Ustrd", "AddtlRmtInf"}]
    payers = [
        each.text
        for party in entry.iter()
        if _name(party) == "Dbtr"
        for each in party.iter()
        if _name(each) == "Nm"
    ]
    text = " ".join(filter(None, [*payers, *words, _word(entry, "AddtlNtryInf")]))
    return Movement(
        booked_on=_day(entry, "BookgDt") or _day(entry, "ValDt") or _missing("BookgDt"),
        cents=_signed(entry),
        code=_word(entry, "BkTxCd/Domn/Fmly/SubFmlyCd") or _word(entry, "BkTxCd/Prtry/Cd"),
        bank_reference=_word(entry, "AcctSvcrRef"),
        traces=traces_in(text),
        references=references_in(numbers, text),
        text=text,
    )


Balance = tuple[str, int, date | None]


def _balance(balance: Element) -> Balance:
    kind = _word(balance, "Tp/CdOrPrtry/Cd")
    return kind, _signed(balance), _day(balance, "Dt") or _day_of(_word(balance, "Dt"))


def _first(balances: list[Balance], kinds: tuple[str, ...]) -> Balance | None:
    """Return the balance of the first kind that the statement tells."""
    return next((each for kind in kinds for each in balances if each[0] == kind), None)


def _as_of(statement: Element, closing: Balance | None, movements: tuple[Movement, ...]) -> date:
    """Return the last day that the statement speaks of."""
    told = (closing[2] if closing else None) or _day_of(_word(statement, "FrToDt/ToDtTm"))
    days = [each.booked_on for each in movements]
    return (
        told or max(days, default=None) or _day_of(_word(statement, "CreDtTm")) or _missing("Bal")
    )


def _summary(statement: Element, movements: tuple[Movement, ...]) -> list[Problem]:
    """Compare the statement's own count of booked entries, where it tells one."""
    told = _word(statement, "TxsSummry/TtlNtries/NbOfNtries")
    everything = len(_all(statement, "Ntry"))
    if not told or told.lstrip("0") in {str(len(movements)), str(everything)}:
        return []
    return [
        Problem(Doubt.CONTROL_TOTAL, f"the summary counts {told} entries, there are {everything}")
    ]


def _signed(holder: Element) -> int:
    """Return the amount of a balance or an entry in cents, signed by its indicator."""
    text, sign = _word(holder, "Amt"), _SIGN.get(_word(holder, "CdtDbtInd"))
    found = _AMOUNT.fullmatch(text)
    if found is None or sign is None:
        raise UnreadableFile(f"CAMT.053: {text!r} with {_word(holder, 'CdtDbtInd')!r} is no amount")
    cents = int(found["whole"]) * 100 + int((found["part"] or "").ljust(2, "0"))
    return sign * cents


def _status(entry: Element) -> str:
    """Booked, pending or for information; a code of its own since version 8."""
    return _word(entry, "Sts/Cd") or _word(entry, "Sts") or BOOKED


def _day(holder: Element, name: str) -> date | None:
    return _day_of(_word(holder, f"{name}/Dt") or _word(holder, f"{name}/DtTm"))


def _day_of(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:_DAY_LETTERS])
    except ValueError as fault:
        raise UnreadableFile(f"CAMT.053: {text!r} is no day") from fault


def _missing(name: str) -> date:
    raise UnreadableFile(f"CAMT.053: no day is told ({name})")


def _name(element: Element) -> str:
    """Return an element's name without its namespace, which differs with every version."""
    return element.tag.rpartition("}")[2]


def _all(holder: Element, path: str) -> list[Element]:
    found = [holder]
    for name in path.split("/"):
        found = [child for each in found for child in each if _name(child) == name]
    return found


def _word(holder: Element, path: str) -> str:
    found = _all(holder, path)
    return (found[0].text or "").strip() if found else ""
