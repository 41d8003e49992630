"""Tables for those who look: views that somebody keeps, and counts that would be long to make."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, PrimaryKeyConstraint, Table, Text

from shared.platform.columns import SCOPE_COLUMNS, moment


def saved_views(metadata: MetaData) -> Table:
    """Declare the table; a view is an address, so it shows what is there when it is opened."""
    return Table(
        "saved_views",
        metadata,
        Column("owner", Text, primary_key=True),
        Column("name", Text, primary_key=True),
        Column("address", Text, nullable=False),
        moment("kept_at"),
    )


def terms_counts(metadata: MetaData) -> Table:
    """Declare the table of how many agreements are served on the same terms; kept with 814s."""
    words = ("rate_code", "product", "city", *SCOPE_COLUMNS)
    return Table(
        "terms_counts",
        metadata,
        *(Column(name, Text, nullable=False) for name in words),
        Column("count", BigInteger, nullable=False),
        PrimaryKeyConstraint(*words),
    )
