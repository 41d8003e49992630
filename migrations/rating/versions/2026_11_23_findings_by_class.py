"""Which class of customers an audit's finding is about, so that its last trip is told by class.

Of findings until now the class is known where they held the charge: its review says it. The others
are of `all`. The index that the last of each code is looked up in tells classes apart now.

Revision 5c1e7a90d3b6, after 3b8c5d20a9e4; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c1e7a90d3b6"
down_revision = "3b8c5d20a9e4"
branch_labels = None
depends_on = None

INDEX = "ix_audit_findings_code"
KNOWN = """
    UPDATE rating.audit_findings f SET customer_class = r.customer_class
      FROM (SELECT DISTINCT ON (transaction_id) transaction_id, customer_class FROM rating.reviews
             ORDER BY transaction_id, review_id DESC) r
     WHERE r.transaction_id = f.transaction_id
"""


def upgrade() -> None:
    op.add_column(
        "audit_findings",
        sa.Column("customer_class", sa.Text(), nullable=False, server_default="all"),
        schema="rating",
    )
    op.execute(KNOWN)
    op.alter_column("audit_findings", "customer_class", server_default=None, schema="rating")
    op.drop_index(INDEX, table_name="audit_findings", schema="rating")
    op.create_index(
        INDEX, "audit_findings", ["code", "cca", "customer_class", "found_at"], schema="rating"
    )


def downgrade() -> None:
    op.drop_index(INDEX, table_name="audit_findings", schema="rating")
    op.create_index(INDEX, "audit_findings", ["code", "found_at", "cca"], schema="rating")
    op.drop_column("audit_findings", "customer_class", schema="rating")
