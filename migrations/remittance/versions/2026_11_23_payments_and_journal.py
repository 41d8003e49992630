"""Payments, where each of their lines stands, and the journal.

Revision rem_0002, after rem_0001; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "rem_0002"
down_revision = "rem_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_remittance()
    _make_remittance_part()
    _make_remittance_line()
    _make_line_place()
    _make_placement()
    _make_journal_entry()


def downgrade() -> None:
    for name in (
        "journal_entry",
        "placement",
        "line_place",
        "remittance_line",
        "remittance_part",
        "remittance",
    ):
        op.drop_table(name, schema="remittance")


def _make_remittance() -> None:
    op.create_table(
        "remittance",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("trace_number", sa.Text(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_code", sa.Text(), nullable=True),
        sa.Column("held_message", sa.Text(), nullable=True),
        sa.Column("lines_total_cents", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("placed_through", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("causation_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_remittance")),
        schema="remittance",
    )
    op.create_index(
        "ix_remittance_posting",
        "remittance",
        ["decided_at"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("state = 'posting'"),
    )
    op.create_index(
        "ix_remittance_received",
        "remittance",
        ["cca", "utility", "environment", "received_at"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_remittance_trace",
        "remittance",
        ["trace_number", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )


def _make_remittance_part() -> None:
    op.create_table(
        "remittance_part",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["remittance.remittance.transaction_id"],
            name=op.f("fk_remittance_part_transaction_id_remittance"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "part", name=op.f("pk_remittance_part")),
        schema="remittance",
    )


def _make_remittance_line() -> None:
    op.create_table(
        "remittance_line",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("invoiced_cents", sa.BigInteger(), nullable=True),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("account_number", sa.Text(), nullable=True),
        sa.Column("usage_id", sa.Text(), nullable=True),
        sa.Column("adjustment_cents", sa.BigInteger(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("reason_text", sa.Text(), nullable=True),
        sa.Column("posted_on", sa.Date(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["remittance.remittance.transaction_id"],
            name=op.f("fk_remittance_line_transaction_id_remittance"),
        ),
        sa.PrimaryKeyConstraint(
            "transaction_id", "part", "position", name=op.f("pk_remittance_line")
        ),
        schema="remittance",
    )
    op.create_index(
        "ix_remittance_line_sequence",
        "remittance_line",
        ["transaction_id", "sequence"],
        unique=False,
        schema="remittance",
    )


def _make_line_place() -> None:
    op.create_table(
        "line_place",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("place_number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("usage_id", sa.Text(), nullable=True),
        sa.Column("account_number", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=True),
        sa.Column("applied_cents", sa.BigInteger(), nullable=False),
        sa.Column("unapplied_cents", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_cents", sa.BigInteger(), nullable=False),
        sa.Column("credit_account", sa.Text(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "applied_cents + unapplied_cents + adjusted_cents = amount_cents",
            name=op.f("ck_line_place_conserved"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["remittance.remittance.transaction_id"],
            name=op.f("fk_line_place_transaction_id_remittance"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "sequence", name=op.f("pk_line_place")),
        schema="remittance",
    )
    op.create_index(
        "ix_line_place_account_waiting",
        "line_place",
        ["account_number", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text(
            "unapplied_cents <> 0 AND invoice_number IS NULL AND usage_id IS NULL"
        ),
    )
    op.create_index(
        "ix_line_place_invoice",
        "line_place",
        ["invoice_number", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_line_place_receivable_id",
        "line_place",
        ["receivable_id"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_line_place_unapplied",
        "line_place",
        ["cca", "utility", "environment", "place_number"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("unapplied_cents <> 0"),
    )
    op.create_index(
        "ix_line_place_usage",
        "line_place",
        ["usage_id", "cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )


def _make_placement() -> None:
    op.create_table(
        "placement",
        sa.Column("placement_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=True),
        sa.Column("applied_cents", sa.BigInteger(), nullable=False),
        sa.Column("unapplied_cents", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_cents", sa.BigInteger(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("caused_by", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("placement_id", name=op.f("pk_placement")),
        sa.UniqueConstraint(
            "transaction_id",
            "sequence",
            "number",
            name=op.f("uq_placement_transaction_id_sequence_number"),
        ),
        schema="remittance",
    )


def _make_journal_entry() -> None:
    op.create_table(
        "journal_entry",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("ledger_account", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("debit_cents", sa.BigInteger(), nullable=False),
        sa.Column("credit_cents", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "debit_cents >= 0 AND credit_cents >= 0 AND (debit_cents = 0) <> (credit_cents = 0)",
            name=op.f("ck_journal_entry_one_side"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_journal_entry")),
        schema="remittance",
    )
    op.create_index(
        "ix_journal_entry_account",
        "journal_entry",
        ["cca", "utility", "environment", "ledger_account", "account_number"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_journal_entry_document_id",
        "journal_entry",
        ["document_id", "sequence"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_journal_entry_posting_id",
        "journal_entry",
        ["posting_id"],
        unique=False,
        schema="remittance",
    )
