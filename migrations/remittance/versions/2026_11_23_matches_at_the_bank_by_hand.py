"""What people put together at the bank, and the matches that follow it.

Revision 18c7d9e563c7, after 88d5a732bad4; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "18c7d9e563c7"
down_revision = "88d5a732bad4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_hand_match",
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("payments", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("movements", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("announced_cents", sa.BigInteger(), nullable=False),
        sa.Column("deposited_cents", sa.BigInteger(), nullable=False),
        sa.Column("takes_back", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["act_id"], ["remittance.act.act_id"], name=op.f("fk_bank_hand_match_act_id_act")
        ),
        sa.ForeignKeyConstraint(
            ["takes_back"],
            ["remittance.bank_hand_match.act_id"],
            name=op.f("fk_bank_hand_match_takes_back_bank_hand_match"),
        ),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_bank_hand_match")),
        sa.UniqueConstraint("takes_back", name=op.f("uq_bank_hand_match_takes_back")),
        schema="remittance",
    )
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON remittance.bank_hand_match"
        " FOR EACH STATEMENT EXECUTE FUNCTION remittance.refuse_change()"
    )
    op.add_column("bank_match", sa.Column("act_id", sa.Uuid(), nullable=True), schema="remittance")
    op.create_foreign_key(
        op.f("fk_bank_match_act_id_act"),
        "bank_match",
        "act",
        ["act_id"],
        ["act_id"],
        source_schema="remittance",
        referent_schema="remittance",
    )
    op.create_check_constraint(
        op.f("ck_bank_match_decided"),
        "bank_match",
        "(outcome = 'by_hand') = (act_id IS NOT NULL)",
        schema="remittance",
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("ck_bank_match_decided"), "bank_match", schema="remittance", type_="check"
    )
    op.drop_constraint(
        op.f("fk_bank_match_act_id_act"), "bank_match", schema="remittance", type_="foreignkey"
    )
    op.drop_column("bank_match", "act_id", schema="remittance")
    op.drop_table("bank_hand_match", schema="remittance")
