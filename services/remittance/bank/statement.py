"""A bank statement as we understand it, whichever kind of file it came in.

The readers of BAI2, CAMT.053 and CTX files make these values; everything behind them works with
these alone. Amounts are signed integer cents: money that came in is positive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final

from shared.platform.refusals import Refusal

CURRENCY: Final = "USD"
WORD_LEAST: Final = 5
"""A word of free text shorter than this is no reference: "A1" or "2026" would match by luck."""

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_TRN: Final = re.compile(r"TRN(?P<separator>[^A-Za-z0-9\s])\d{1,2}(?P=separator)([A-Za-z0-9 _.-]+)")


class FileFormat(StrEnum):
    """The kinds of files that banks send."""

    BAI2 = "bai2"
    CAMT053 = "camt053"
    CTX = "ctx"


class UnreadableFile(Refusal):
    """The file is none of the kinds we read, or is damaged; nothing of it is kept."""

    code: ClassVar[str] = "unreadable_bank_file"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This is no bank file that can be read"


class Doubt(StrEnum):
    """Why a statement is held and moves nothing."""

    BALANCES = "balances"
    """Opening balance and movements do not come to the closing balance."""
    CONTROL_TOTAL = "control_total"
    """The file's own control totals or counts disagree with what it holds."""
    CURRENCY = "currency"
    UNKNOWN_CODE = "unknown_code"
    """A movement of which nobody can tell whether it came in or went out."""
    NOT_AN_UPDATE = "not_an_update"
    """The bank calls it a test, a deletion or a correction."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not add up in a statement; `difference_cents` where it is an amount."""

    doubt: Doubt
    message: str
    difference_cents: int = 0


@dataclass(frozen=True, slots=True)
class Movement:
    """One amount that came into the account, or went out of it.

    Attributes:
        booked_on: the day the bank booked it.
        cents: signed; negative for money that went out.
        code: the bank's own word for the kind of movement: BAI2 type, ISO 20022 code, SEC code.
        bank_reference: the bank's number of this movement; empty when it gives none.
        traces: the TRN02 of X12 in the words of the bank, as `folded` writes it.
        references: everything else that may be one: the bank's fields, words with a digit in them.
        text: the bank's words about it, for people.
    """

    booked_on: date
    cents: int
    code: str
    bank_reference: str
    traces: frozenset[str]
    references: frozenset[str]
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What one file says of one account.

    Attributes:
        account_number: as the bank writes it; never shown, see `bank.accounts`.
        reference: the bank's own number of the statement; empty when it gives none.
        opening_cents, closing_cents: booked balances; None where the file tells none.
        problems: what the reader found wrong; `held_for` adds the balances.
    """

    account_number: str
    reference: str
    as_of: date
    opening_cents: int | None
    closing_cents: int | None
    movements: tuple[Movement, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def moved_cents(self) -> int:
        """The sum of all movements."""
        return sum(movement.cents for movement in self.movements)

    @property
    def proved(self) -> bool:
        """Whether the file tells both balances, so that its movements can be proved whole."""
        return self.opening_cents is not None and self.closing_cents is not None

    @property
    def held_for(self) -> tuple[Problem, ...]:
        """Why this statement may move nothing; empty for a good one."""
        if self.opening_cents is None or self.closing_cents is None:
            return self.problems
        difference = self.opening_cents + self.moved_cents - self.closing_cents
        if not difference:
            return self.problems
        message = (
            f"opening {dollars(self.opening_cents)} and movements {dollars(self.moved_cents)} do "
            f"not come to closing {dollars(self.closing_cents)}: {dollars(difference)} too much"
        )
        return (*self.problems, Problem(Doubt.BALANCES, message, difference))


def dollars(cents: int) -> str:
    """Write cents for a sentence: -1,234.56."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def folded(reference: str) -> str:
    """Write a reference so that banks' spellings compare: upper case, no leading zeros."""
    return reference.strip().upper().lstrip("0")


def traces_in(words: str) -> frozenset[str]:
    """Return the TRN02 of every X12 TRN segment in a text."""
    return frozenset(folded(trace) for _, trace in _TRN.findall(words)) - {""}


def references_in(numbers: Iterable[str], words: str) -> frozenset[str]:
    """Collect what may be a trace number.

    Args:
        numbers: references that stand in fields of their own; taken whole.
        words: free text, of which every word with a digit in it may be one.
    """
    spoken = (
        word
        for word in _WORD.findall(words)
        if len(word) >= WORD_LEAST and any(letter.isdigit() for letter in word)
    )
    return frozenset(folded(each) for each in (*numbers, *spoken)) - {""}
