"""Usage, holds, charges and reported invoices.

Revision 8c41d07be9a2, after 3109a5252529; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8c41d07be9a2"
down_revision = "3109a5252529"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _usage()
    _charges()
    _invoices()


def downgrade() -> None:
    for table in (
        "reported_invoices",
        "invoice_counters",
        "charge_lines",
        "charges",
        "holds",
        "usage",
    ):
        op.drop_table(table, schema="rating")


def _usage() -> None:
    op.create_table(
        "usage",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("usage_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("original_usage_id", sa.Text(), nullable=True),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("service_agreement_id", sa.Text(), nullable=True),
        sa.Column("meters", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold_code", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_usage")),
        sa.UniqueConstraint("seq", name=op.f("uq_usage_seq")),
        schema="rating",
    )
    op.create_index(
        "ix_usage_account_number",
        "usage",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "ix_usage_held",
        "usage",
        ["hold_code", "seq", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "uq_usage_usage_id",
        "usage",
        ["usage_id", "cca", "utility", "environment"],
        unique=True,
        schema="rating",
        postgresql_where=sa.text("state <> 'duplicate'"),
    )
    op.create_table(
        "holds",
        sa.Column("hold_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_holds_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_holds")),
        schema="rating",
    )
    op.create_index(
        "ix_holds_open",
        "holds",
        ["code", "opened_at"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_holds_transaction_id", "holds", ["transaction_id"], unique=False, schema="rating"
    )


def _charges() -> None:
    op.create_table(
        "charges",
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("original_invoice_number", sa.Text(), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("usage_id", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("service_agreement_id", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("invoiced_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("plan_version", sa.Text(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("explanation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reverses"], ["rating.charges.charge_id"], name=op.f("fk_charges_reverses_charges")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["rating.usage.transaction_id"],
            name=op.f("fk_charges_transaction_id_usage"),
        ),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("pk_charges")),
        sa.UniqueConstraint(
            "invoice_number",
            "cca",
            "environment",
            name=op.f("uq_charges_invoice_number_cca_environment"),
        ),
        schema="rating",
    )
    op.create_index(
        "ix_charges_account_number",
        "charges",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "ix_charges_transaction_id", "charges", ["transaction_id"], unique=False, schema="rating"
    )
    op.create_index("uq_charges_reverses", "charges", ["reverses"], unique=True, schema="rating")
    op.create_table(
        "charge_lines",
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("quantity_micro", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("price_micro", sa.BigInteger(), nullable=True),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_id"],
            ["rating.charges.charge_id"],
            name=op.f("fk_charge_lines_charge_id_charges"),
        ),
        sa.PrimaryKeyConstraint("charge_id", "sequence", name=op.f("pk_charge_lines")),
        schema="rating",
    )
    op.create_table(
        "invoice_counters",
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cca", "environment", name=op.f("pk_invoice_counters")),
        schema="rating",
    )


def _invoices() -> None:
    op.create_table(
        "reported_invoices",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_reported_invoices")),
        schema="rating",
    )
    op.create_index(
        "ix_reported_invoices_account_number",
        "reported_invoices",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="rating",
    )
