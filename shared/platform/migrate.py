"""Brings the database to the shape the programs expect, one service's schema at a time.

Safe to run at every start and from several processes at once: a named lock lets one work and the
others find it done. Waiting for table locks is bounded, so a migration never stops a billing day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.contracts.parts import ServiceName
from shared.platform.database import driver_url, lock_number, role_of

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
LOCK_TIMEOUT_S = 5
VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class History:
    """One service's schema and the folder that tells how it came to be."""

    service: str
    schema: str
    versions: Path

    @property
    def head(self) -> str | None:
        """The newest revision in the folder; `None` while there is none."""
        return ScriptDirectory.from_config(_config(self)).get_current_head()


def history(service: str, schema: str, root: Path = MIGRATIONS) -> History:
    """The history of a service whose versions lie in `migrations/<service>/versions`."""
    return History(service, schema, root / service / "versions")


HISTORIES = (
    history(ServiceName.EDI_GATEWAY, "edi"),
    history(ServiceName.RATING, "rating"),
    history(ServiceName.REMITTANCE, "remittance"),
)
"""Every service that has tables; a new service is a line here."""


def history_of(service: str) -> History:
    """The registered history of a service.

    Raises:
        LookupError: no such service has tables.
    """
    for known in HISTORIES:
        if known.service == service:
            return known
    raise LookupError(f"No service named {service} has tables")


async def migrate(url: str, service: History) -> str | None:
    """Make schema, role and rights, then apply what is missing; tells the revision reached."""
    engine = _engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_number("ccax migrate")}
            )
            await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
            await connection.run_sync(_prepare, service.schema)
            if service.head is not None:
                await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()
    return service.head


async def migrate_all(url: str, histories: Sequence[History] = HISTORIES) -> dict[str, str | None]:
    """Migrate every service; tells the revision each has reached."""
    return {service.service: await migrate(url, service) for service in histories}


async def current(url: str, histories: Sequence[History] = HISTORIES) -> dict[str, str | None]:
    """The revision each service's schema is at; `None` where nothing was applied yet."""
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            found = {}
            for service in histories:
                found[service.service] = await connection.run_sync(_revision, service.schema)
            return found
    finally:
        await engine.dispose()


async def pending(url: str, histories: Sequence[History] = HISTORIES) -> bool:
    """Whether some schema is not at its newest revision; such a service is not ready."""
    at = await current(url, histories)
    return any(at[service.service] != service.head for service in histories)


async def drift(url: str, service: History, metadata: MetaData) -> list[Any]:
    """What differs between a migrated schema and the tables the code declares.

    Empty when the history is complete; otherwise Alembic's own list of differences.
    """
    engine = _engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare, service.schema, metadata)
    finally:
        await engine.dispose()


def configure(
    configure_context: Callable[..., None],
    connection: Connection,
    schema: str,
    metadata: MetaData | None,
) -> None:
    """Tell an Alembic context about one schema; used by `migrations/env.py`."""
    configure_context(connection=connection, target_metadata=metadata, **_options(schema))


def _engine(url: str) -> AsyncEngine:
    settings = {"application_name": "ccax migrate", "timezone": "UTC"}
    return create_async_engine(
        driver_url(url), poolclass=NullPool, connect_args={"server_settings": settings}
    )


def _config(service: History) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(service.versions))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    return config


def _options(schema: str, partitions: Collection[str] = ()) -> dict[str, Any]:
    def ours(name: str | None, kind: str, _parents: object) -> bool:
        if kind == "table":
            return name not in partitions  # made by the month, not by the history
        return name == schema if kind == "schema" else True

    return {
        "version_table": VERSION_TABLE,
        "version_table_schema": schema,
        "include_schemas": True,
        "include_name": ours,
        "compare_type": True,
        "compare_server_default": True,
        "transaction_per_migration": False,
    }


def _prepare(connection: Connection, schema: str) -> None:
    """Make the service's role and its schema, which the role owns and nobody else may enter."""
    role = role_of(schema)
    # Roles belong to the whole server: another database may make the same one right now.
    connection.execute(
        text(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    )
    is_member = text("SELECT pg_has_role(CURRENT_USER, :role, 'MEMBER')")
    if not connection.scalar(is_member, {"role": role}):
        connection.execute(text(f"GRANT {role} TO CURRENT_USER"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role}"))
    # From here on under the role: it owns what the history makes, so that the service may add
    # a month's partition by itself and can still touch nothing outside its schema.
    connection.execute(text(f"SET LOCAL ROLE {role}"))


def _upgrade(connection: Connection, service: History) -> None:
    config = _config(service)
    config.attributes.update(connection=connection, schema=service.schema, metadata=None)
    command.upgrade(config, "head")


def _revision(connection: Connection, schema: str) -> str | None:
    options = {"version_table": VERSION_TABLE, "version_table_schema": schema}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _compare(connection: Connection, schema: str, metadata: MetaData) -> list[Any]:
    partitions = connection.scalars(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relispartition AND n.nspname = :schema"
        ),
        {"schema": schema},
    )
    context = MigrationContext.configure(connection, opts=_options(schema, set(partitions)))
    return list(compare_metadata(context, metadata))
