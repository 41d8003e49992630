"""Newest charges of each CCA, and counts of agreements by their terms.

A list of a small CCA, or of a plan, was looked for among all charges; the newest of each now stand
together. The few that correct others have an index of their own. How many agreements are on which
rate code is counted as 814s come, instead of reading the register at every look.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7c41f0a8b93e"
down_revision = "0b6d3f19c7e2"
branch_labels = None
depends_on = None

NEWEST = ["cca", "environment", "rated_at", "charge_id"]
PLAN = ["cca", "environment", "plan_id", "rated_at", "charge_id", "plan_version"]
WORDS = ("rate_code", "product", "city", "cca", "utility", "environment")

COUNT = """
    INSERT INTO rating.terms_counts (rate_code, product, city, cca, utility, environment, count)
    SELECT e.rate_code, coalesce(e.product, ''), e.city, a.cca, a.utility, a.environment, count(*)
      FROM rating.accounts a
      JOIN rating.agreements g USING (account_id)
      JOIN rating.agreement_entries e USING (agreement_id)
     WHERE e.status = 'active' AND NOT EXISTS (
           SELECT 1 FROM rating.agreement_entries later
            WHERE later.agreement_id = e.agreement_id AND later.seq = e.seq + 1)
     GROUP BY 1, 2, 3, 4, 5, 6
"""


def upgrade() -> None:
    op.create_table(
        "terms_counts",
        *(sa.Column(name, sa.Text(), nullable=False) for name in WORDS),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*WORDS, name=op.f("pk_terms_counts")),
        schema="rating",
    )
    op.execute(COUNT)
    op.create_index("ix_charges_newest", "charges", NEWEST, schema="rating")
    op.create_index("ix_charges_plan", "charges", PLAN, schema="rating")
    op.create_index(
        "ix_charges_corrections",
        "charges",
        ["purpose", *NEWEST],
        schema="rating",
        postgresql_where=sa.text("purpose <> 'original'"),
    )
    for name in ("rated_at", "plan_id", "cancels"):
        op.drop_index(f"ix_charges_{name}", table_name="charges", schema="rating")


def downgrade() -> None:
    op.create_index(
        "ix_charges_cancels",
        "charges",
        ["rated_at", "charge_id"],
        schema="rating",
        postgresql_where=sa.text("purpose = 'cancel'"),
    )
    op.create_index(
        "ix_charges_plan_id", "charges", ["plan_id", "plan_version", "rated_at"], schema="rating"
    )
    op.create_index(
        "ix_charges_rated_at",
        "charges",
        ["rated_at", "charge_id", "cca", "environment"],
        schema="rating",
    )
    for name in ("corrections", "plan", "newest"):
        op.drop_index(f"ix_charges_{name}", table_name="charges", schema="rating")
    op.drop_table("terms_counts", schema="rating")
