"""Activation of tariffs by a second person, and an index on what net metering carries.

What was imported before approval was asked for is active already and stays so: it is recorded as
imported by the program and activated by this migration.

Revision e3d2237ad790, after 3e1a6fc3de28; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e3d2237ad790"
down_revision = "3e1a6fc3de28"
branch_labels = None
depends_on = None

_EARLIER = """
    INSERT INTO rating.tariff_activations
        (kind, name, version, imported_by, activated_by, reason, activated_at)
    SELECT kind, name, version, 'program', 'migration', 'in use before approval', imported_at
    FROM (
        SELECT 'plan' AS kind, cca || '/' || plan_id AS name, version, imported_at, seq
        FROM rating.plans
        UNION ALL
        SELECT kind, name, version, imported_at, seq FROM rating.tariff_data
    ) AS earlier
    ORDER BY seq
"""


def upgrade() -> None:
    op.create_table(
        "tariff_activations",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("activated_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "activated_by <> imported_by", name=op.f("ck_tariff_activations_two_people")
        ),
        sa.PrimaryKeyConstraint("kind", "name", "version", name=op.f("pk_tariff_activations")),
        sa.UniqueConstraint("seq", name=op.f("uq_tariff_activations_seq")),
        schema="rating",
    )
    for table in ("plans", "tariff_data"):
        column = sa.Column("imported_by", sa.Text(), nullable=False, server_default="program")
        op.add_column(table, column, schema="rating")
        op.alter_column(table, "imported_by", server_default=None, schema="rating")
    op.execute(_EARLIER)
    op.create_index(
        "ix_charge_lines_nem_bank",
        "charge_lines",
        ["charge_id"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("starts_with(line_id, 'nem_bank.')"),
    )


def downgrade() -> None:
    op.drop_index("ix_charge_lines_nem_bank", table_name="charge_lines", schema="rating")
    for table in ("tariff_data", "plans"):
        op.drop_column(table, "imported_by", schema="rating")
    op.drop_table("tariff_activations", schema="rating")
