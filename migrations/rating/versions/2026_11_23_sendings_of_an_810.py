"""Which sending of its 810 a bill stands at: one that was rejected may be sent again as it was.

Revision b71f0e52c9a8, after 8f42d6b17c05; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b71f0e52c9a8"
down_revision = "8f42d6b17c05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bills",
        sa.Column("sending", sa.Integer(), server_default=sa.text("1"), nullable=False),
        schema="rating",
    )


def downgrade() -> None:
    op.drop_column("bills", "sending", schema="rating")
