"""Writes matches as a table: one row for each payment and each deposit, for a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from itertools import zip_longest
from typing import Final

from services.remittance.bank.desk import BankDesk
from services.remittance.bank.questions import every_match
from services.remittance.bank.views import MatchView
from services.remittance.receivables import Scope
from shared.platform.web.csv_file import Identifier, Value, lines

HEAD: Final = (
    *("cca", "utility", "match", "outcome", "since", "age_days", "late", "difference_usd"),
    *("trace_number", "settled_on", "announced_usd", "applied_to_charges_usd", "unapplied_usd"),
    *("bank_account", "booked_on", "deposited_usd", "bank_reference", "bank_words", "explanation"),
)


async def matches_csv(
    desk: BankDesk, scopes: Sequence[Scope], on: date, which: str
) -> AsyncIterator[str]:
    """Yield the table piece by piece.

    Args:
        desk: where to read.
        scopes: whose matches, in this order.
        on: the day up to which ages are counted.
        which: as for `questions.matches`.
    """
    yield lines([HEAD])
    async with desk.database.read() as session:
        for scope in scopes:
            async for match in every_match(session, scope, on, which):
                yield lines(_rows(scope, match))


def _rows(scope: Scope, match: MatchView) -> Iterator[tuple[Value, ...]]:
    """Set payments and deposits side by side; the match itself stands in its first row only."""
    for number, (paid, moved) in enumerate(zip_longest(match.payments, match.deposits)):
        yield (
            *(scope.cca, scope.utility, match.match_id, match.outcome.value, match.since),
            *(match.age_days, match.late, None if number else match.difference),
            *(
                (
                    Identifier(paid.trace_number),
                    paid.settled_on,
                    paid.announced,
                    paid.applied,
                    paid.unapplied,
                )
                if paid
                else (None,) * 5
            ),
            *(
                (
                    moved.account,
                    moved.booked_on,
                    moved.amount,
                    Identifier(moved.bank_reference),
                    moved.words,
                )
                if moved
                else (None,) * 5
            ),
            match.explanation,
        )
