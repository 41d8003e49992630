"""Holds by code and time: when a reason last held usage is one look into an index."""

from __future__ import annotations

from alembic import op

revision = "5c1f0a8e94d7"
down_revision = "7c41f0a8b93e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_holds_code", "holds", ["code", "opened_at"], unique=False, schema="rating")


def downgrade() -> None:
    op.drop_index("ix_holds_code", table_name="holds", schema="rating")
