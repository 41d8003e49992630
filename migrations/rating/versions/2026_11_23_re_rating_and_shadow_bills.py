"""Re-rating by jobs, mapped rate codes, and checks of bills that utilities computed.

Bills that came before are waited for like new ones: until their usage is looked at.

Revision 546a264b3520, after c90a55eda175; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "546a264b3520"
down_revision = "c90a55eda175"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rerun_jobs",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("at_stake_cents", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_rerun_jobs")),
        sa.UniqueConstraint(
            "key",
            "cca",
            "utility",
            "environment",
            name=op.f("uq_rerun_jobs_key_cca_utility_environment"),
        ),
        sa.UniqueConstraint("seq", name=op.f("uq_rerun_jobs_seq")),
        schema="rating",
    )
    op.create_index(
        "ix_rerun_jobs_at_work",
        "rerun_jobs",
        ["seq"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("state IN ('planning', 'running')"),
    )
    op.create_table(
        "shadow_tolerances",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("quantity_micro", sa.BigInteger(), nullable=False),
        sa.Column("price_micro", sa.BigInteger(), nullable=False),
        sa.Column("line_cents", sa.BigInteger(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_shadow_tolerances")),
        schema="rating",
    )
    op.create_table(
        "rate_code_mappings",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("rate_code", sa.Text(), nullable=False),
        sa.Column("plan_code", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_through", sa.Date(), nullable=True),
        sa.Column("mapped_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("mapped_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "plan_code <> rate_code", name=op.f("ck_rate_code_mappings_another_code")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["rating.rerun_jobs.job_id"],
            name=op.f("fk_rate_code_mappings_job_id_rerun_jobs"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_rate_code_mappings")),
        schema="rating",
    )
    op.create_table(
        "rerun_steps",
        sa.Column("step_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["rating.rerun_jobs.job_id"], name=op.f("fk_rerun_steps_job_id_rerun_jobs")
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_rerun_steps")),
        schema="rating",
    )
    op.create_index(
        "ix_rerun_steps_job_id", "rerun_steps", ["job_id"], unique=False, schema="rating"
    )
    op.create_table(
        "shadow_checks",
        sa.Column("check_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("usage_transaction_id", sa.Uuid(), nullable=True),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("plan_version", sa.Text(), nullable=True),
        sa.Column("ours_cents", sa.BigInteger(), nullable=True),
        sa.Column("theirs_cents", sa.BigInteger(), nullable=False),
        sa.Column("differences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.reported_invoices.transaction_id"],
            name=op.f("fk_shadow_checks_transaction_id_reported_invoices"),
        ),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_shadow_checks")),
        schema="rating",
    )
    op.create_index(
        "ix_shadow_checks_transaction_id",
        "shadow_checks",
        ["transaction_id", "check_id"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "rerun_items",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("usage_id", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("old_version", sa.Text(), nullable=True),
        sa.Column("old_cents", sa.BigInteger(), nullable=False),
        sa.Column("planned", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("new_version", sa.Text(), nullable=True),
        sa.Column("new_cents", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cancel_invoice", sa.Text(), nullable=True),
        sa.Column("new_invoice", sa.Text(), nullable=True),
        sa.Column("result_cents", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["charge_id"],
            ["rating.charges.charge_id"],
            name=op.f("fk_rerun_items_charge_id_charges"),
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["rating.rerun_jobs.job_id"], name=op.f("fk_rerun_items_job_id_rerun_jobs")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_rerun_items_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_rerun_items")),
        schema="rating",
    )
    op.create_index(
        "ix_reported_invoices_waiting",
        "reported_invoices",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("state = 'waiting_for_usage'"),
    )
    op.execute(
        "UPDATE rating.reported_invoices SET state = 'waiting_for_usage'"
        " WHERE state = 'awaiting_shadow_bill'"
    )


def downgrade() -> None:
    op.drop_index(
        "ix_reported_invoices_waiting",
        table_name="reported_invoices",
        schema="rating",
        postgresql_where=sa.text("state = 'waiting_for_usage'"),
    )
    op.drop_table("rerun_items", schema="rating")
    op.drop_index("ix_shadow_checks_transaction_id", table_name="shadow_checks", schema="rating")
    op.drop_table("shadow_checks", schema="rating")
    op.drop_index("ix_rerun_steps_job_id", table_name="rerun_steps", schema="rating")
    op.drop_table("rerun_steps", schema="rating")
    op.drop_table("rate_code_mappings", schema="rating")
    op.drop_table("shadow_tolerances", schema="rating")
    op.drop_index(
        "ix_rerun_jobs_at_work",
        table_name="rerun_jobs",
        schema="rating",
        postgresql_where=sa.text("state IN ('planning', 'running')"),
    )
    op.drop_table("rerun_jobs", schema="rating")
    op.execute(
        "UPDATE rating.reported_invoices SET state = 'awaiting_shadow_bill'"
        " WHERE state = 'waiting_for_usage'"
    )
