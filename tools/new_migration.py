"""Draft a migration: what differs between a service's history and the tables its code declares.

    python -m tools.new_migration edi_gateway "first tables"

Starts the embedded PostgreSQL in a temporary folder, applies the history and writes a dated draft
into `migrations/<service>/versions`. Read it before committing it.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, MetaData, text

from shared.platform import migrate
from shared.platform.database import role_of
from shared.platform.embedded import start_postgres


def _draft(connection: Connection, service: migrate.History, metadata: MetaData, said: str) -> None:
    connection.execute(text(f"SET LOCAL ROLE {role_of(service.schema)}"))
    config = migrate._config(service)  # noqa: SLF001  the tool belongs to the module
    attributes: dict[str, Any] = {
        "connection": connection,
        "schema": service.schema,
        "metadata": metadata,
    }
    config.attributes.update(attributes)
    command.revision(
        config, said, autogenerate=True, head="head", version_path=str(service.versions)
    )


async def _run(service: migrate.History, metadata: MetaData, said: str) -> None:
    with tempfile.TemporaryDirectory(prefix="ccax-draft-") as folder:
        postgres = start_postgres(Path(folder) / "postgres")
        try:
            await migrate.migrate(postgres.url, service)
            engine = migrate._engine(postgres.url)  # noqa: SLF001
            async with engine.begin() as connection:
                await connection.run_sync(_draft, service, metadata, said)
            await engine.dispose()
        finally:
            postgres.stop()


def main() -> None:
    """Draft a migration for the service and with the words given on the command line."""
    name, said = sys.argv[1:3]
    service = migrate.history_of(name)
    service.versions.mkdir(parents=True, exist_ok=True)
    metadata = importlib.import_module(f"services.{name}.store").METADATA
    asyncio.run(_run(service, metadata, said))


if __name__ == "__main__":
    main()
