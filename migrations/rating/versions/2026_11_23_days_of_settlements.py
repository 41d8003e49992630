"""Settlements say through which day they settle, and what they end.

Revision bfbb38dc3c5c, after c4b6b2c61ab0; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "bfbb38dc3c5c"
down_revision = "c4b6b2c61ab0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "settlement_ends", sa.Column("settled_through", sa.Date(), nullable=False), schema="rating"
    )
    op.add_column(
        "settlement_ends",
        sa.Column("ended_cents", sa.BigInteger(), nullable=False),
        schema="rating",
    )
    op.add_column(
        "settlement_moves", sa.Column("settled_through", sa.Date(), nullable=False), schema="rating"
    )


def downgrade() -> None:
    op.drop_column("settlement_moves", "settled_through", schema="rating")
    op.drop_column("settlement_ends", "ended_cents", schema="rating")
    op.drop_column("settlement_ends", "settled_through", schema="rating")
