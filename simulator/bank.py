"""The CCAs' bank: writes the statement (BAI2) on which the utility's payments arrive.

A bank knows nothing of invoices: it books what was transferred, on the day it was settled, and
repeats the trace number that came in the addenda. Balances are carried from day to day.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from simulator.places import Cca, UtilityIdentity

BANK: Final = "121000248"
FILE: Final = "1"
ACH_CREDIT: Final = "142"
OPENING: Final = "010"
CLOSING: Final = "015"
RECORD_LETTERS: Final = 80


@dataclass(frozen=True, slots=True)
class Deposit:
    """One transfer to a CCA's account."""

    cca: Cca
    trace: str
    cents: int
    booked: date


def account_of(cca: Cca) -> str:
    """The invented number of a CCA's account; the 820 names it in BPR15."""
    return f"40{cca.duns[-8:]}"


def statement(utility: UtilityIdentity, deposits: Iterable[Deposit], made: date) -> str:
    """Write one transmission: a group for each day, an account for each CCA paid that day.

    Args:
        utility: who pays.
        deposits: what it transferred; nothing is booked for an amount of zero.
        made: the day the bank writes the file.
    """
    by_day: dict[date, dict[str, list[Deposit]]] = defaultdict(lambda: defaultdict(list))
    for deposit in deposits:
        if deposit.cents:
            by_day[deposit.booked][deposit.cca.key].append(deposit)
    balance: dict[str, int] = defaultdict(int)
    lines = [f"01,{BANK},CCA,{made:%y%m%d},0600,{FILE},{RECORD_LETTERS},,2/"]
    total = 0
    for day in sorted(by_day):
        group, sum_ = _group(utility, day, list(by_day[day].values()), balance)
        lines += group
        total += sum_
    lines.append(f"99,{total},{len(by_day)},{len(lines) + 1}/")
    return "".join(f"{line}\n" for line in lines)


def _group(
    utility: UtilityIdentity,
    day: date,
    accounts: Sequence[Sequence[Deposit]],
    balance: dict[str, int],
) -> tuple[list[str], int]:
    lines = [f"02,CCA,{BANK},1,{day:%y%m%d},2359,USD,2/"]
    total = 0
    for deposits in accounts:
        account, sum_ = _account(utility, deposits, balance)
        lines += account
        total += sum_
    lines.append(f"98,{total},{len(accounts)},{len(lines) + 1}/")
    return lines, total


def _account(
    utility: UtilityIdentity, deposits: Sequence[Deposit], balance: dict[str, int]
) -> tuple[list[str], int]:
    """Write an account; its control total is the sum of every amount in its records."""
    cca = deposits[0].cca
    opening = balance[cca.key]
    closing = opening + sum(deposit.cents for deposit in deposits)
    balance[cca.key] = closing
    lines = [f"03,{account_of(cca)},USD,{OPENING},{opening},,,{CLOSING},{closing},,/"]
    for number, deposit in enumerate(deposits, 1):
        reference = f"{deposit.booked:%y%m%d}{number:04d}"
        lines += [
            f"16,{ACH_CREDIT},{deposit.cents},Z,{reference},,{utility.name} ACH CREDIT",
            f"88,TRN*1*{deposit.trace}*1{utility.duns}",
        ]
    total = opening + closing + sum(deposit.cents for deposit in deposits)
    lines.append(f"49,{total},{len(lines) + 1}/")
    return lines, total
