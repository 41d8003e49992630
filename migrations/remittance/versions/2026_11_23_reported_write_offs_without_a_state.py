"""A utility's write-off has no state: whether somebody has answered it is a row of its own.

Revision 88d5a732bad4, after 34071b694be0; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "88d5a732bad4"
down_revision = "34071b694be0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("reported_write_off", "state", schema="remittance")


def downgrade() -> None:
    op.add_column(
        "reported_write_off",
        sa.Column("state", sa.Text(), server_default="reported", nullable=False),
        schema="remittance",
    )
