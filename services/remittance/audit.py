"""Proves the books: every balance is derived again from its entries and compared.

An auditor, the demo and a nightly run ask the same question: is every cent of every 820 applied,
unapplied or adjusted, and do journal, receivables and lines tell one story? Each check is one
query that returns only what disagrees, so a clean set of books costs no memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import text

from services.remittance.bank import proof as bank_proof
from services.remittance.ledger import proof as ledger_proof
from services.remittance.receivables import Scope
from services.remittance.statements import proof as statements_proof
from shared.platform.database import ReadSession, WriteSession

ENTERED_IN_FULL = "every sent 810 was entered in full"
"""The one check whose findings say nothing of sums: somebody has to look at a document."""

DIFFERENCES_MAX = 100
"""Differences listed for one check; more would tell nothing new."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree.

    Attributes:
        check: name of the check, a key of `CHECKS`.
        subject: what it is about: an invoice, a line, a scope.
        expected_cents, found_cents: the two amounts that should be the same.
    """

    check: str
    subject: str
    expected_cents: int
    found_cents: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found.

    Attributes:
        differences: everything that disagrees; empty when the books are right.
        receivables, lines, entries: how much was looked at.
        placed_cents: amount of all placed lines.
        waiting_lines: lines of payments whose sums are right and that have no place yet.
        held_payments: whole 820s set aside, with no effect on the books.
        arriving_payments: 820s of which a part is missing.
    """

    differences: tuple[Difference, ...]
    receivables: int
    lines: int
    entries: int
    placed_cents: int
    waiting_lines: int
    held_payments: int
    arriving_payments: int

    @property
    def is_clean(self) -> bool:
        """Whether everything agrees."""
        return not self.differences

    @property
    def every_cent_placed(self) -> bool:
        """Whether all agrees and no line waits to be placed."""
        return self.is_clean and not self.waiting_lines


_BALANCED = """
    SELECT posting_id::text AS subject, sum(debit_cents)::bigint AS expected,
           sum(credit_cents)::bigint AS found
    FROM journal_entry
    GROUP BY posting_id HAVING sum(debit_cents) <> sum(credit_cents)
"""

_RECEIVABLES = """
    SELECT r.invoice_number AS subject, coalesce(e.opened, 0)::bigint AS expected,
           b.open_cents AS found
    FROM receivable r
    LEFT JOIN remittance.receivable_balance b USING (receivable_id)
    LEFT JOIN (
        SELECT receivable_id, sum(cents) AS opened,
               sum(cents) FILTER (WHERE kind = 'charged') AS charged,
               -sum(cents) FILTER (WHERE kind = 'cancelled') AS cancelled,
               -sum(cents) FILTER (WHERE kind = 'applied') AS applied,
               -sum(cents) FILTER (WHERE kind = 'written_off') AS written_off,
               -sum(cents) FILTER (WHERE account_money) AS account_money
        FROM remittance.receivable_entry GROUP BY receivable_id
    ) e USING (receivable_id)
    WHERE b.open_cents IS DISTINCT FROM coalesce(e.opened, 0)
       OR r.charged_cents <> coalesce(e.charged, 0)
       OR b.cancelled_cents <> coalesce(e.cancelled, 0)
       OR b.applied_cents <> coalesce(e.applied, 0)
       OR b.account_money_cents <> coalesce(e.account_money, 0)
       OR b.written_off_cents <> coalesce(e.written_off, 0)
       OR b.open_cents
          <> r.charged_cents - b.cancelled_cents - b.applied_cents - b.written_off_cents
"""

_OVERDRAWN = """
    SELECT r.invoice_number AS subject, 0::bigint AS expected, b.open_cents AS found
    FROM receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE CASE WHEN r.charged_cents < 0 THEN b.open_cents > 0 OR b.open_cents < r.charged_cents
               ELSE b.open_cents < 0 OR b.open_cents > r.charged_cents END
"""

_LINES = """
    SELECT p.transaction_id::text || ' line ' || p.sequence AS subject,
           p.applied_cents AS expected, coalesce(e.applied, 0)::bigint AS found
    FROM line_place p
    LEFT JOIN (
        SELECT document_id, sequence, -sum(cents) AS applied
        FROM remittance.receivable_entry WHERE kind = 'applied' GROUP BY document_id, sequence
    ) e ON e.document_id = p.transaction_id AND e.sequence = p.sequence
    WHERE p.applied_cents <> coalesce(e.applied, 0)
       OR p.applied_cents + p.unapplied_cents + p.adjusted_cents <> p.amount_cents
"""

