"""Which key an archived piece is sealed with; files that name bank accounts are.

Revision d906648941c7, after 8fec9bae5e65; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d906648941c7"
down_revision = "8fec9bae5e65"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("file_chunk", sa.Column("key_id", sa.Text(), nullable=True), schema="edi")
    op.create_index(
        op.f("ix_file_chunk_key_id"),
        "file_chunk",
        ["key_id"],
        unique=False,
        schema="edi",
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_file_chunk_key_id"),
        table_name="file_chunk",
        schema="edi",
        postgresql_where=sa.text("key_id IS NOT NULL"),
    )
    op.drop_column("file_chunk", "key_id", schema="edi")
