"""A setting that loosens a hold counts once another person has approved it.

What was set until now counts as it did: nobody was asked for a second name.

Revision 8f42d6b17c05, after 5c1e7a90d3b6; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8f42d6b17c05"
down_revision = "5c1e7a90d3b6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "review_settings",
        sa.Column("two_people", sa.Boolean(), nullable=False, server_default="false"),
        schema="rating",
    )
    op.alter_column("review_settings", "two_people", server_default=None, schema="rating")
    op.create_unique_constraint(
        op.f("uq_review_settings_seq_by"), "review_settings", ["seq", "by"], schema="rating"
    )
    op.create_table(
        "review_setting_approvals",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("by <> asked_by", name=op.f("ck_review_setting_approvals_two_people")),
        sa.ForeignKeyConstraint(
            ["seq", "asked_by"],
            ["rating.review_settings.seq", "rating.review_settings.by"],
            name=op.f("fk_review_setting_approvals_seq_asked_by_review_settings"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_review_setting_approvals")),
        schema="rating",
    )


def downgrade() -> None:
    op.drop_table("review_setting_approvals", schema="rating")
    op.drop_constraint(op.f("uq_review_settings_seq_by"), "review_settings", schema="rating")
    op.drop_column("review_settings", "two_people", schema="rating")