_HISTORY = """
    SELECT p.transaction_id::text || ' line ' || p.sequence AS subject,
           p.applied_cents AS expected, coalesce(h.applied_cents, 0) AS found
    FROM line_place p
    LEFT JOIN remittance.placement h
      ON h.transaction_id = p.transaction_id AND h.sequence = p.sequence AND h.number = p.moves
    WHERE (p.applied_cents, p.unapplied_cents, p.adjusted_cents, p.discount_cents, p.outcome)
          IS DISTINCT FROM
          (h.applied_cents, h.unapplied_cents, h.adjusted_cents, h.discount_cents, h.outcome)
"""

_PAYMENTS = """
    SELECT 'trace ' || r.trace_number AS subject, r.total_cents AS expected,
           coalesce(p.cents, 0)::bigint AS found
    FROM remittance r
    LEFT JOIN (
        SELECT transaction_id, sum(applied_cents + unapplied_cents + adjusted_cents) AS cents,
               count(*) AS lines
        FROM line_place GROUP BY transaction_id
    ) p USING (transaction_id)
    WHERE r.state = 'posted'
      AND (r.total_cents <> coalesce(p.cents, 0) OR r.line_count <> coalesce(p.lines, 0))
       OR r.state IN ('arriving', 'held') AND p.lines > 0
"""

_WRITE_OFFS = """
    SELECT r.invoice_number AS subject,
           CASE WHEN r.charged_cents < 0
                THEN least(0, greatest(coalesce(d.cents, 0), b.left_cents))
                ELSE greatest(0, least(coalesce(d.cents, 0), b.left_cents)) END::bigint AS expected,
           b.written_off_cents AS found
    FROM receivable r
    JOIN (
        SELECT receivable_id, sum(cents) AS cents FROM remittance.write_off GROUP BY 1
    ) d USING (receivable_id)
    JOIN (
        SELECT b.*, r.charged_cents - b.cancelled_cents - b.applied_cents
                    + b.account_money_cents AS left_cents
        FROM remittance.receivable_balance b JOIN receivable r USING (receivable_id)
    ) b USING (receivable_id)
    WHERE b.write_off_cents <> d.cents OR b.written_off_cents <>
          CASE WHEN r.charged_cents < 0
               THEN least(0, greatest(d.cents, b.left_cents))
               ELSE greatest(0, least(d.cents, b.left_cents)) END
"""

