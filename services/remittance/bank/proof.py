"""Proves the bank's side: statements are whole, and everything stands in one match that counts.

The audit of the books asks these with its own; that the journal's bank is what the matches come
to stands there, beside the other accounts. Table names without schema see one scope or all.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = """
    SELECT s.cca || ' ' || s.utility || ' statement of ' || s.as_of AS subject,
           s.moved_cents AS expected, s.cents::bigint AS found
    FROM (
        SELECT a.cca, a.utility, t.as_of, t.moved_cents, t.movements,
               coalesce(sum(m.cents), 0) AS cents, count(m.movement_id) AS told,
               count(DISTINCT m.movement_id) AS once
        FROM remittance.bank_statement t
        JOIN bank_account a USING (account_id)
        LEFT JOIN remittance.bank_sighting g USING (statement_id)
        LEFT JOIN bank_movement m USING (movement_id)
        WHERE t.state = 'accepted'
        GROUP BY a.cca, a.utility, t.statement_id
    ) s
    WHERE (s.cents, s.told, s.once) IS DISTINCT FROM (s.moved_cents, s.movements, s.movements)
"""
"""An accepted statement is the sum of its movements, each of them one."""

MATCHES: Final = """
    WITH member AS (
        SELECT match_id, unnest(payments) AS subject_id FROM bank_match WHERE ended_at IS NULL
        UNION ALL
        SELECT match_id, unnest(movements) FROM bank_match WHERE ended_at IS NULL
    ), counted AS (
        SELECT b.match_id, b.announced_cents - b.deposited_cents AS told,
               coalesce((SELECT sum(total_cents) FROM remittance r
                          WHERE r.transaction_id = ANY(b.payments)), 0)
               - coalesce((SELECT sum(cents) FROM bank_movement m
                            WHERE m.movement_id = ANY(b.movements)), 0) AS cents
        FROM bank_match b WHERE b.ended_at IS NULL
    )
    SELECT 'match ' || match_id AS subject, told AS expected, cents::bigint AS found
    FROM counted WHERE told <> cents
    UNION ALL
    SELECT 'member ' || subject_id, 1, 0 FROM member
    LEFT JOIN remittance.bank_place p USING (subject_id, match_id)
    WHERE p.subject_id IS NULL
    UNION ALL
    SELECT 'movement ' || movement_id, 1, 0 FROM bank_movement
    WHERE NOT EXISTS (SELECT FROM remittance.bank_place WHERE subject_id = movement_id)
    UNION ALL
    SELECT 'act ' || coalesce(decided.act_id, b.act_id),
           (decided.act_id IS NOT NULL)::int, (b.act_id IS NOT NULL)::int
    FROM (
        SELECT h.act_id, h.payments, h.movements
        FROM remittance.bank_hand_match h JOIN act USING (act_id)
        WHERE h.takes_back IS NULL AND NOT EXISTS (
            SELECT FROM remittance.bank_hand_match t WHERE t.takes_back = h.act_id)
    ) AS decided
    FULL JOIN (SELECT * FROM bank_match WHERE ended_at IS NULL AND act_id IS NOT NULL) AS b
      ON b.act_id = decided.act_id AND b.payments @> decided.payments
     AND b.payments <@ decided.payments AND b.movements @> decided.movements
     AND b.movements <@ decided.movements
    WHERE decided.act_id IS NULL OR b.act_id IS NULL
"""
"""A match is worth what its payments and movements are, every movement stands in one, and what
people put together stands as they did."""
