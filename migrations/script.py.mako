<%
def quoted(value):
    return "None" if value is None else '"%s"' % value
%>"""${message.strip().rstrip(".").capitalize()}.

Revision ${up_revision}, after ${down_revision or "nothing"}; made ${create_date.date()}.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${quoted(up_revision)}
down_revision = ${quoted(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
