"""Take bank numbers out of what was found wrong with them; the payment itself lies sealed.

Revision 5c0e7f1a9b24, after d906648941c7; made 2026-11-23.
"""

from __future__ import annotations

from alembic import op

revision = "5c0e7f1a9b24"
down_revision = "d906648941c7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As `bank_numbers.may_name_account`: all but codes, the amount and the settlement day.
    op.execute(
        """
        WITH hidden AS (
            SELECT id, transaction_id, value, '••••' || right(value, 4) AS shown
            FROM edi.finding
            WHERE segment_id = 'BPR' AND value <> ''
              AND (element IN (7, 9, 13, 15) OR element <> 2 AND length(value) > 4)
              AND NOT (element = 16 AND value ~ '^(19|20)[0-9]{6}$')
        ), told AS (
            UPDATE edi.transaction t
            SET exception_text = replace(t.exception_text, hidden.value, hidden.shown)
            FROM hidden
            WHERE hidden.transaction_id = t.id AND strpos(t.exception_text, hidden.value) > 0
        )
        UPDATE edi.finding f
        SET message = replace(f.message, hidden.value, hidden.shown), value = ''
        FROM hidden WHERE hidden.id = f.id
        """
    )


def downgrade() -> None:
    """What was taken out is in the sealed payment and nowhere else."""
