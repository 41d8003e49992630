"""Which sending of an 810 a verdict is about: one that was rejected may be sent again as it was.

Revision c92a61d7b3f4, after 18c7d9e563c7; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c92a61d7b3f4"
down_revision = "18c7d9e563c7"
branch_labels = None
depends_on = None

OLD = "uq_verdict_source_transaction_id_invoice_number_standing"
NEW = "uq_verdict_said"
SAID = ["source", "transaction_id", "invoice_number", "standing"]


def upgrade() -> None:
    op.add_column(
        "verdict",
        sa.Column("sending", sa.Integer(), server_default=sa.text("1"), nullable=False),
        schema="remittance",
    )
    op.alter_column("verdict", "sending", server_default=None, schema="remittance")
    op.drop_constraint(OLD, "verdict", schema="remittance")
    op.create_unique_constraint(NEW, "verdict", [*SAID, "sending"], schema="remittance")


def downgrade() -> None:
    op.drop_constraint(NEW, "verdict", schema="remittance")
    op.execute("DELETE FROM remittance.verdict WHERE sending > 1")
    op.create_unique_constraint(OLD, "verdict", SAID, schema="remittance")
    op.drop_column("verdict", "sending", schema="remittance")
