"""Reads BAI2 files: what United States banks report of an account at the end of a day.

Source: BAI Cash Management Balance Reporting Specifications, version 2 (2005). The records are read
by the library `bai2`; what it would refuse or not notice is put right here: it knows no codes
beyond its list, no record that ends early, and nothing behind a file's trailer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from bai2.constants import GroupStatus
from bai2.exceptions import IntegrityException, NotSupportedYetException, ParsingException
from bai2.helpers import IteratorHelper
from bai2.models import Record
from bai2.parsers import (
    AccountIdentifierParser,
    AccountParser,
    Bai2FileParser,
    GroupParser,
    TransactionDetailParser,
)

from services.remittance.bank.statement import (
    CURRENCY,
    Doubt,
    Movement,
    Problem,
    Statement,
    UnreadableFile,
    dollars,
    references_in,
    traces_in,
)

FILE_HEADER: Final = "01"
FILE_TRAILER: Final = "99"
OPENING_LEDGER: Final = "010"
CLOSING_LEDGER: Final = "015"
NON_MONETARY: Final = "890"
CREDITS: Final = range(100, 400)
DEBITS: Final = range(400, 700)
TRAILING_FIELDS: Final = 3
"""Bank reference, customer reference and text, which a record that ends early leaves out."""

# What the library raises on damaged records: its own exceptions, and Python's where it looked
# no closer.
_DAMAGED: Final = (
    IntegrityException,
    NotSupportedYetException,
    ParsingException,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class _Detail(TransactionDetailParser):  # type: ignore[misc]  # the library ships no types
    """A movement with any type code, also one that ends before its references."""

    head_fields_config = (("type_code", str), *TransactionDetailParser.head_fields_config[1:])

    def _parse_fields(self, record: Record) -> Any:  # noqa: ANN401
        whole = Record(record.code, [*record.fields, *[""] * TRAILING_FIELDS], record.rows)
        fields = super()._parse_fields(whole)
        return fields | {"text": (fields["text"] or "").rstrip(",")}


class _Identifier(AccountIdentifierParser):  # type: ignore[misc]
    summary_fields_config = (
        ("type_code", str),
        *AccountIdentifierParser.summary_fields_config[1:],
    )


class _Account(AccountParser):  # type: ignore[misc]
    header_parser_class = _Identifier
    child_parser_class = _Detail


class _Group(GroupParser):  # type: ignore[misc]
    child_parser_class = _Account


class _File(Bai2FileParser):  # type: ignore[misc]
    child_parser_class = _Group


def read(text: str) -> tuple[Statement, ...]:
    """Read every account of a BAI2 transmission.

    Raises:
        UnreadableFile: a record is damaged or missing.
    """
    statements: list[Statement] = []
    for records in _files(text):
        try:
            parsed = _File(IteratorHelper(records), check_integrity=False).parse()
            statements += _statements(parsed)
        except _DAMAGED as fault:
            raise UnreadableFile(f"BAI2: {fault}") from fault
    return tuple(statements)


def _files(text: str) -> Iterator[list[str]]:
    """Cut a transmission into its files; the library would never come to the end of half a one."""
    records: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if bool(records) == line.startswith(FILE_HEADER):
            raise UnreadableFile(f"BAI2: a file begins with 01 and ends with 99, not {line[:2]!r}")
        records.append(line)
        if line.startswith(FILE_TRAILER):
            yield records
            records = []
    if records:
        raise UnreadableFile("BAI2: the file ends before its trailer (99)")


def _statements(parsed: Any) -> Iterator[Statement]:  # noqa: ANN401
    """Make a statement of every account of a parsed file."""
    whole = _control(
        "file",
        parsed.trailer.file_control_total,
        [g.trailer.group_control_total for g in parsed.children],
    )
    for group in parsed.children:
        header = group.header
        accounts = [each.trailer.account_control_total for each in group.children]
        problems = [*whole, *_control("group", group.trailer.group_control_total, accounts)]
        if header.group_status is not GroupStatus.update:
            problems.append(
                Problem(Doubt.NOT_AN_UPDATE, f"group status {header.group_status.name}")
            )
        for account in group.children:
            yield _statement(account, header, parsed.header.file_id or "", problems)


def _statement(account: Any, group: Any, file_id: str, shared: list[Problem]) -> Statement:  # noqa: ANN401
    header, as_of = account.header, group.as_of_date
    problems = [*shared, *_account_control(account)]
    currency = header.currency or group.currency or CURRENCY
    if currency != CURRENCY:
        problems.append(Problem(Doubt.CURRENCY, f"the account is kept in {currency}"))
    movements = []
    for detail in account.children:
        sign = _sign(detail.type_code)
        if sign is None:
            message = f"type {detail.type_code} tells neither credit nor debit"
            problems.append(Problem(Doubt.UNKNOWN_CODE, message))
        elif sign and detail.amount:
            movements.append(_movement(detail, as_of, sign))
    balances = {each.type_code: each.amount for each in header.summary_items}
    return Statement(
        account_number=header.customer_account_number,
        reference=str(file_id),
        as_of=as_of,
        opening_cents=balances.get(OPENING_LEDGER),
        closing_cents=balances.get(CLOSING_LEDGER),
        movements=tuple(movements),
        problems=tuple(problems),
    )


def _movement(detail: Any, as_of: date, sign: int) -> Movement:  # noqa: ANN401
    bank, customer = detail.bank_reference or "", detail.customer_reference or ""
    return Movement(
        booked_on=as_of,
        cents=sign * detail.amount,
        code=detail.type_code,
        bank_reference=bank,
        traces=traces_in(detail.text),
        references=references_in((bank, customer), detail.text),
        text=" ".join(filter(None, (customer, detail.text))),
    )


def _sign(code: str) -> int | None:
    """Tell whether money came in (1) or went out (-1), or nothing moved (0); None: unknown."""
    if code == NON_MONETARY:
        return 0
    number = int(code)
    if number in CREDITS:
        return 1
    return -1 if number in DEBITS else None


def _account_control(account: Any) -> list[Problem]:  # noqa: ANN401
    amounts = [each.amount or 0 for each in (*account.header.summary_items, *account.children)]
    problems = _control("account", account.trailer.account_control_total, amounts)
    rows = sum(len(each.rows) for each in (account.header, *account.children, account.trailer))
    counted = account.trailer.number_of_records
    if counted is not None and counted != rows:
        message = f"the account's trailer counts {counted} records, there are {rows}"
        problems.append(Problem(Doubt.CONTROL_TOTAL, message))
    return problems


def _control(level: str, told: int | None, amounts: list[int]) -> list[Problem]:
    difference = sum(amounts) - (told or 0)
    if not difference:
        return []
    message = (
        f"the {level}'s control total is {dollars(told or 0)}, its amounts come to "
        f"{dollars(sum(amounts))}"
    )
    return [Problem(Doubt.CONTROL_TOTAL, message, difference)]
