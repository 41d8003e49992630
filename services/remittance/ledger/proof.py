"""Proves the ledger's side: closed months are as they were closed, batches hold their entries.

The audit of the books asks these with its own. Table names without schema see one scope or all.
"""

from __future__ import annotations

from typing import Final

CLOSED: Final = """
    WITH moved AS (
        SELECT cca, utility, environment, period AS month, ledger_account, jurisdiction,
               sum(debit_cents) AS debits, sum(credit_cents) AS credits
        FROM journal_entry WHERE (cca, utility, environment, period) IN
            (SELECT cca, utility, environment, month FROM closed_period)
        GROUP BY 1, 2, 3, 4, 5, 6
    ), kept AS (
        SELECT *, coalesce(lag(closing_cents) OVER (
            PARTITION BY cca, utility, environment, ledger_account, jurisdiction ORDER BY month
        ), 0) AS before
        FROM closed_balance
    )
    SELECT trim(cca || ' ' || utility || ' ' || to_char(month, 'YYYY-MM') || ' '
                || ledger_account || ' ' || jurisdiction) AS subject,
           (coalesce(before, 0) + coalesce(debits, 0) - coalesce(credits, 0))::bigint AS expected,
           coalesce(closing_cents, 0) AS found
    FROM kept FULL JOIN moved
         USING (cca, utility, environment, month, ledger_account, jurisdiction)
    WHERE coalesce(before, 0) <> coalesce(opening_cents, 0)
       OR coalesce(debits, 0) <> coalesce(debit_cents, 0)
       OR coalesce(credits, 0) <> coalesce(credit_cents, 0)
"""
"""The balances kept of a closed month are those of its entries, and open with the month before."""

BATCHES: Final = """
    SELECT b.cca || ' ' || b.utility || ' batch ' || b.number AS subject,
           coalesce(sum(e.debit_cents), 0)::bigint AS expected, b.debit_cents AS found
    FROM gl_batch b LEFT JOIN journal_entry e
      ON (e.cca, e.utility, e.environment, e.period)
         = (b.cca, b.utility, b.environment, b.month)
     AND e.entry_id > b.after_entry_id AND e.entry_id <= b.through_entry_id
    GROUP BY b.cca, b.utility, b.environment, b.number, b.debit_cents, b.credit_cents, b.entries
    HAVING (coalesce(sum(e.debit_cents), 0), coalesce(sum(e.credit_cents), 0), count(e.entry_id))
           IS DISTINCT FROM (b.debit_cents, b.credit_cents, b.entries)
"""
"""A batch of accounting is the sum of the entries it was made of."""
