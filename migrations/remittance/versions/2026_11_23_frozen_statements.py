"""Frozen statements, the class of a charge's customer, and the month of a receivable's entries.

Entries of receivables that were made before get the month of their posting in the journal.

Revision 27f72f7626fa, after 5e1dcd2044d9; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "27f72f7626fa"
down_revision = "5e1dcd2044d9"
branch_labels = None
depends_on = None

MONTH_OF_EARLIER = """
UPDATE remittance.receivable_entry AS entry SET period = coalesce(
    (SELECT period FROM remittance.journal_entry AS booked
     WHERE booked.posting_id = entry.posting_id LIMIT 1),
    date_trunc('month', entry.effective_on)
)
"""


def upgrade() -> None:
    op.create_table(
        "monthly_statement",
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("opening_cents", sa.BigInteger(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_cents", sa.BigInteger(), nullable=False),
        sa.Column("written_off_cents", sa.BigInteger(), nullable=False),
        sa.Column("closing_cents", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "opening_cents + billed_cents + cancelled_cents + paid_cents + adjusted_cents"
            " + written_off_cents = closing_cents",
            name=op.f("ck_monthly_statement_adds"),
        ),
        sa.ForeignKeyConstraint(
            ["cca", "utility", "environment", "month"],
            [
                "remittance.closed_period.cca",
                "remittance.closed_period.utility",
                "remittance.closed_period.environment",
                "remittance.closed_period.month",
            ],
            name="fk_monthly_statement_closed_period",
        ),
        sa.PrimaryKeyConstraint(
            "cca", "utility", "environment", "number", name=op.f("pk_monthly_statement")
        ),
        sa.UniqueConstraint(
            "cca",
            "utility",
            "environment",
            "month",
            name=op.f("uq_monthly_statement_cca_utility_environment_month"),
        ),
        schema="remittance",
    )
    op.add_column(
        "receivable",
        sa.Column("customer_class", sa.Text(), server_default=sa.text("''"), nullable=False),
        schema="remittance",
    )
    op.add_column(
        "receivable_entry", sa.Column("period", sa.Date(), nullable=True), schema="remittance"
    )
    op.execute("ALTER TABLE remittance.receivable_entry DISABLE TRIGGER refuse_change")
    op.execute(MONTH_OF_EARLIER)
    op.execute("ALTER TABLE remittance.receivable_entry ENABLE TRIGGER refuse_change")
    op.alter_column("receivable_entry", "period", nullable=False, schema="remittance")
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON remittance.monthly_statement"
        " FOR EACH STATEMENT EXECUTE FUNCTION remittance.refuse_change()"
    )


def downgrade() -> None:
    op.drop_column("receivable_entry", "period", schema="remittance")
    op.drop_column("receivable", "customer_class", schema="remittance")
    op.drop_table("monthly_statement", schema="remittance")
