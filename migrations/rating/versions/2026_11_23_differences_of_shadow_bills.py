"""Differences of shadow bills, one a row, with who looks after them; and saved views.

Differences stood in a list within each check; a list of all of them, by cause, needs rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "d16cbcb58abb"
down_revision = "a71d0c55e2b4"
branch_labels = None
depends_on = None

SCOPE = ("cca", "utility", "environment")
CURRENT = sa.text("is_current")

COPY = """
    INSERT INTO rating.shadow_differences (
        check_id, cca, utility, environment, transaction_id, invoice_number, account_number,
        kind, code, label, ours, theirs, difference_cents, since, is_current)
    SELECT c.check_id, r.cca, r.utility, r.environment, r.transaction_id, r.invoice_number,
           r.account_number, d.kind, d.code, d.label, d.ours, d.theirs, d.difference_cents,
           c.checked_at,
           c.check_id = (SELECT max(last.check_id) FROM rating.shadow_checks last
                          WHERE last.transaction_id = c.transaction_id)
      FROM rating.shadow_checks c
      JOIN rating.reported_invoices r USING (transaction_id)
     CROSS JOIN LATERAL jsonb_to_recordset(c.differences) AS d(
           kind text, code text, label text, ours text, theirs text, difference_cents bigint)
     ORDER BY c.check_id
"""


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "saved_views",
        *_words("owner", "name", "address"),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name=op.f("pk_saved_views")),
        schema="rating",
    )
    op.create_table(
        "shadow_acts",
        sa.Column("act_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_words(*SCOPE, "kind", "code", "act"),
        sa.Column("owner", sa.Text(), nullable=True),
        *_words("by", "reason"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_shadow_acts")),
        schema="rating",
    )
    op.create_index(
        "ix_shadow_acts_cause", "shadow_acts", ["kind", "code", *SCOPE], schema="rating"
    )
    op.create_table(
        "shadow_differences",
        sa.Column("difference_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=False),
        *_words(*SCOPE),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        *_words("invoice_number", "account_number", "kind", "code", "label"),
        sa.Column("ours", sa.Text(), nullable=True),
        sa.Column("theirs", sa.Text(), nullable=True),
        sa.Column("difference_cents", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["rating.shadow_checks.check_id"],
            name=op.f("fk_shadow_differences_check_id_shadow_checks"),
        ),
        sa.PrimaryKeyConstraint("difference_id", name=op.f("pk_shadow_differences")),
        schema="rating",
    )
    op.execute(COPY)
    for name in ("check_id", "transaction_id"):
        op.create_index(
            f"ix_shadow_differences_{name}", "shadow_differences", [name], schema="rating"
        )
    for name, columns in (
        ("cause", ["kind", "code", "difference_id", *SCOPE]),
        ("newest", ["difference_id", *SCOPE]),
    ):
        op.create_index(
            f"ix_shadow_differences_{name}",
            "shadow_differences",
            columns,
            schema="rating",
            postgresql_where=CURRENT,
        )
    op.drop_column("shadow_checks", "differences", schema="rating")


def downgrade() -> None:
    op.add_column(
        "shadow_checks",
        sa.Column(
            "differences",
            postgresql.JSONB(),
            nullable=False,
            server_default=sa.text("'[]'"),
        ),
        schema="rating",
    )
    op.execute("""
        UPDATE rating.shadow_checks c SET differences = told.found
          FROM (SELECT check_id, jsonb_agg(jsonb_build_object(
                       'kind', kind, 'code', code, 'label', label, 'ours', ours,
                       'theirs', theirs, 'difference_cents', difference_cents)
                       ORDER BY difference_id) AS found
                  FROM rating.shadow_differences GROUP BY check_id) AS told
         WHERE told.check_id = c.check_id
    """)
    op.alter_column("shadow_checks", "differences", server_default=None, schema="rating")
    op.drop_table("shadow_differences", schema="rating")
    op.drop_table("shadow_acts", schema="rating")
    op.drop_table("saved_views", schema="rating")