# What is cancelled of a tax is its share of the charge, rounded half away from zero.
_LEDGER = """
    WITH ledger AS (
        SELECT cca, utility, environment, ledger_account, jurisdiction,
               sum(debit_cents - credit_cents) AS cents
        FROM journal_entry GROUP BY 1, 2, 3, 4, 5
    ), owed AS (
        SELECT cca, utility, environment, sum(b.open_cents) AS opened,
               sum(r.charged_cents - b.cancelled_cents) AS billed,
               sum(b.written_off_cents) AS written_off
        FROM receivable r JOIN remittance.receivable_balance b USING (receivable_id)
        GROUP BY 1, 2, 3
    ), taxed AS (
        SELECT cca, utility, environment, jurisdiction, sum(
            CASE WHEN r.charged_cents <> 0 THEN t.cents - sign(t.cents)
                 * div(2 * abs(t.cents::numeric * b.cancelled_cents) + abs(r.charged_cents),
                       2 * abs(r.charged_cents))
                 WHEN EXISTS (SELECT FROM sent_document d
                              WHERE d.receivable_id = r.receivable_id AND d.effect = 'cancelled')
                 THEN 0 ELSE t.cents END) AS cents
        FROM remittance.receivable_tax t JOIN receivable r USING (receivable_id)
        JOIN remittance.receivable_balance b USING (receivable_id) GROUP BY 1, 2, 3, 4
    ), paid AS (
        SELECT cca, utility, environment, sum(amount_cents) AS amount,
               sum(unapplied_cents) AS unapplied, sum(discount_cents) AS discount,
               sum(adjusted_cents - discount_cents) FILTER (WHERE kind <> 'fee') AS adjusted,
               sum(adjusted_cents) FILTER (WHERE kind = 'fee') AS fees
        FROM line_place GROUP BY 1, 2, 3
    ), banked AS (
        SELECT cca, utility, environment, sum(deposited_cents) AS cents,
               sum(announced_cents - deposited_cents) AS let_go
        FROM bank_match WHERE outcome IN ('matched', 'by_hand') AND ended_at IS NULL
        GROUP BY 1, 2, 3
    ), told AS (
        SELECT cca, utility, environment, 'accounts_receivable' AS ledger_account,
               '' AS jurisdiction, opened AS cents FROM owed
        UNION ALL SELECT cca, utility, environment, 'write_offs', '', written_off FROM owed
        UNION ALL SELECT cca, utility, environment, 'taxes_payable', jurisdiction, -cents FROM taxed
        UNION ALL SELECT cca, utility, environment, 'revenue', '', -billed FROM owed
        UNION ALL SELECT cca, utility, environment, 'revenue', '', cents FROM taxed
        UNION ALL SELECT cca, utility, environment, 'cash_in_transit', '', amount FROM paid
        UNION ALL SELECT cca, utility, environment, 'cash_in_transit', '', -cents - let_go
        FROM banked
        UNION ALL SELECT cca, utility, environment, 'bank_differences', '', let_go FROM banked
        UNION ALL SELECT cca, utility, environment, 'bank', '', cents FROM banked
        UNION ALL SELECT cca, utility, environment, 'unapplied', '', -unapplied FROM paid
        UNION ALL SELECT cca, utility, environment, 'adjustments', '', -adjusted FROM paid
        UNION ALL SELECT cca, utility, environment, 'discount', '', -discount FROM paid
        UNION ALL SELECT cca, utility, environment, 'fees', '', -fees FROM paid
    ), summed AS (
        SELECT cca, utility, environment, ledger_account, jurisdiction, sum(cents) AS cents
        FROM told GROUP BY 1, 2, 3, 4, 5
    )
    SELECT trim(cca || ' ' || utility || ' ' || environment || ' ' || ledger_account || ' '
                || jurisdiction) AS subject,
           coalesce(summed.cents, 0)::bigint AS expected,
           coalesce(ledger.cents, 0)::bigint AS found
    FROM ledger FULL JOIN summed
         USING (cca, utility, environment, ledger_account, jurisdiction)
    WHERE coalesce(ledger.cents, 0) <> coalesce(summed.cents, 0)
"""

_ACCOUNTS = """
    WITH ledger AS (
        SELECT cca, utility, environment, account_number, sum(credit_cents - debit_cents) AS cents
        FROM journal_entry WHERE ledger_account = 'unapplied' GROUP BY 1, 2, 3, 4
    ), told AS (
        SELECT cca, utility, environment, account_number, sum(cents) AS cents
        FROM (
            SELECT cca, utility, environment, credit_account AS account_number,
                   unapplied_cents AS cents
            FROM line_place WHERE NOT in_parts
            UNION ALL
            SELECT l.cca, l.utility, l.environment, p.credit_account, p.unapplied_cents
            FROM remittance.line_part p JOIN line_place l USING (transaction_id, sequence)
        ) AS waiting
        GROUP BY 1, 2, 3, 4
    )
    SELECT cca || ' ' || utility || ' account ' || account_number AS subject,
           coalesce(told.cents, 0)::bigint AS expected, coalesce(ledger.cents, 0)::bigint AS found
    FROM ledger FULL JOIN told USING (cca, utility, environment, account_number)
    WHERE coalesce(ledger.cents, 0) <> coalesce(told.cents, 0)
"""

_PARTS = """
    WITH decided AS (
        SELECT transaction_id, sequence, part, receivable_id, sum(cents) AS cents
        FROM remittance.assignment GROUP BY 1, 2, 3, 4
    ), wanted AS (
        SELECT transaction_id, sequence, part, receivable_id, cents FROM decided
        UNION ALL
        SELECT p.transaction_id, p.sequence, 0, NULL, p.amount_cents - coalesce(sum(d.cents), 0)
        FROM line_place p LEFT JOIN decided d USING (transaction_id, sequence)
        WHERE p.in_parts GROUP BY p.transaction_id, p.sequence, p.amount_cents
    )
    SELECT p.transaction_id::text || ' line ' || p.sequence || ' part ' || w.part AS subject,
           w.cents::bigint AS expected, coalesce(s.amount_cents, 0) AS found
    FROM wanted w
    JOIN line_place p USING (transaction_id, sequence)
    LEFT JOIN remittance.line_part s
      ON (s.transaction_id, s.sequence, s.part) = (w.transaction_id, w.sequence, w.part)
     AND s.target_id IS NOT DISTINCT FROM w.receivable_id
    WHERE w.cents <> coalesce(s.amount_cents, 0) OR NOT p.in_parts
    UNION ALL
    SELECT p.transaction_id::text || ' line ' || p.sequence, p.applied_cents,
           coalesce(sum(s.applied_cents), 0)::bigint
    FROM line_place p LEFT JOIN remittance.line_part s USING (transaction_id, sequence)
    WHERE p.in_parts
    GROUP BY p.transaction_id, p.sequence, p.applied_cents, p.unapplied_cents, p.adjusted_cents
    HAVING (p.applied_cents, p.unapplied_cents, p.adjusted_cents) IS DISTINCT FROM
           (sum(s.applied_cents), sum(s.unapplied_cents), sum(s.adjusted_cents))
"""

