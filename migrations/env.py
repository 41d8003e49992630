"""Runs one service's history on the connection it is given.

Alembic loads this file; `shared.platform.migrate` opens the connection, takes the lock and says
which service is meant, so nothing here reads settings or opens anything.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from shared.platform.migrate import configure


def run() -> None:
    """Apply the asked-for revisions inside the caller's unit of work."""
    attributes = context.config.attributes
    connection = attributes["connection"]
    if not isinstance(connection, Connection):
        raise TypeError("migrations run through shared.platform.migrate, never alone")
    configure(context.configure, connection, attributes["schema"], attributes["metadata"])
    with context.begin_transaction():
        context.run_migrations()


run()
