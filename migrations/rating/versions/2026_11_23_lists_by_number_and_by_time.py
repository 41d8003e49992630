"""Lists by number and by time.

People look accounts up by agreement or meter, and read charges newest first: indexes for both.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a71d0c55e2b4"
down_revision = "bfbb38dc3c5c"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_agreements_service_agreement_id", "agreements", ["service_agreement_id"]),
    ("ix_meters_meter_number", "meters", ["meter_number"]),
    ("ix_charges_rated_at", "charges", ["rated_at", "charge_id", "cca", "environment"]),
    ("ix_charges_plan_id", "charges", ["plan_id", "plan_version", "rated_at"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns, unique=False, schema="rating")
    op.create_index(
        "ix_charges_cancels",
        "charges",
        ["rated_at", "charge_id"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("purpose = 'cancel'"),
    )


def downgrade() -> None:
    op.drop_index("ix_charges_cancels", table_name="charges", schema="rating")
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table, schema="rating")
