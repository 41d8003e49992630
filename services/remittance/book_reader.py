"""Reads what a batch of lines or changed receivables can touch, in a fixed number of queries.

However long the history of an account is, only what can still move is read: the receivables that
are named, the lines that name them, and money of the account that waits or stands on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.remittance.part_reader import LineInParts, load_parts, part_book
from services.remittance.placements import Book, Line, LineKey, Placement
from services.remittance.receivables import Receivable, Scope, Standing
from services.remittance.rules import MatchingRules
from shared.contracts.remittance import RemittanceLineKind, RemittanceOutcome
from shared.platform.database import WriteSession

# A usage may have been charged twice (cancel and rebill), and a line may have been placed by its
# usage before the invoice it names was known: those receivables belong to the same question.
_NAMED = text(
    """
    WITH named AS (
        SELECT receivable_id, usage_id FROM remittance.receivable
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND invoice_number = ANY(CAST(:invoices AS text[]))
        UNION ALL
        SELECT receivable_id, usage_id FROM remittance.line_place
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND invoice_number = ANY(CAST(:invoices AS text[]))
    ), ids AS (
        SELECT receivable_id FROM named
        UNION
        SELECT receivable_id FROM remittance.receivable
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND usage_id = ANY(
              array_cat(CAST(:usages AS text[]), ARRAY(SELECT usage_id FROM named))
          )
    )
    SELECT r.receivable_id, r.invoice_number, r.account_number, r.dated_on, r.charged_cents,
           b.cancelled_cents, r.usage_id, b.standing, b.account_money_cents, b.write_off_cents,
           b.written_off_cents
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE r.receivable_id IN (SELECT receivable_id FROM ids)
    """
)

_NAMED_BESIDE = text(
    """
    SELECT DISTINCT invoice_number FROM remittance.line_place
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND usage_id = ANY(CAST(:usages AS text[])) AND invoice_number IS NOT NULL
    """
)

_WAITING_ACCOUNTS = text(
    """
    SELECT account_number, bool_or(unapplied_cents < 0) AS takes_back
    FROM remittance.line_place
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND account_number = ANY(CAST(:accounts AS text[]))
      AND invoice_number IS NULL AND usage_id IS NULL AND unapplied_cents <> 0
      AND kind = 'payment'
    GROUP BY account_number
    """
)

_OF_ACCOUNTS = text(
    """
    SELECT r.receivable_id, r.invoice_number, r.account_number, r.dated_on, r.charged_cents,
           b.cancelled_cents, r.usage_id, b.standing, b.account_money_cents, b.write_off_cents,
           b.written_off_cents
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
      AND r.account_number = ANY(CAST(:accounts AS text[]))
      AND (b.open_cents <> 0 OR b.account_money_cents < 0 OR (
           b.account_money_cents <> 0
           AND r.account_number = ANY(CAST(:taking_back AS text[]))))
    """
)

_KNOWN_ACCOUNTS = text(
    """
    SELECT DISTINCT account_number FROM remittance.receivable
    WHERE cca = :cca AND utility = :utility AND environment = :environment
      AND account_number = ANY(CAST(:accounts AS text[]))
    """
)

_LINES = text(
    """
    WITH keys AS (
        SELECT transaction_id, sequence FROM remittance.line_place
        WHERE receivable_id = ANY(CAST(:ids AS uuid[]))
          AND (invoice_number IS NOT NULL OR usage_id IS NOT NULL)
        UNION
        SELECT transaction_id, sequence FROM remittance.line_place
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND invoice_number = ANY(CAST(:invoices AS text[]))
        UNION
        SELECT transaction_id, sequence FROM remittance.line_place
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND usage_id = ANY(CAST(:usages AS text[])) AND receivable_id IS NULL
        UNION
        SELECT transaction_id, sequence FROM remittance.line_place
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND account_number = ANY(CAST(:accounts AS text[]))
          AND invoice_number IS NULL AND usage_id IS NULL AND unapplied_cents <> 0
        UNION
        SELECT document_id, sequence FROM remittance.receivable_entry
        WHERE receivable_id = ANY(CAST(:with_account_money AS uuid[])) AND account_money
        UNION
        SELECT transaction_id, sequence FROM remittance.line_part
        WHERE target_id = ANY(CAST(:ids AS uuid[])) AND amount_cents <> 0
        UNION
        SELECT * FROM unnest(CAST(:decided AS uuid[]), CAST(:decided_sequences AS integer[]))
    )
    SELECT p.transaction_id, p.sequence, p.kind, p.amount_cents, p.invoice_number, p.usage_id,
           p.account_number, p.adjusting_cents, p.offered_cents, p.reason_code, p.outcome,
           p.receivable_id, p.applied_cents, p.unapplied_cents,
           p.adjusted_cents, p.discount_cents, p.credit_account, p.open_cents, p.flagged,
           p.explanation, p.moves, p.in_parts
    FROM remittance.line_place p JOIN keys USING (transaction_id, sequence)
    WHERE p.kind = 'payment'
    ORDER BY p.place_number
    """
)

_ACCOUNT_APPLICATIONS = text(
    """
    SELECT e.document_id, e.sequence, e.receivable_id, -sum(e.cents)::bigint AS cents
    FROM remittance.receivable_entry e
    JOIN unnest(CAST(:documents AS uuid[]), CAST(:sequences AS integer[]))
         AS wanted (document_id, sequence) USING (document_id, sequence)
    WHERE e.account_money
    GROUP BY e.document_id, e.sequence, e.receivable_id
    HAVING sum(e.cents) <> 0
    ORDER BY min(e.entry_id)
    """
)


@dataclass(slots=True)
class Touched:
    """What changed: numbers of invoices, ids of usage, accounts, lines that people decided on."""

    invoices: set[str] = field(default_factory=set)
    usages: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    decided: set[LineKey] = field(default_factory=set)

    @classmethod
    def by_lines(cls, lines: Sequence[Line]) -> Touched:
        """What new lines can touch."""
        payments = [line for line in lines if line.kind is RemittanceLineKind.PAYMENT]
        return cls(
            invoices={line.invoice_number for line in payments if line.invoice_number is not None},
            usages={line.usage_id for line in payments if line.usage_id is not None},
            accounts={line.account_number or "" for line in payments if line.is_account_money},
        )


@dataclass(frozen=True, slots=True)
class LoadedBook:
    """A book, and what is known of its rows beside what matching needs.

    Attributes:
        book: receivables and earlier placements.
        moves: how often each earlier line has moved.
        written_off: cents written off in effect, of the receivables with any write-off.
        in_parts: lines that people placed parts of, with where each part stands.
    """

    book: Book
    moves: dict[LineKey, int]
    written_off: dict[UUID, int]
    in_parts: dict[LineKey, LineInParts]


async def load_book(
    session: WriteSession,
    scope: Scope,
    touched: Touched,
    lines: Sequence[Line],
    rules: MatchingRules,
) -> LoadedBook:
    """Read every receivable and earlier placement that new lines or changes can touch.

    The scope's lock must be held: what is read here is what the caller's writes rest on.
    """
    reader = _Reader(session, scope)
    if rules.usage_first:
        touched.invoices |= await reader.named_beside(touched.usages)
    rows = {row.receivable_id: row for row in await reader.named(touched)}
    in_play, taking_back = await reader.accounts_in_play(touched, lines, list(rows.values()))
    known: frozenset[str] = frozenset()
    if in_play:
        rows |= {row.receivable_id: row for row in await reader.of(in_play, taking_back)}
        known = await reader.known(in_play)
    line_rows = await reader.lines(touched, in_play, list(rows.values()))
    history = await reader.placements(line_rows)
    receivables = [_receivable(row) for row in rows.values()]
    book = Book(receivables, history, known)
    by_hand = {LineKey(row.transaction_id, row.sequence) for row in line_rows if row.in_parts}
    in_parts: dict[LineKey, LineInParts] = {}
    if touched.decided or by_hand:
        in_parts = await load_parts(session, history, by_hand | touched.decided, by_hand)
        book = part_book(book, in_parts, in_play)
    return LoadedBook(
        book,
        {LineKey(row.transaction_id, row.sequence): row.moves for row in line_rows},
        {
            row.receivable_id: row.written_off_cents
            for row in rows.values()
            if row.write_off_cents or row.written_off_cents
        },
        in_parts,
    )


class _Reader:
    """The queries, within one scope."""

    def __init__(self, session: WriteSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope.values

    async def _all(self, query: Any, **values: Any) -> Sequence[Row[Any]]:  # noqa: ANN401
        return (await self._session.execute(query, self._scope | values)).all()

    async def named(self, touched: Touched) -> Sequence[Row[Any]]:
        if not touched.invoices and not touched.usages:
            return []
        return await self._all(_NAMED, invoices=list(touched.invoices), usages=list(touched.usages))

    async def named_beside(self, usages: set[str]) -> set[str]:
        """Invoices that lines name beside these usages: such a line may leave one for the other."""
        rows = await self._all(_NAMED_BESIDE, usages=list(usages)) if usages else []
        return {row.invoice_number for row in rows}

    async def accounts_in_play(
        self, touched: Touched, lines: Sequence[Line], rows: Sequence[Row[Any]]
    ) -> tuple[set[str], set[str]]:
        """Accounts with account money that may move, and those where some is taken back."""
        in_play = set(touched.accounts)
        in_play |= {row.account_number for row in rows if row.account_money_cents}
        candidates = touched.accounts | {row.account_number for row in rows}
        taking_back = {
            line.account_number or ""
            for line in lines
            if line.is_account_money and line.amount_cents < 0
        }
        if candidates:
            for row in await self._all(_WAITING_ACCOUNTS, accounts=list(candidates)):
                in_play.add(row.account_number)
                if row.takes_back:
                    taking_back.add(row.account_number)
        return in_play, taking_back

    async def of(self, accounts: set[str], taking_back: set[str]) -> Sequence[Row[Any]]:
        return await self._all(_OF_ACCOUNTS, accounts=list(accounts), taking_back=list(taking_back))

    async def known(self, accounts: set[str]) -> frozenset[str]:
        rows = await self._all(_KNOWN_ACCOUNTS, accounts=list(accounts))
        return frozenset(row.account_number for row in rows)

    async def lines(
        self, touched: Touched, accounts: Collection[str], rows: Sequence[Row[Any]]
    ) -> Sequence[Row[Any]]:
        usages = touched.usages | {row.usage_id for row in rows if row.usage_id is not None}
        return await self._all(
            _LINES,
            ids=[row.receivable_id for row in rows],
            invoices=list(touched.invoices),
            usages=list(usages),
            accounts=list(accounts),
            with_account_money=[
                row.receivable_id for row in rows if row.account_number in accounts
            ],
            decided=[key.transaction_id for key in touched.decided],
            decided_sequences=[key.sequence for key in touched.decided],
        )

    async def placements(self, rows: Sequence[Row[Any]]) -> list[Placement]:
        lines = [_line(row) for row in rows]
        spread: dict[LineKey, dict[UUID, int]] = defaultdict(dict)
        keys = [line.key for line in lines if line.is_account_money]
        if keys:
            for row in await self._all(
                _ACCOUNT_APPLICATIONS,
                documents=[key.transaction_id for key in keys],
                sequences=[key.sequence for key in keys],
            ):
                spread[LineKey(row.document_id, row.sequence)][row.receivable_id] = row.cents
        return [
            _placement(line, row, spread.get(line.key))
            for line, row in zip(lines, rows, strict=True)
        ]


def _receivable(row: Row[Any]) -> Receivable:
    return Receivable(
        receivable_id=row.receivable_id,
        invoice_number=row.invoice_number,
        account_number=row.account_number,
        dated_on=row.dated_on,
        charged_cents=row.charged_cents,
        cancelled_cents=row.cancelled_cents,
        usage_id=row.usage_id,
        standing=Standing(row.standing),
        write_off_cents=row.write_off_cents,
    )


def _line(row: Row[Any]) -> Line:
    return Line(
        key=LineKey(row.transaction_id, row.sequence),
        kind=RemittanceLineKind(row.kind),
        amount_cents=row.amount_cents,
        invoice_number=row.invoice_number,
        usage_id=row.usage_id,
        account_number=row.account_number,
        adjusting_cents=row.adjusting_cents,
        offered_cents=row.offered_cents,
        reason_code=row.reason_code,
    )


def _placement(line: Line, row: Row[Any], spread: dict[UUID, int] | None) -> Placement:
    if row.in_parts:  # its parts tell where it stands; account money is what the rest pays
        money = spread or {}
        rest = line.amount_cents - sum(money.values())
        return Placement(line, RemittanceOutcome(row.outcome), row.explanation, money, rest)
    if line.is_account_money:
        applied = spread or {}
    else:
        applied = {row.receivable_id: row.applied_cents} if row.applied_cents else {}
    return Placement(
        line=line,
        outcome=RemittanceOutcome(row.outcome),
        explanation=row.explanation,
        applied=applied,
        unapplied_cents=row.unapplied_cents,
        adjusted_cents=row.adjusted_cents,
        discount_cents=row.discount_cents,
        credit_account=row.credit_account,
        receivable_id=row.receivable_id,
        open_cents=row.open_cents,
        flagged=row.flagged,
    )
