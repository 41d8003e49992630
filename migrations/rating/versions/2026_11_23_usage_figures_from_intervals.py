"""Figures of usage say whether they are sums of intervals.

Revision c4b6b2c61ab0, after c9130646a893; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c4b6b2c61ab0"
down_revision = "c9130646a893"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "usage_figures",
        sa.Column("from_intervals", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="rating",
    )


def downgrade() -> None:
    op.drop_column("usage_figures", "from_intervals", schema="rating")
