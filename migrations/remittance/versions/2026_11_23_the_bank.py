"""Bank accounts, statements, movements, and what they were matched with.

Revision a6e8d8f3283d, after 8ff663fc3593; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a6e8d8f3283d"
down_revision = "8ff663fc3593"
branch_labels = None
depends_on = None

ADDED_TO_ONLY = ("bank_movement", "bank_sighting")


def upgrade() -> None:
    op.create_table(
        "bank_account",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_bank_account")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_bank_account_fingerprint")),
        schema="remittance",
    )
    op.create_index(
        "ix_bank_account_scope",
        "bank_account",
        ["cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )
    op.create_table(
        "bank_file",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_bank_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_bank_file_sha256")),
        schema="remittance",
    )
    op.create_table(
        "bank_match",
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("payments", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("movements", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("announced_cents", sa.BigInteger(), nullable=False),
        sa.Column("deposited_cents", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome <> 'matched' OR announced_cents = deposited_cents",
            name=op.f("ck_bank_match_matched_agrees"),
        ),
        sa.PrimaryKeyConstraint("match_id", name=op.f("pk_bank_match")),
        schema="remittance",
    )
    op.create_index(
        "ix_bank_match_current",
        "bank_match",
        ["cca", "utility", "environment", "since", "match_id"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "bank_movement",
        sa.Column("movement_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["remittance.bank_account.account_id"],
            name=op.f("fk_bank_movement_account_id_bank_account"),
        ),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_bank_movement")),
        schema="remittance",
    )
    op.create_index(
        "ix_bank_movement_account",
        "bank_movement",
        ["account_id", "booked_on"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_bank_movement_scope",
        "bank_movement",
        ["cca", "utility", "environment"],
        unique=False,
        schema="remittance",
    )
    op.create_table(
        "bank_place",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["match_id"],
            ["remittance.bank_match.match_id"],
            name=op.f("fk_bank_place_match_id_bank_match"),
        ),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_bank_place")),
        schema="remittance",
    )
    op.create_index(
        "ix_bank_place_match_id", "bank_place", ["match_id"], unique=False, schema="remittance"
    )
    op.create_table(
        "bank_statement",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("opening_cents", sa.BigInteger(), nullable=True),
        sa.Column("closing_cents", sa.BigInteger(), nullable=True),
        sa.Column("moved_cents", sa.BigInteger(), nullable=False),
        sa.Column("movements", sa.Integer(), nullable=False),
        sa.Column("new_movements", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_code", sa.Text(), nullable=True),
        sa.Column("held_message", sa.Text(), nullable=True),
        sa.Column("difference_cents", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state <> 'accepted' OR opening_cents IS NULL OR closing_cents IS NULL"
            " OR opening_cents + moved_cents = closing_cents",
            name=op.f("ck_bank_statement_adds_up"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["remittance.bank_account.account_id"],
            name=op.f("fk_bank_statement_account_id_bank_account"),
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["remittance.bank_file.file_id"],
            name=op.f("fk_bank_statement_file_id_bank_file"),
        ),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_bank_statement")),
        sa.UniqueConstraint("file_id", "position", name=op.f("uq_bank_statement_file_id_position")),
        schema="remittance",
    )
    op.create_index(
        "ix_bank_statement_account",
        "bank_statement",
        ["account_id", "as_of"],
        unique=False,
        schema="remittance",
    )
    op.create_table(
        "bank_sighting",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("movement_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("bank_reference", sa.Text(), nullable=False),
        sa.Column("traces", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("numbers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["movement_id"],
            ["remittance.bank_movement.movement_id"],
            name=op.f("fk_bank_sighting_movement_id_bank_movement"),
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["remittance.bank_statement.statement_id"],
            name=op.f("fk_bank_sighting_statement_id_bank_statement"),
        ),
        sa.PrimaryKeyConstraint("statement_id", "position", name=op.f("pk_bank_sighting")),
        schema="remittance",
    )
    op.create_index(
        "ix_bank_sighting_movement_id",
        "bank_sighting",
        ["movement_id"],
        unique=False,
        schema="remittance",
    )
    for name in ADDED_TO_ONLY:
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON remittance.{name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION remittance.refuse_change()"
        )


def downgrade() -> None:
    op.drop_index("ix_bank_sighting_movement_id", table_name="bank_sighting", schema="remittance")
    op.drop_table("bank_sighting", schema="remittance")
    op.drop_index("ix_bank_statement_account", table_name="bank_statement", schema="remittance")
    op.drop_table("bank_statement", schema="remittance")
    op.drop_index("ix_bank_place_match_id", table_name="bank_place", schema="remittance")
    op.drop_table("bank_place", schema="remittance")
    op.drop_index("ix_bank_movement_scope", table_name="bank_movement", schema="remittance")
    op.drop_index("ix_bank_movement_account", table_name="bank_movement", schema="remittance")
    op.drop_table("bank_movement", schema="remittance")
    op.drop_index(
        "ix_bank_match_current",
        table_name="bank_match",
        schema="remittance",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("bank_match", schema="remittance")
    op.drop_table("bank_file", schema="remittance")
    op.drop_index("ix_bank_account_scope", table_name="bank_account", schema="remittance")
    op.drop_table("bank_account", schema="remittance")