_DOCUMENTS = """
    SELECT invoice_number AS subject, coalesce(amount_cents, 0) AS expected,
           abs(effect_cents) AS found
    FROM sent_document
    WHERE effect = 'refused' OR note <> ''
"""

CHECKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "postings balance": _BALANCED,
        "receivables equal their entries": _RECEIVABLES,
        "nothing is paid beyond what is owed": _OVERDRAWN,
        "write-offs hold what payments leave open": _WRITE_OFFS,
        "lines equal their applications": _LINES,
        "lines equal their last placement": _HISTORY,
        "parts of lines are what people decided": _PARTS,
        "payments are placed whole": _PAYMENTS,
        "the journal equals receivables, lines and deposits": _LEDGER,
        "credit on account equals the journal": _ACCOUNTS,
        "closed months are as they were closed": ledger_proof.CLOSED,
        "export batches hold their entries": ledger_proof.BATCHES,
        "charges equal the journal in every month": statements_proof.CHARGES,
        "frozen statements tie to the journal": statements_proof.FROZEN,
        "statements are the sum of their movements": bank_proof.STATEMENTS,
        "deposits stand in matches that come to them": bank_proof.MATCHES,
        ENTERED_IN_FULL: _DOCUMENTS,
    }
)
"""What is proved, and the query whose rows are what disagrees."""

_LOOKED_AT = """
    SELECT (SELECT count(*) FROM receivable) AS receivables,
           (SELECT count(*) FROM line_place) AS lines,
           (SELECT count(*) FROM journal_entry) AS entries,
           (SELECT coalesce(sum(amount_cents), 0)::bigint FROM line_place) AS placed_cents,
           (SELECT coalesce(sum(line_count - placed_through), 0)::bigint
              FROM remittance WHERE state = 'posting') AS waiting_lines,
           (SELECT count(*) FROM remittance WHERE state = 'held') AS held_payments,
           (SELECT count(*) FROM remittance WHERE state = 'arriving') AS arriving_payments
"""

_SCOPED = (
    "receivable",
    "line_place",
    "remittance",
    "sent_document",
    "journal_entry",
    "closed_period",
    "closed_balance",
    "gl_batch",
    "monthly_statement",
    "bank_account",
    "bank_movement",
    "bank_match",
    "act",
)
"""Tables that the queries name without the schema, because they may see one scope of them."""


_VIEW = "{name} AS NOT MATERIALIZED (SELECT * FROM remittance.{name} {where})"
_LISTED = "SELECT * FROM ({query}) AS wrong LIMIT :most"
_MINE = "WHERE (cca, utility, environment) = (:cca, :utility, :environment)"


def _within(scope: Scope | None) -> str:
    """What stands before a query, so that it sees one scope or all."""
    where = "" if scope is None else _MINE
    return "WITH " + ", ".join(_VIEW.format(name=name, where=where) for name in _SCOPED)


async def audit(session: ReadSession | WriteSession, scope: Scope | None = None) -> AuditReport:
    """Derive every balance again, of one scope or of all, and report what disagrees.

    Runs in one read of one moment, so it can run while payments are being placed.
    """
    values = {} if scope is None else scope.values
    within = _within(scope)
    differences = []
    for check, query in CHECKS.items():
        asked = f"{within} {_LISTED.format(query=query)}"
        differences += [
            Difference(check, row.subject, int(row.expected), int(row.found or 0))
            for row in await session.execute(text(asked), {"most": DIFFERENCES_MAX} | values)
        ]
    looked_at = (await session.execute(text(within + _LOOKED_AT), values)).mappings().one()
    return AuditReport(differences=tuple(differences), **looked_at)
