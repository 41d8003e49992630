"""Whether accounts are households' or businesses', by their 814s; a charge does not say it itself.

Revision 34071b694be0, after 27f72f7626fa; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "34071b694be0"
down_revision = "27f72f7626fa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_class",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("customer_class", sa.Text(), nullable=False),
        sa.Column("rate_code", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_account_class")),
        schema="remittance",
    )
    op.create_index(
        "ix_account_class_account",
        "account_class",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON remittance.account_class"
        " FOR EACH STATEMENT EXECUTE FUNCTION remittance.refuse_change()"
    )
    op.drop_column("receivable", "customer_class", schema="remittance")


def downgrade() -> None:
    op.add_column(
        "receivable",
        sa.Column("customer_class", sa.Text(), server_default="", nullable=False),
        schema="remittance",
    )
    op.drop_index("ix_account_class_account", table_name="account_class", schema="remittance")
    op.drop_table("account_class", schema="remittance")
