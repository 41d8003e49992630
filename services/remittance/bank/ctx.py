"""Reads NACHA files: the ACH credits that a bank passed on, with their addenda.

Source: NACHA Operating Rules, appendix on file formats: records of 94 letters; a CTX entry carries
an X12 820, or only its TRN, in addenda of 80 letters. Such a file tells no balances: it tells which
820 a deposit belongs to, and is proved by its own counts and control totals.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from services.remittance.bank.statement import (
    Doubt,
    Movement,
    Problem,
    Statement,
    UnreadableFile,
    dollars,
    references_in,
    traces_in,
)

RECORD_LETTERS: Final = 94
FILLER: Final = "9" * RECORD_LETTERS
CREDITS: Final = frozenset({"22", "32", "42", "52"})
DEBITS: Final = frozenset({"27", "37", "47", "55"})
PRENOTES: Final = frozenset({"23", "28", "33", "38", "43", "48"})
HASH_DIGITS: Final = 10
ADDENDA: Final = slice(3, 83)
X12_PAYMENT: Final = "BPR"


@dataclass(slots=True)
class _Entry:
    """An entry as it is gathered: the 6 record, and the addenda behind it."""

    record: str
    addenda: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    header: str
    entries: list[_Entry] = field(default_factory=list)
    control: str = ""


def read(text: str) -> tuple[Statement, ...]:
    """Read the entries of a file, one statement for each of our accounts.

    Raises:
        UnreadableFile: a record has another length, stands in the wrong place or is damaged.
    """
    records = _records(text)
    if any(len(record) > RECORD_LETTERS for record in records):
        raise UnreadableFile("NACHA: a record has more than 94 letters")
    batches, control = _gathered([record for record in records if record != FILLER])
    problems = [*_file_control(batches, control)]
    by_account: dict[str, list[Movement]] = defaultdict(list)
    for batch in batches:
        problems += _batch_control(batch)
        for entry in batch.entries:
            movement = _movement(entry, batch.header, problems)
            if movement is not None:
                by_account[entry.record[12:29].strip()].append(movement)
    if problems and not by_account:
        raise UnreadableFile(f"NACHA: {problems[0].message}")
    return tuple(
        Statement(
            account_number=account,
            reference=records[0][23:34].strip(),
            as_of=max(movement.booked_on for movement in movements),
            opening_cents=None,
            closing_cents=None,
            movements=tuple(movements),
            problems=tuple(problems),
        )
        for account, movements in by_account.items()
    )


def _records(text: str) -> list[str]:
    """Cut a file into records, also one that has no line ends."""
    lines = text.splitlines()
    if len(lines) == 1 and len(lines[0]) % RECORD_LETTERS == 0:
        whole = lines[0]
        lines = [whole[at : at + RECORD_LETTERS] for at in range(0, len(whole), RECORD_LETTERS)]
    return [line.ljust(RECORD_LETTERS) for line in lines if line.strip()]


def _gathered(records: list[str]) -> tuple[list[_Batch], str]:
    """Put the records into batches; return them with the file's control record."""
    if not records or records[0][0] != "1" or records[-1][0] != "9":
        raise UnreadableFile("NACHA: a file begins with a 1 record and ends with a 9 record")
    batches: list[_Batch] = []
    for record in records[1:-1]:
        inside = bool(batches) and not batches[-1].control
        if record[0] == "5" and not inside:
            batches.append(_Batch(record))
        elif record[0] == "6" and inside:
            batches[-1].entries.append(_Entry(record))
        elif record[0] == "7" and inside and batches[-1].entries:
            batches[-1].entries[-1].addenda.append(record)
        elif record[0] == "8" and inside:
            batches[-1].control = record
        else:
            raise UnreadableFile(f"NACHA: a record of type {record[0]} stands in the wrong place")
    if batches and not batches[-1].control:
        raise UnreadableFile("NACHA: the last batch ends before its control record (8)")
    return batches, records[-1]


def _movement(entry: _Entry, header: str, problems: list[Problem]) -> Movement | None:
    code, cents = entry.record[1:3], _number(entry.record, 29, 39)
    if code in PRENOTES or not cents:
        return None
    if code not in CREDITS | DEBITS:
        message = f"transaction code {code} tells neither credit nor debit"
        problems.append(Problem(Doubt.UNKNOWN_CODE, message))
        return None
    trace, identification = entry.record[79:94].strip(), entry.record[39:54].strip()
    payer = header[4:20].strip()
    said = "".join(each[ADDENDA] for each in entry.addenda)
    # An 820 in the addenda names bank accounts (BPR) and customers: only its trace is kept.
    traces = traces_in(said)
    words = " ".join(sorted(traces)) if X12_PAYMENT in said else said.strip()
    return Movement(
        booked_on=_day(header[69:75]),
        cents=cents if code in CREDITS else -cents,
        code=header[50:53],
        bank_reference=trace,
        traces=traces,
        references=references_in((trace, identification), words),
        text=" ".join(filter(None, (payer, identification, words))),
    )


def _batch_control(batch: _Batch) -> list[Problem]:
    control, records = batch.control, [entry.record for entry in batch.entries]
    counted = len(records) + sum(len(entry.addenda) for entry in batch.entries)
    return [
        *_compare("batch", "entries and addenda", _number(control, 4, 10), counted),
        *_compare("batch", "entry hash", _number(control, 10, 20), _hash(records)),
        *_sums("batch", records, (_number(control, 20, 32), _number(control, 32, 44))),
    ]


def _file_control(batches: list[_Batch], control: str) -> list[Problem]:
    records = [entry.record for batch in batches for entry in batch.entries]
    addenda = sum(len(entry.addenda) for batch in batches for entry in batch.entries)
    return [
        *_compare("file", "batches", _number(control, 1, 7), len(batches)),
        *_compare("file", "entries and addenda", _number(control, 13, 21), len(records) + addenda),
        *_compare("file", "entry hash", _number(control, 21, 31), _hash(records)),
        *_sums("file", records, (_number(control, 31, 43), _number(control, 43, 55))),
    ]


def _compare(level: str, what: str, told: int, found: int) -> list[Problem]:
    if told == found:
        return []
    message = f"the {level}'s control record says {told} {what}, there are {found}"
    return [Problem(Doubt.CONTROL_TOTAL, message)]


def _sums(level: str, records: list[str], told: tuple[int, int]) -> list[Problem]:
    """Compare the totals of debits and credits."""
    debits = sum(_number(each, 29, 39) for each in records if each[1:3] in DEBITS)
    credits_ = sum(_number(each, 29, 39) for each in records if each[1:3] in CREDITS)
    return [
        Problem(
            Doubt.CONTROL_TOTAL,
            f"the {level}'s control record says {name} {dollars(said)}, there are {dollars(sum_)}",
            sum_ - said,
        )
        for name, said, sum_ in (("debits", told[0], debits), ("credits", told[1], credits_))
        if said != sum_
    ]


def _hash(records: list[str]) -> int:
    """Add up the receiving banks' numbers without check digit; the last ten digits count."""
    return int(sum(_number(each, 3, 11) for each in records) % 10**HASH_DIGITS)


def _number(record: str, start: int, end: int) -> int:
    text = record[start:end]
    if not (text.isascii() and text.isdigit()):
        raise UnreadableFile(f"NACHA: {text!r} is no number, in a record of type {record[0]}")
    return int(text)


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError as fault:
        raise UnreadableFile(f"NACHA: {text!r} is no day") from fault
