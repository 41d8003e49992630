"""The table of saved views: a filter that somebody wants to have at hand again, by name."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Table, Text


def saved_views(metadata: MetaData) -> Table:
    """Declare the table; a view is an address, so it shows what is there when it is opened."""
    return Table(
        "saved_views",
        metadata,
        Column("owner", Text, primary_key=True),
        Column("name", Text, primary_key=True),
        Column("address", Text, nullable=False),
        Column("kept_at", DateTime(timezone=True), nullable=False),
    )
