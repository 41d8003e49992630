"""How often a document of ours was sent: once more each time the utility had rejected it.

Revision a40d6c83f7e1, after 5c0e7f1a9b24; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a40d6c83f7e1"
down_revision = "5c0e7f1a9b24"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "transaction",
        sa.Column("sending", sa.Integer(), server_default=sa.text("1"), nullable=False),
        schema="edi",
    )


def downgrade() -> None:
    op.drop_column("transaction", "sending", schema="edi")
