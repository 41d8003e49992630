"""Charges under review: settings, findings, reviews, acts, bill windows, value hold tests.

Charges keep their energy, so that an audit can compare a bill with those before it.

Revision c90a55eda175, after e3d2237ad790; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c90a55eda175"
down_revision = "e3d2237ad790"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch_acts",
        sa.Column("act_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("bill_cycle", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_batch_acts")),
        schema="rating",
    )
    op.create_index(
        "ix_batch_acts_month",
        "batch_acts",
        ["month", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "control_tests",
        sa.Column("test_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("customer_class", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("limit_cents", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("ran_by", sa.Text(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("test_id", name=op.f("pk_control_tests")),
        schema="rating",
    )
    op.create_index(
        "ix_control_tests_cca",
        "control_tests",
        ["cca", "customer_class", "ran_at"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "review_settings",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("customer_class", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_review_settings")),
        sa.UniqueConstraint(
            "cca",
            "code",
            "customer_class",
            "version",
            name=op.f("uq_review_settings_cca_code_customer_class_version"),
        ),
        schema="rating",
    )
    op.create_table(
        "audit_findings",
        sa.Column("finding_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_audit_findings_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_audit_findings")),
        schema="rating",
    )
    op.create_index(
        "ix_audit_findings_code",
        "audit_findings",
        ["code", "found_at", "cca"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "ix_audit_findings_transaction_id",
        "audit_findings",
        ["transaction_id"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "bill_windows",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_bill_windows_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_bill_windows")),
        schema="rating",
    )
    op.create_index(
        "ix_bill_windows_due_at",
        "bill_windows",
        ["due_at", "transaction_id"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("usage_id", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("bill_cycle", sa.Text(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("customer_class", sa.Text(), nullable=False),
        sa.Column("codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("messages", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("two_people", sa.Boolean(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("draft", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("last_actor", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expiry_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state <> 'released' OR NOT two_people OR last_actor IS NOT NULL",
            name=op.f("ck_reviews_two_people"),
        ),
        sa.CheckConstraint(
            "state <> 'released' OR closed_by IS DISTINCT FROM last_actor",
            name=op.f("ck_reviews_another_person"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_reviews_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_reviews")),
        schema="rating",
    )
    op.create_index(
        "ix_reviews_account_number",
        "reviews",
        ["account_number"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("state IN ('waiting', 'returned')"),
    )
    op.create_index(
        "ix_reviews_transaction_id", "reviews", ["transaction_id"], unique=False, schema="rating"
    )
    op.create_index(
        "uq_reviews_open",
        "reviews",
        ["transaction_id"],
        unique=True,
        schema="rating",
        postgresql_where=sa.text("state IN ('waiting', 'returned')"),
    )
    op.create_table(
        "review_acts",
        sa.Column("act_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["rating.reviews.review_id"],
            name=op.f("fk_review_acts_review_id_reviews"),
        ),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_review_acts")),
        schema="rating",
    )
    op.create_index(
        "ix_review_acts_review_id", "review_acts", ["review_id"], unique=False, schema="rating"
    )
    op.add_column(
        "charges", sa.Column("energy_micro", sa.BigInteger(), nullable=True), schema="rating"
    )


def downgrade() -> None:
    op.drop_column("charges", "energy_micro", schema="rating")
    op.drop_index("ix_review_acts_review_id", table_name="review_acts", schema="rating")
    op.drop_table("review_acts", schema="rating")
    op.drop_index(
        "uq_reviews_open",
        table_name="reviews",
        schema="rating",
        postgresql_where=sa.text("state IN ('waiting', 'returned')"),
    )
    op.drop_index("ix_reviews_transaction_id", table_name="reviews", schema="rating")
    op.drop_index(
        "ix_reviews_account_number",
        table_name="reviews",
        schema="rating",
        postgresql_where=sa.text("state IN ('waiting', 'returned')"),
    )
    op.drop_table("reviews", schema="rating")
    op.drop_index("ix_bill_windows_due_at", table_name="bill_windows", schema="rating")
    op.drop_table("bill_windows", schema="rating")
    op.drop_index("ix_audit_findings_transaction_id", table_name="audit_findings", schema="rating")
    op.drop_index("ix_audit_findings_code", table_name="audit_findings", schema="rating")
    op.drop_table("audit_findings", schema="rating")
    op.drop_table("review_settings", schema="rating")
    op.drop_index("ix_control_tests_cca", table_name="control_tests", schema="rating")
    op.drop_table("control_tests", schema="rating")
    op.drop_index("ix_batch_acts_month", table_name="batch_acts", schema="rating")
    op.drop_table("batch_acts", schema="rating")
