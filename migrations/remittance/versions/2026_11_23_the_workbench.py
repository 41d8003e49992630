"""What people decide at the workbench, and the parts of lines that they place by hand.

Revision 5e1dcd2044d9, after a6e8d8f3283d; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5e1dcd2044d9"
down_revision = "a6e8d8f3283d"
branch_labels = None
depends_on = None

ADDED_TO_ONLY = ("act", "act_end", "act_write_off", "assignment")


def upgrade() -> None:
    op.create_table(
        "act",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("act_number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved_cents", sa.BigInteger(), nullable=False),
        sa.Column("written_off_cents", sa.BigInteger(), nullable=False),
        sa.Column("two_people", sa.Boolean(), nullable=False),
        sa.Column("takes_back", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("once_key", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "moved_cents >= 0 AND written_off_cents >= 0", name=op.f("ck_act_sizes")
        ),
        sa.ForeignKeyConstraint(
            ["takes_back"], ["remittance.act.act_id"], name=op.f("fk_act_takes_back_act")
        ),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_act")),
        sa.UniqueConstraint("act_number", name=op.f("uq_act_act_number")),
        sa.UniqueConstraint("asked_by", "once_key", name=op.f("uq_act_asked_by_once_key")),
        schema="remittance",
    )
    op.create_index(
        "ix_act_scope",
        "act",
        ["cca", "utility", "environment", "act_number"],
        unique=False,
        schema="remittance",
    )
    op.create_index("ix_act_takes_back", "act", ["takes_back"], unique=False, schema="remittance")
    op.create_table(
        "bulk_job",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("job_number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("cca", sa.Text(), nullable=False),
        sa.Column("utility", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("moved_cents", sa.BigInteger(), nullable=False),
        sa.Column("written_off_cents", sa.BigInteger(), nullable=False),
        sa.Column("two_people", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("once_key", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_bulk_job")),
        sa.UniqueConstraint("asked_by", "once_key", name=op.f("uq_bulk_job_asked_by_once_key")),
        sa.UniqueConstraint("job_number", name=op.f("uq_bulk_job_job_number")),
        schema="remittance",
    )
    op.create_index(
        "ix_bulk_job_running",
        "bulk_job",
        ["job_number"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_bulk_job_scope",
        "bulk_job",
        ["cca", "utility", "environment", "job_number"],
        unique=False,
        schema="remittance",
    )
    op.create_table(
        "act_end",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["act_id"], ["remittance.act.act_id"], name=op.f("fk_act_end_act_id_act")
        ),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_act_end")),
        schema="remittance",
    )
    op.create_table(
        "bulk_item",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["act_id"], ["remittance.act.act_id"], name=op.f("fk_bulk_item_act_id_act")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["remittance.bulk_job.job_id"], name=op.f("fk_bulk_item_job_id_bulk_job")
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_bulk_item")),
        schema="remittance",
    )
    op.create_table(
        "act_write_off",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("write_off_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["act_id"], ["remittance.act.act_id"], name=op.f("fk_act_write_off_act_id_act")
        ),
        sa.ForeignKeyConstraint(
            ["write_off_id"],
            ["remittance.write_off.write_off_id"],
            name=op.f("fk_act_write_off_write_off_id_write_off"),
        ),
        sa.PrimaryKeyConstraint("act_id", "write_off_id", name=op.f("pk_act_write_off")),
        schema="remittance",
    )
    op.create_table(
        "assignment",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cents <> 0", name=op.f("ck_assignment_moves_money")),
        sa.CheckConstraint("part > 0", name=op.f("ck_assignment_part_number")),
        sa.ForeignKeyConstraint(
            ["act_id"], ["remittance.act.act_id"], name=op.f("fk_assignment_act_id_act")
        ),
        sa.ForeignKeyConstraint(
            ["receivable_id"],
            ["remittance.receivable.receivable_id"],
            name=op.f("fk_assignment_receivable_id_receivable"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id", "sequence"],
            ["remittance.line_place.transaction_id", "remittance.line_place.sequence"],
            name=op.f("fk_assignment_transaction_id_sequence_line_place"),
        ),
        sa.PrimaryKeyConstraint(
            "act_id", "transaction_id", "sequence", "part", name=op.f("pk_assignment")
        ),
        schema="remittance",
    )
    op.create_index(
        "ix_assignment_line",
        "assignment",
        ["transaction_id", "sequence"],
        unique=False,
        schema="remittance",
    )
    op.create_index(
        "ix_assignment_receivable_id",
        "assignment",
        ["receivable_id"],
        unique=False,
        schema="remittance",
    )
    op.create_table(
        "line_part",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("receivable_id", sa.Uuid(), nullable=True),
        sa.Column("applied_cents", sa.BigInteger(), nullable=False),
        sa.Column("unapplied_cents", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_cents", sa.BigInteger(), nullable=False),
        sa.Column("discount_cents", sa.BigInteger(), nullable=False),
        sa.Column("credit_account", sa.Text(), nullable=False),
        sa.Column("open_cents", sa.BigInteger(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "applied_cents + unapplied_cents + adjusted_cents = amount_cents",
            name=op.f("ck_line_part_conserved"),
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["remittance.receivable.receivable_id"],
            name=op.f("fk_line_part_target_id_receivable"),
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id", "sequence"],
            ["remittance.line_place.transaction_id", "remittance.line_place.sequence"],
            name=op.f("fk_line_part_transaction_id_sequence_line_place"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "sequence", "part", name=op.f("pk_line_part")),
        schema="remittance",
    )
    op.create_index(
        "ix_line_part_target_id",
        "line_part",
        ["target_id"],
        unique=False,
        schema="remittance",
        postgresql_where=sa.text("amount_cents <> 0"),
    )
    op.add_column(
        "line_place",
        sa.Column("in_parts", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="remittance",
    )
    for name in ADDED_TO_ONLY:
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON remittance.{name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION remittance.refuse_change()"
        )


def downgrade() -> None:
    op.drop_column("line_place", "in_parts", schema="remittance")
    op.drop_index(
        "ix_line_part_target_id",
        table_name="line_part",
        schema="remittance",
        postgresql_where=sa.text("amount_cents <> 0"),
    )
    op.drop_table("line_part", schema="remittance")
    op.drop_index("ix_assignment_receivable_id", table_name="assignment", schema="remittance")
    op.drop_index("ix_assignment_line", table_name="assignment", schema="remittance")
    op.drop_table("assignment", schema="remittance")
    op.drop_table("act_write_off", schema="remittance")
    op.drop_table("bulk_item", schema="remittance")
    op.drop_table("act_end", schema="remittance")
    op.drop_index("ix_bulk_job_scope", table_name="bulk_job", schema="remittance")
    op.drop_index(
        "ix_bulk_job_running",
        table_name="bulk_job",
        schema="remittance",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_table("bulk_job", schema="remittance")
    op.drop_index("ix_act_takes_back", table_name="act", schema="remittance")
    op.drop_index("ix_act_scope", table_name="act", schema="remittance")
    op.drop_table("act", schema="remittance")
