"""Figures and findings of usage checks, our own estimates, and the yearly settlement.

Revision c9130646a893, after 546a264b3520; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c9130646a893"
down_revision = "546a264b3520"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "estimate_days",
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quality", sa.LargeBinary(), nullable=False),
        sa.Column("readings", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "day", name=op.f("pk_estimate_days")),
        schema="rating",
    )
    op.create_table(
        "settlement_runs",
        sa.Column("run_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("nsc_micro", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_settlement_runs")),
        sa.UniqueConstraint(
            "digest",
            "ended_on",
            "cca",
            "utility",
            "environment",
            name=op.f("uq_settlement_runs_digest_ended_on_cca_utility_environment"),
        ),
        schema="rating",
    )
    op.create_table(
        "settlement_approvals",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("prepared_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "approved_by <> prepared_by", name=op.f("ck_settlement_approvals_two_people")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["rating.settlement_runs.run_id"],
            name=op.f("fk_settlement_approvals_run_id_settlement_runs"),
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_settlement_approvals")),
        sa.UniqueConstraint(
            "ended_on",
            "cca",
            "utility",
            "environment",
            name=op.f("uq_settlement_approvals_ended_on_cca_utility_environment"),
        ),
        schema="rating",
    )
    op.create_table(
        "settlement_ends",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("service_agreement_id", sa.Text(), nullable=False),
        sa.Column("bills", sa.Integer(), nullable=False),
        sa.Column("surplus_micro", sa.BigInteger(), nullable=False),
        sa.Column("rate_micro", sa.BigInteger(), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), nullable=False),
        sa.Column("earned_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("next_balance_cents", sa.BigInteger(), nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["rating.settlement_runs.run_id"],
            name=op.f("fk_settlement_ends_run_id_settlement_runs"),
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "account_number", "service_agreement_id", name=op.f("pk_settlement_ends")
        ),
        schema="rating",
    )
    op.create_table(
        "settlement_moves",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("service_agreement_id", sa.Text(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("ended_cents", sa.BigInteger(), nullable=False),
        sa.Column("compensation_cents", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["rating.settlement_runs.run_id"],
            name=op.f("fk_settlement_moves_run_id_settlement_runs"),
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "account_number", "service_agreement_id", name=op.f("pk_settlement_moves")
        ),
        schema="rating",
    )
    op.create_index(
        "ix_settlement_moves_account_number",
        "settlement_moves",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "usage_figures",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("meter_number", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("delivered_micro", sa.BigInteger(), nullable=False),
        sa.Column("received_micro", sa.BigInteger(), nullable=False),
        sa.Column("demand_micro", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_usage_figures_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint(
            "transaction_id", "meter_number", "period_start", name=op.f("pk_usage_figures")
        ),
        schema="rating",
    )
    op.create_index(
        "ix_usage_figures_account_number",
        "usage_figures",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "usage_findings",
        sa.Column("finding_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("meter_number", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("intervals", sa.Integer(), nullable=False),
        sa.Column("numbers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_usage_findings_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_usage_findings")),
        schema="rating",
    )
    op.create_index(
        "ix_usage_findings_code",
        "usage_findings",
        ["code", "found_at", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "ix_usage_findings_transaction_id",
        "usage_findings",
        ["transaction_id"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "estimate_series",
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("linear", sa.Integer(), nullable=False),
        sa.Column("like_days", sa.Integer(), nullable=False),
        sa.Column("profile", sa.Integer(), nullable=False),
        sa.Column("left_open", sa.Integer(), nullable=False),
        sa.Column("estimated_micro", sa.BigInteger(), nullable=False),
        sa.Column("scaled_to_micro", sa.BigInteger(), nullable=True),
        sa.Column("profile_version", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["rating.interval_series.series_id"],
            name=op.f("fk_estimate_series_series_id_interval_series"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_estimate_series_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_estimate_series")),
        schema="rating",
    )
    op.create_index(
        "ix_estimate_series_transaction_id",
        "estimate_series",
        ["transaction_id"],
        unique=False,
        schema="rating",
    )


def downgrade() -> None:
    op.drop_index(
        "ix_estimate_series_transaction_id", table_name="estimate_series", schema="rating"
    )
    op.drop_table("estimate_series", schema="rating")
    op.drop_index("ix_usage_findings_transaction_id", table_name="usage_findings", schema="rating")
    op.drop_index("ix_usage_findings_code", table_name="usage_findings", schema="rating")
    op.drop_table("usage_findings", schema="rating")
    op.drop_index("ix_usage_figures_account_number", table_name="usage_figures", schema="rating")
    op.drop_table("usage_figures", schema="rating")
    op.drop_index(
        "ix_settlement_moves_account_number", table_name="settlement_moves", schema="rating"
    )
    op.drop_table("settlement_moves", schema="rating")
    op.drop_table("settlement_ends", schema="rating")
    op.drop_table("settlement_approvals", schema="rating")
    op.drop_table("settlement_runs", schema="rating")
    op.drop_table("estimate_days", schema="rating")
