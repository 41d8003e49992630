"""First tables.

Revision 2e8b5cfa1f57, after nothing; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2e8b5cfa1f57"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "cca",
            "utility",
            "environment",
            "account_number",
            name=op.f("uq_accounts_cca_utility_environment_account_number"),
        ),
        schema="rating",
    )
    op.create_table(
        "dead_letters",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_dead_letters")),
        schema="rating",
    )
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["died_at"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "enrollment_requests",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_enrollment_requests")),
        schema="rating",
    )
    op.create_index(
        "ix_enrollment_requests_account_number",
        "enrollment_requests",
        ["account_number"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "uq_enrollment_requests_first",
        "enrollment_requests",
        ["cca", "utility", "environment", "request_id"],
        unique=True,
        schema="rating",
        postgresql_where=sa.text("is_first"),
    )
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_inbox")),
        schema="rating",
    )
    op.create_index("ix_inbox_handled_at", "inbox", ["handled_at"], unique=False, schema="rating")
    op.create_table(
        "invoice_counters",
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cca", "environment", name=op.f("pk_invoice_counters")),
        schema="rating",
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("awaiting", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "dead", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        schema="rating",
    )
    op.create_index(
        "ix_outbox_correlation_id", "outbox", ["correlation_id"], unique=False, schema="rating"
    )
    op.create_index("ix_outbox_handled_at", "outbox", ["handled_at"], unique=False, schema="rating")
    op.create_index(
        "ix_outbox_unacknowledged",
        "outbox",
        ["due_at"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("published_at IS NOT NULL AND handled_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["seq"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("published_at IS NULL AND handled_at IS NULL"),
    )
    op.create_table(
        "plans",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("rate_codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("products", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("cohort", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_through", sa.Date(), nullable=True),
        sa.Column("known_from", sa.Date(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cca", "plan_id", "version", name=op.f("pk_plans")),
        sa.UniqueConstraint("seq", name=op.f("uq_plans_seq")),
        schema="rating",
    )
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
        ["cca", "utility", "environment", "account_number"],
        unique=False,
        schema="rating",
    )
    op.create_table(
        "tariff_data",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "version", name=op.f("pk_tariff_data")),
        sa.UniqueConstraint("seq", name=op.f("uq_tariff_data_seq")),
        schema="rating",
    )
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
        ["cca", "utility", "environment", "account_number"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "ix_usage_held",
        "usage",
        ["cca", "utility", "environment", "hold_code", "seq"],
        unique=False,
        schema="rating",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "uq_usage_usage_id",
        "usage",
        ["cca", "utility", "environment", "usage_id"],
        unique=True,
        schema="rating",
        postgresql_where=sa.text("state <> 'duplicate'"),
    )
    op.create_table(
        "agreements",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("service_agreement_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["rating.accounts.account_id"],
            name=op.f("fk_agreements_account_id_accounts"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", name=op.f("pk_agreements")),
        sa.UniqueConstraint(
            "account_id",
            "service_agreement_id",
            name=op.f("uq_agreements_account_id_service_agreement_id"),
        ),
        schema="rating",
    )
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
            "cca",
            "environment",
            "invoice_number",
            name=op.f("uq_charges_cca_environment_invoice_number"),
        ),
        schema="rating",
    )
    op.create_index(
        "ix_charges_account_number",
        "charges",
        ["cca", "utility", "environment", "account_number"],
        unique=False,
        schema="rating",
    )
    op.create_index(
        "ix_charges_transaction_id", "charges", ["transaction_id"], unique=False, schema="rating"
    )
    op.create_index("uq_charges_reverses", "charges", ["reverses"], unique=True, schema="rating")
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
    op.create_table(
        "agreement_entries",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("rate_code", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("bill_cycle", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["rating.agreements.agreement_id"],
            name=op.f("fk_agreement_entries_agreement_id_agreements"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "seq", name=op.f("pk_agreement_entries")),
        schema="rating",
    )
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
        "meters",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("meter_number", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["rating.agreements.agreement_id"],
            name=op.f("fk_meters_agreement_id_agreements"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "meter_number", "seq", name=op.f("pk_meters")),
        schema="rating",
    )


def downgrade() -> None:
    op.drop_table("meters", schema="rating")
    op.drop_table("charge_lines", schema="rating")
    op.drop_table("agreement_entries", schema="rating")
    op.drop_index("ix_holds_transaction_id", table_name="holds", schema="rating")
    op.drop_index(
        "ix_holds_open",
        table_name="holds",
        schema="rating",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("holds", schema="rating")
    op.drop_index("uq_charges_reverses", table_name="charges", schema="rating")
    op.drop_index("ix_charges_transaction_id", table_name="charges", schema="rating")
    op.drop_index("ix_charges_account_number", table_name="charges", schema="rating")
    op.drop_table("charges", schema="rating")
    op.drop_table("agreements", schema="rating")
    op.drop_index(
        "uq_usage_usage_id",
        table_name="usage",
        schema="rating",
        postgresql_where=sa.text("state <> 'duplicate'"),
    )
    op.drop_index(
        "ix_usage_held",
        table_name="usage",
        schema="rating",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_index("ix_usage_account_number", table_name="usage", schema="rating")
    op.drop_table("usage", schema="rating")
    op.drop_table("tariff_data", schema="rating")
    op.drop_index(
        "ix_reported_invoices_account_number", table_name="reported_invoices", schema="rating"
    )
    op.drop_table("reported_invoices", schema="rating")
    op.drop_table("plans", schema="rating")
    op.drop_index(
        "ix_outbox_unpublished",
        table_name="outbox",
        schema="rating",
        postgresql_where=sa.text("published_at IS NULL AND handled_at IS NULL"),
    )
    op.drop_index(
        "ix_outbox_unacknowledged",
        table_name="outbox",
        schema="rating",
        postgresql_where=sa.text("published_at IS NOT NULL AND handled_at IS NULL"),
    )
    op.drop_index("ix_outbox_handled_at", table_name="outbox", schema="rating")
    op.drop_index("ix_outbox_correlation_id", table_name="outbox", schema="rating")
    op.drop_table("outbox", schema="rating")
    op.drop_table("invoice_counters", schema="rating")
    op.drop_index("ix_inbox_handled_at", table_name="inbox", schema="rating")
    op.drop_table("inbox", schema="rating")
    op.drop_index(
        "uq_enrollment_requests_first",
        table_name="enrollment_requests",
        schema="rating",
        postgresql_where=sa.text("is_first"),
    )
    op.drop_index(
        "ix_enrollment_requests_account_number", table_name="enrollment_requests", schema="rating"
    )
    op.drop_table("enrollment_requests", schema="rating")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="rating",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="rating")
    op.drop_table("accounts", schema="rating")
