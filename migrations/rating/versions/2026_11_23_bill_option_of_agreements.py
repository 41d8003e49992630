"""Who computes the bill of an agreement: we (bill-ready) or the utility (rate-ready).

Until now every other option was refused: all that is in the register is bill-ready.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0b6d3f19c7e2"
down_revision = "6f4aa50078d8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "agreement_entries",
        sa.Column("bill_option", sa.Text(), nullable=False, server_default="bill_ready"),
        schema="rating",
    )
    op.alter_column("agreement_entries", "bill_option", server_default=None, schema="rating")


def downgrade() -> None:
    op.drop_column("agreement_entries", "bill_option", schema="rating")
