"""What a check found: a value with code, place, numbers and a sentence for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

MESSAGE_LENGTH_MAX = 264


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One finding about one meter of one 867.

    Attributes:
        transaction_id: the 867.
        account_number: whose it is.
        meter_number: the meter.
        code: the check.
        mode: `warn` or `hold`, as the setting in force said.
        first_day: first local day concerned.
        last_day: the last one.
        intervals: how many intervals are concerned; 0 for a finding about a whole period.
        numbers: what was compared, by name; kWh and kW as text, counts as integers.
        message: a sentence for a person.
    """

    transaction_id: UUID
    account_number: str
    meter_number: str
    code: str
    mode: str
    first_day: date
    last_day: date
    intervals: int
    numbers: Mapping[str, str | int]
    message: str


def messages(findings: Mapping[UUID, Iterable[CheckFinding]]) -> dict[UUID, dict[str, str]]:
    """What was found about each 867, by check: the words with which its audit speaks."""
    told: dict[UUID, dict[str, str]] = {}
    for transaction_id, theirs in findings.items():
        words = told.setdefault(transaction_id, {})
        for one in theirs:
            before = words.get(one.code)
            mine = f"meter {one.meter_number}: {one.message}"
            words[one.code] = f"{before}; {mine}" if before else mine
    return told
