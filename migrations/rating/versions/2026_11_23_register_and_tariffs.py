"""Mailbox, register of accounts, and tariffs.

Revision 3109a5252529, after nothing; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3109a5252529"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _mailbox()
    _register()
    _requests()
    _tariffs()


def downgrade() -> None:
    for table in (
        "tariff_data",
        "plans",
        "enrollment_requests",
        "meters",
        "agreement_entries",
        "agreements",
        "accounts",
        "dead_letters",
        "inbox",
        "outbox",
    ):
        op.drop_table(table, schema="rating")


def _mailbox() -> None:
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


def _register() -> None:
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
            "account_number",
            "cca",
            "utility",
            "environment",
            name=op.f("uq_accounts_account_number_cca_utility_environment"),
        ),
        schema="rating",
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


def _requests() -> None:
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
        ["request_id", "cca", "utility", "environment"],
        unique=True,
        schema="rating",
        postgresql_where=sa.text("is_first"),
    )


def _tariffs() -> None:
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
