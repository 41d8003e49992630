"""The interval store: series, and their days by the month.

Revision 3e1a6fc3de28, after 8c41d07be9a2; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3e1a6fc3de28"
down_revision = "8c41d07be9a2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "interval_days",
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quality", sa.LargeBinary(), nullable=True),
        sa.Column("readings", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "day", name=op.f("pk_interval_days")),
        schema="rating",
        postgresql_partition_by="RANGE (day)",
    )
    op.create_table(
        "interval_series",
        sa.Column("series_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("meter_number", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=False),
        sa.Column("decimals", sa.SmallInteger(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("estimated", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("total_micro", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_interval_series_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_interval_series")),
        schema="rating",
    )
    op.create_index(
        "ix_interval_series_account_number",
        "interval_series",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "ix_interval_series_transaction_id",
        "interval_series",
        ["transaction_id"],
        unique=False,
        schema="rating",
    )


def downgrade() -> None:
    op.drop_index(
        "ix_interval_series_transaction_id", table_name="interval_series", schema="rating"
    )
    op.drop_index(
        "ix_interval_series_account_number", table_name="interval_series", schema="rating"
    )
    op.drop_table("interval_series", schema="rating")
    op.drop_table("interval_days", schema="rating")
