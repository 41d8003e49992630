"""Where the bill of each usage stands, and the counts of batches that are kept with it.

`bills` takes the place of `bill_windows`, which knew of waiting usage alone. What was
charged before is entered as charged: nobody followed its 810, so no window runs for it.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "6f4aa50078d8"
down_revision = "d16cbcb58abb"
branch_labels = None
depends_on = None

SCOPE = ("cca", "utility", "environment")
OPEN = sa.text("is_open")

# The register's last word on each agreement, since when it is served, and until when.
ROSTER = """
    CREATE TEMPORARY TABLE roster ON COMMIT DROP AS
    SELECT DISTINCT ON (g.agreement_id)
           a.cca, a.utility, a.environment, a.account_number, g.service_agreement_id,
           coalesce(e.bill_cycle, '') AS bill_cycle, e.status, e.effective_on,
           min(e.effective_on) OVER (PARTITION BY g.agreement_id) AS since
      FROM rating.accounts a
      JOIN rating.agreements g USING (account_id)
      JOIN rating.agreement_entries e USING (agreement_id)
     ORDER BY g.agreement_id, e.seq DESC
"""

BILLS = """
    INSERT INTO rating.bills (
        transaction_id, cca, utility, environment, purpose, account_number, service_agreement_id,
        is_expected, bill_cycle, month, stage, reason, is_open, charge_id, due_at, basis,
        warned_at, missed_at)
    SELECT u.transaction_id, u.cca, u.utility, u.environment, u.purpose, u.account_number,
           coalesce(r.service_agreement_id, u.service_agreement_id, ''),
           coalesce(date_trunc('month', r.since) <= date_trunc('month', u.period_end)
                    AND (r.status = 'active' OR date_trunc('month', u.period_end)
                                                <= date_trunc('month', r.effective_on)), false),
           coalesce(r.bill_cycle, ''), date_trunc('month', u.period_end)::date,
           CASE WHEN u.state = 'charged' THEN 'charged'
                WHEN u.state <> 'held' THEN 'gone'
                WHEN u.hold_code = 'AWAITING_RELEASE' THEN 'awaiting_release'
                WHEN v.review_id IS NOT NULL THEN 'under_review'
                ELSE 'held' END,
           CASE WHEN u.state = 'held' AND u.hold_code <> 'AWAITING_RELEASE' THEN u.hold_code
                ELSE '' END,
           u.state IN ('held', 'charged'), c.charge_id,
           CASE WHEN u.state = 'held' THEN w.due_at END,
           CASE WHEN u.state = 'held' THEN w.basis END, w.warned_at, w.missed_at
      FROM rating.usage u
      LEFT JOIN LATERAL (
          SELECT r.* FROM roster r
           WHERE r.account_number = u.account_number AND r.cca = u.cca AND r.utility = u.utility
             AND r.environment = u.environment
             AND r.service_agreement_id = coalesce(u.service_agreement_id, r.service_agreement_id)
           LIMIT 1) r ON true
      LEFT JOIN rating.reviews v ON v.transaction_id = u.transaction_id
           AND v.state IN ('waiting', 'returned')
      LEFT JOIN rating.bill_windows w ON w.transaction_id = u.transaction_id
      LEFT JOIN rating.charges c ON c.transaction_id = u.transaction_id
           AND (c.purpose = 'cancel') = (u.purpose = 'cancel')
           AND NOT EXISTS (SELECT 1 FROM rating.charges x WHERE x.reverses = c.charge_id)
     WHERE u.state <> 'duplicate'
"""

COUNTS = """
    INSERT INTO rating.batch_counts (
        what, month, bill_cycle, reason, cca, utility, environment, count)
    SELECT stage, month, bill_cycle, reason, cca, utility, environment, count(*)
      FROM rating.bills WHERE purpose <> 'cancel' AND stage <> 'gone' GROUP BY 1, 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT CASE WHEN is_expected THEN 'covered' ELSE 'unknown' END, month, bill_cycle, '',
           cca, utility, environment, count(DISTINCT (account_number, service_agreement_id))
      FROM rating.bills WHERE purpose <> 'cancel' AND stage <> 'gone' GROUP BY 1, 2, 3, 5, 6, 7
    UNION ALL
    SELECT 'roster', month, bill_cycle, '', cca, utility, environment, sum(n)
      FROM (SELECT date_trunc('month', since)::date AS month, bill_cycle, cca, utility,
                   environment, 1 AS n FROM roster
            UNION ALL
            SELECT greatest(date_trunc('month', effective_on) + interval '1 month',
                            date_trunc('month', since))::date,
                   bill_cycle, cca, utility, environment, -1 FROM roster WHERE status <> 'active'
           ) moves
     GROUP BY 2, 3, 5, 6, 7 HAVING sum(n) <> 0
"""


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _moments(*names: str) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True)) for name in names]


def upgrade() -> None:
    op.create_table(
        "batch_counts",
        *_text("what"),
        sa.Column("month", sa.Date(), nullable=False),
        *_text("bill_cycle", "reason", *SCOPE),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "what", "month", "bill_cycle", "reason", *SCOPE, name=op.f("pk_batch_counts")
        ),
        schema="rating",
    )
    op.create_table(
        "bills",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        *_text(*SCOPE, "purpose", "account_number", "service_agreement_id"),
        sa.Column("is_expected", sa.Boolean(), nullable=False),
        *_text("bill_cycle"),
        sa.Column("month", sa.Date(), nullable=False),
        *_text("stage", "reason"),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("charge_id", sa.Uuid()),
        *_moments("due_at"),
        sa.Column("basis", sa.Text()),
        *_moments("warned_at", "missed_at", "sent_at", "answered_at"),
        sa.Column("answer", sa.Text()),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_bills_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_bills")),
        schema="rating",
    )
    op.execute(ROSTER)
    op.execute(BILLS)
    op.execute(COUNTS)
    for name, columns, where in (
        ("ix_bills_account_number", ["account_number", "month", *SCOPE], None),
        ("ix_bills_batch", ["bill_cycle", "month", *SCOPE, "due_at"], OPEN),
        ("ix_bills_due_at", ["due_at", "transaction_id"], OPEN),
    ):
        op.create_index(
            name, "bills", columns, unique=False, schema="rating", postgresql_where=where
        )
    op.drop_table("bill_windows", schema="rating")


def downgrade() -> None:
    op.create_table(
        "bill_windows",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        *_text(*SCOPE),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        *_text("basis"),
        *_moments("warned_at", "missed_at"),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_bill_windows_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_bill_windows")),
        schema="rating",
    )
    op.execute(
        """
        INSERT INTO rating.bill_windows (transaction_id, cca, utility, environment, due_at, basis,
                                         warned_at, missed_at)
        SELECT transaction_id, cca, utility, environment, due_at, basis, warned_at, missed_at
          FROM rating.bills
         WHERE stage IN ('held', 'under_review', 'awaiting_release') AND due_at IS NOT NULL
        """
    )
    op.create_index(
        "ix_bill_windows_due_at",
        "bill_windows",
        ["due_at", "transaction_id"],
        unique=False,
        schema="rating",
    )
    op.drop_table("bills", schema="rating")
    op.drop_table("batch_counts", schema="rating")
