"""First tables: the mailbox, sent 810s, receivables and what utilities said of them.

Revision rem_0001, after nothing; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "rem_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_inbox()
    _make_outbox()
    _make_dead_letters()
    _make_sent_document()
    _make_receivable()
    _make_receivable_balance()
    _make_receivable_entry()
    _make_verdict()


def downgrade() -> None:
    for name in (
        "verdict",
        "receivable_entry",
        "receivable_balance",
        "receivable",
        "sent_document",
        "dead_letters",
        "outbox",
        "inbox",
    ):
        op.drop_table(name, schema="remittance")


def _make_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_inbox")),
        schema="remittance",
    )
    op.create_index(
        "ix_inbox_handled_at", "inbox", ["handled_at"], unique=False, schema="remittance"
    )


def _make_outbox() -> None:
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
        schema="remittance",
    )
    op.create_index(
        "ix_outbox_correlation_id", "outbox", ["correlation_id"], unique=False, schema="remittance"
    )
    op.create_index(
        "ix_outbox_handled_at", "outbox", ["handled_at"], unique=False, schema="remittance"
    )
    op.create_index(
        "ix_outbox_unacknowledged",
        "outbox",
        ["due_at"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("published_at IS NOT NULL AND handled_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["seq"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("published_at IS NULL AND handled_at IS NULL"),
    )


def _make_dead_letters() -> None:
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
        schema="remittance",
    )
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["died_at"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _make_sent_document() -> None:
    op.create_table(
        "sent_document",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("original_invoice_number", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=True),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("service_agreement_id", sa.Text(), nullable=True),
        sa.Column("usage_id", sa.Text(), nullable=True),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=True),
        sa.Column("effect_cents", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_sent_document")),
        schema="remittance",
    )
    op.create_index(
        "ix_sent_document_receivable_id",
        "sent_document",
        ["receivable_id"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_sent_document_waiting",
        "sent_document",
        ["original_invoice_number", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("effect = 'waiting'"),
    )


def _make_receivable() -> None:
    op.create_table(
        "receivable",
        sa.Column("receivable_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("service_agreement_id", sa.Text(), nullable=True),
        sa.Column("usage_id", sa.Text(), nullable=True),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("charged_cents", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("receivable_id", name=op.f("pk_receivable")),
        sa.UniqueConstraint(
            "invoice_number",
            "cca",
            "utility",
            "environment",
            name=op.f("uq_receivable_invoice_number_cca_utility_environment"),
        ),
        schema="remittance",
    )
    op.create_index(
        "ix_receivable_account",
        "receivable",
        ["account_number", "cca", "utility", "environment", "dated_on"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_receivable_usage",
        "receivable",
        ["usage_id", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )


def _make_receivable_balance() -> None:
    op.create_table(
        "receivable_balance",
        sa.Column("receivable_id", sa.Uuid(), nullable=False),
        sa.Column("cancelled_cents", sa.BigInteger(), nullable=False),
        sa.Column("applied_cents", sa.BigInteger(), nullable=False),
        sa.Column("account_money_cents", sa.BigInteger(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["receivable_id"],
            ["remittance.receivable.receivable_id"],
            name=op.f("fk_receivable_balance_receivable_id_receivable"),
        ),
        sa.PrimaryKeyConstraint("receivable_id", name=op.f("pk_receivable_balance")),
        schema="remittance",
    )


def _make_receivable_entry() -> None:
    op.create_table(
        "receivable_entry",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("account_money", sa.Boolean(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["receivable_id"],
            ["remittance.receivable.receivable_id"],
            name=op.f("fk_receivable_entry_receivable_id_receivable"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_receivable_entry")),
        schema="remittance",
    )
    op.create_index(
        "ix_receivable_entry_document_id",
        "receivable_entry",
        ["document_id", "sequence"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_receivable_entry_receivable_id",
        "receivable_entry",
        ["receivable_id"],
        unique=False,
        schema="remittance",
    )


def _make_verdict() -> None:
    op.create_table(
        "verdict",
        sa.Column("verdict_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verdict_id", name=op.f("pk_verdict")),
        sa.UniqueConstraint(
            "source",
            "transaction_id",
            "invoice_number",
            "standing",
            name=op.f("uq_verdict_source_transaction_id_invoice_number_standing"),
        ),
        schema="remittance",
    )
    op.create_index(
        "ix_verdict_invoice",
        "verdict",
        ["invoice_number", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )
