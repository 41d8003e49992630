"""Taxes payable, fees and write-offs, months that close, export batches, and what guards them.

Entries that were made before get the month of their own day, and the kind that follows from the
document or line they belong to; fees move from adjustments to an account of their own.

Revision 8ff663fc3593, after e91730f81cbf; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8ff663fc3593"
down_revision = "e91730f81cbf"
branch_labels = None
depends_on = None


ADDED_TO_ONLY = (
    "journal_entry",
    "receivable_entry",
    "receivable_tax",
    "write_off",
    "worked_write_off",
    "closed_period",
    "closed_balance",
    "gl_batch",
    "gl_batch_part",
)

# One question for each COPY of a batch of postings, so that a long payment hardly feels it.
CHECK_ADDED = """
CREATE FUNCTION remittance.check_added_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM added GROUP BY posting_id HAVING sum(debit_cents) <> sum(credit_cents)
    ) THEN
        RAISE EXCEPTION 'debits and credits of a posting differ'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT FROM (
            SELECT cca, utility, environment, min(period) AS period FROM added GROUP BY 1, 2, 3
        ) AS first
        JOIN remittance.closed_period AS closed USING (cca, utility, environment)
        WHERE closed.month >= first.period
    ) THEN
        RAISE EXCEPTION 'an entry is booked in a month that is closed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""
REFUSE_CHANGE = """
CREATE FUNCTION remittance.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state';
END $$
"""
KIND_OF_EARLIER = """
UPDATE remittance.journal_entry AS entry
SET period = date_trunc('month', effective_on),
    kind = CASE
        WHEN sequence IS NOT NULL AND ledger_account IN ('adjustments', 'discount') THEN 'adjusted'
        WHEN sequence IS NOT NULL THEN 'applied'
        WHEN EXISTS (
            SELECT FROM remittance.sent_document AS document
            WHERE document.transaction_id = entry.document_id AND document.effect = 'opened'
        ) THEN 'charged'
        ELSE 'cancelled'
    END
"""
FEES_OF_EARLIER = """
UPDATE remittance.journal_entry AS entry SET ledger_account = 'fees'
FROM remittance.line_place AS place
WHERE entry.ledger_account = 'adjustments' AND place.kind = 'fee'
  AND place.transaction_id = entry.document_id AND place.sequence = entry.sequence
"""


def upgrade() -> None:
    _make_tables()
    _add_columns()
    op.execute(CHECK_ADDED)
    op.execute(REFUSE_CHANGE)
    op.execute(
        "CREATE TRIGGER check_added_entries AFTER INSERT ON remittance.journal_entry"
        " REFERENCING NEW TABLE AS added"
        " FOR EACH STATEMENT EXECUTE FUNCTION remittance.check_added_entries()"
    )
    for name in ADDED_TO_ONLY:
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON remittance.{name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION remittance.refuse_change()"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION remittance.check_added_entries() CASCADE")
    op.execute("DROP FUNCTION remittance.refuse_change() CASCADE")
    op.drop_column("receivable_balance", "written_off_cents", schema="remittance")
    op.drop_column("receivable_balance", "write_off_cents", schema="remittance")
    op.drop_index("ix_journal_entry_period", table_name="journal_entry", schema="remittance")
    op.drop_column("journal_entry", "jurisdiction", schema="remittance")
    op.drop_column("journal_entry", "kind", schema="remittance")
    op.drop_column("journal_entry", "period", schema="remittance")
    op.drop_index("ix_write_off_scope", table_name="write_off", schema="remittance")
    op.drop_index("ix_write_off_receivable_id", table_name="write_off", schema="remittance")
    op.drop_table("write_off", schema="remittance")
    op.drop_table("worked_write_off", schema="remittance")
    op.drop_table("receivable_tax", schema="remittance")
    op.drop_table("gl_batch_part", schema="remittance")
    op.drop_table("closed_balance", schema="remittance")
    op.drop_table("gl_batch", schema="remittance")
    op.drop_table("closed_period", schema="remittance")


def _add_columns() -> None:
    for table, column, default in (
        ("journal_entry", sa.Column("period", sa.Date(), nullable=False), "'0001-01-01'"),
        ("journal_entry", sa.Column("kind", sa.Text(), nullable=False), "''"),
        ("journal_entry", sa.Column("jurisdiction", sa.Text(), nullable=False), "''"),
        ("receivable_balance", sa.Column("write_off_cents", sa.BigInteger(), nullable=False), "0"),
        (
            "receivable_balance",
            sa.Column("written_off_cents", sa.BigInteger(), nullable=False),
            "0",
        ),
    ):
        column.server_default = sa.DefaultClause(sa.text(default))
        op.add_column(table, column, schema="remittance")
    op.execute(KIND_OF_EARLIER)
    op.execute(FEES_OF_EARLIER)
    for table, name in (
        ("journal_entry", "period"),
        ("journal_entry", "kind"),
        ("journal_entry", "jurisdiction"),
        ("receivable_balance", "write_off_cents"),
        ("receivable_balance", "written_off_cents"),
    ):
        op.alter_column(table, name, server_default=None, schema="remittance")
    op.create_check_constraint(
        op.f("ck_journal_entry_jurisdiction"),
        "journal_entry",
        "(ledger_account = 'taxes_payable') = (jurisdiction <> '')",
        schema="remittance",
    )
    op.create_check_constraint(
        op.f("ck_journal_entry_first_day"),
        "journal_entry",
        "extract(day FROM period) = 1",
        schema="remittance",
    )
    op.create_index(
        "ix_journal_entry_period",
        "journal_entry",
        ["period"],
        unique=False,
        schema="remittance",
        postgresql_using="brin",
    )


def _make_tables() -> None:
    op.create_table(
        "closed_period",
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("not_entered", sa.Integer(), nullable=False),
        sa.Column("held_payments", sa.Integer(), nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_closed_period_first_day")),
        sa.PrimaryKeyConstraint(
            "cca", "utility", "environment", "month", name=op.f("pk_closed_period")
        ),
        schema="remittance",
    )
    op.create_table(
        "gl_batch",
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("after_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("through_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("debit_cents", sa.BigInteger(), nullable=False),
        sa.Column("credit_cents", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("after_entry_id < through_entry_id", name=op.f("ck_gl_batch_range")),
        sa.CheckConstraint("debit_cents = credit_cents", name=op.f("ck_gl_batch_balanced")),
        sa.PrimaryKeyConstraint(
            "cca", "utility", "environment", "number", name=op.f("pk_gl_batch")
        ),
        sa.UniqueConstraint(
            "cca",
            "utility",
            "environment",
            "month",
            "after_entry_id",
            name=op.f("uq_gl_batch_cca_utility_environment_month_after_entry_id"),
        ),
        schema="remittance",
    )
    op.create_table(
        "closed_balance",
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("ledger_account", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("opening_cents", sa.BigInteger(), nullable=False),
        sa.Column("debit_cents", sa.BigInteger(), nullable=False),
        sa.Column("credit_cents", sa.BigInteger(), nullable=False),
        sa.Column("closing_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "opening_cents + debit_cents - credit_cents = closing_cents",
            name=op.f("ck_closed_balance_adds"),
        ),
        sa.ForeignKeyConstraint(
            ["cca", "utility", "environment", "month"],
            [
                "remittance.closed_period.cca",
                "remittance.closed_period.utility",
                "remittance.closed_period.environment",
                "remittance.closed_period.month",
            ],
            name=op.f("fk_closed_balance_cca_utility_environment_month_closed_period"),
        ),
        sa.PrimaryKeyConstraint(
            "cca",
            "utility",
            "environment",
            "month",
            "ledger_account",
            "jurisdiction",
            name=op.f("pk_closed_balance"),
        ),
        schema="remittance",
    )
    op.create_table(
        "gl_batch_part",
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cca", "utility", "environment", "number"],
            [
                "remittance.gl_batch.cca",
                "remittance.gl_batch.utility",
                "remittance.gl_batch.environment",
                "remittance.gl_batch.number",
            ],
            name=op.f("fk_gl_batch_part_cca_utility_environment_number_gl_batch"),
        ),
        sa.PrimaryKeyConstraint(
            "cca", "utility", "environment", "number", "part", name=op.f("pk_gl_batch_part")
        ),
        schema="remittance",
    )
    op.create_table(
        "receivable_tax",
        sa.Column("receivable_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["receivable_id"],
            ["remittance.receivable.receivable_id"],
            name=op.f("fk_receivable_tax_receivable_id_receivable"),
        ),
        sa.PrimaryKeyConstraint(
            "receivable_id", "code", "jurisdiction", name=op.f("pk_receivable_tax")
        ),
        schema="remittance",
    )
    op.create_table(
        "worked_write_off",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("comparison", sa.Text(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("worked_by", sa.Text(), nullable=False),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_id", "sequence"],
            [
                "remittance.reported_write_off.transaction_id",
                "remittance.reported_write_off.sequence",
            ],
            name=op.f("fk_worked_write_off_transaction_id_sequence_reported_write_off"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "sequence", name=op.f("pk_worked_write_off")),
        schema="remittance",
    )
    op.create_table(
        "write_off",
        sa.Column("write_off_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("takes_back", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_in", sa.Uuid(), nullable=True),
        sa.Column("reported_sequence", sa.Integer(), nullable=True),
        sa.CheckConstraint("approved_by <> decided_by", name=op.f("ck_write_off_two_people")),
        sa.CheckConstraint("cents <> 0", name=op.f("ck_write_off_moves_money")),
        sa.ForeignKeyConstraint(
            ["receivable_id"],
            ["remittance.receivable.receivable_id"],
            name=op.f("fk_write_off_receivable_id_receivable"),
        ),
        sa.ForeignKeyConstraint(
            ["reported_in", "reported_sequence"],
            [
                "remittance.reported_write_off.transaction_id",
                "remittance.reported_write_off.sequence",
            ],
            name=op.f("fk_write_off_reported_in_reported_sequence_reported_write_off"),
        ),
        sa.ForeignKeyConstraint(
            ["takes_back"],
            ["remittance.write_off.write_off_id"],
            name=op.f("fk_write_off_takes_back_write_off"),
        ),
        sa.PrimaryKeyConstraint("write_off_id", name=op.f("pk_write_off")),
        sa.UniqueConstraint("takes_back", name=op.f("uq_write_off_takes_back")),
        schema="remittance",
    )
    op.create_index(
        "ix_write_off_receivable_id",
        "write_off",
        ["receivable_id"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_write_off_scope",
        "write_off",
        ["cca", "utility", "environment", "decided_at"],
        unique=False,
        schema="remittance",
    )
