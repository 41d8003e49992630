"""Figures of usage keep step and reactive energy, which later usage is compared with.

Revision 9e27d4b1c6f3, after 5c1f0a8e94d7; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9e27d4b1c6f3"
down_revision = "5c1f0a8e94d7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("usage_figures", sa.Column("minutes", sa.Integer()), schema="rating")
    op.add_column(
        "usage_figures",
        sa.Column("reactive_micro", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        schema="rating",
    )


def downgrade() -> None:
    op.drop_column("usage_figures", "reactive_micro", schema="rating")
    op.drop_column("usage_figures", "minutes", schema="rating")
