"""Who asked for the release of a charge under review is kept with it, for who releases it.

Whoever acted last had stood for that: somebody else's note let the one who asked release too.
What was released so before names whoever acted last, as it did until now.

Revision 3b8c5d20a9e4, after 9e27d4b1c6f3; made 2026-11-23.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3b8c5d20a9e4"
down_revision = "9e27d4b1c6f3"
branch_labels = None
depends_on = None

ASKED = """
    UPDATE rating.reviews r SET asked_by = a.by
      FROM (SELECT DISTINCT ON (review_id) review_id, act, by FROM rating.review_acts
             WHERE act IN ('ask', 'return') ORDER BY review_id, act_id DESC) a
     WHERE a.review_id = r.review_id AND a.act = 'ask'
"""
RELEASED_BEFORE = """
    UPDATE rating.reviews SET asked_by = last_actor
     WHERE state = 'released' AND two_people AND coalesce(asked_by = closed_by, true)
"""


def upgrade() -> None:
    op.add_column("reviews", sa.Column("asked_by", sa.Text()), schema="rating")
    op.execute(ASKED)
    op.execute(RELEASED_BEFORE)
    op.drop_constraint(op.f("ck_reviews_two_people"), "reviews", schema="rating")
    op.create_check_constraint(
        op.f("ck_reviews_two_people"),
        "reviews",
        "state <> 'released' OR NOT two_people OR coalesce(asked_by <> closed_by, false)",
        schema="rating",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_reviews_two_people"), "reviews", schema="rating")
    op.create_check_constraint(
        op.f("ck_reviews_two_people"),
        "reviews",
        "state <> 'released' OR NOT two_people OR last_actor IS NOT NULL",
        schema="rating",
    )
    op.drop_column("reviews", "asked_by", schema="rating")
