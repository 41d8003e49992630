"""Where everything is kept: one PostgreSQL database, one schema for each service.

A service opens a *unit of work* at its edge; what is written inside is kept as a whole or not at
all. Readers get a session that cannot write. Each service connects under a role that has rights
on its own schema only, so no service can read or mend another's tables by accident.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NewType

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import URL, MetaData, Table, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from shared.platform.telemetry import UNIT_OF_WORK_SECONDS

POOL_SIZE = 10
POOL_OVERFLOW = 10
POOL_WAIT_S = 30.0
CONNECT_TIMEOUT_S = 10.0
LOCK_TIMEOUT_MS = 15_000
IDLE_IN_UNIT_OF_WORK_MS = 300_000
"""A unit of work forgotten open is ended by the database after this time."""

_DRIVER = "driver"

# Names are fixed by rule, so that a migration and the code always mean the same constraint.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Class 08: connection lost; 40: serialization failure, deadlock; 53: out of resources;
# 55P03: lock not available in time; 57P: server is stopping or starting; 25P03: idle too long.
TRANSIENT_SQLSTATES = ("08", "40", "53", "55P03", "57P", "25P03")

ReadSession = NewType("ReadSession", AsyncSession)
"""A session that sees one moment of the data and cannot change it."""

WriteSession = NewType("WriteSession", AsyncSession)
"""A session inside a unit of work; it is committed by whoever opened it, never by its users."""


def metadata(schema: str) -> MetaData:
    """The collection of a service's tables, in its own schema and with named constraints."""
    return MetaData(schema=schema, naming_convention=NAMING_CONVENTION)


def role_of(schema: str) -> str:
    """The database role of the service that owns the schema, e.g. `ccax_rating`."""
    return f"ccax_{schema}"


def driver_url(url: str) -> URL:
    """The address with the asyncpg driver named, whichever way it was written."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def is_transient(fault: BaseException) -> bool:
    """Whether trying the same thing again later can help (outage, deadlock, lock wait)."""
    if isinstance(fault, DBAPIError):
        if fault.connection_invalidated:
            return True
        fault = fault.orig or fault
    sqlstate = str(getattr(fault, "sqlstate", None) or "")
    if sqlstate:
        return sqlstate.startswith(TRANSIENT_SQLSTATES)
    if isinstance(fault, asyncpg.InterfaceError):  # no code: also raised for wrong use
        return "closed" in str(fault)
    return isinstance(fault, ConnectionError | TimeoutError | PoolTimeoutError)


class Database:
    """One service's view of the database: a pool of connections under the service's role.

    Args:
        url: `postgresql://user:password@host:port/name`, or with `?host=/folder` for a socket.
        schema: the service's schema: `edi`, `rating` or `remittance`.
        role: the role to work under; the schema's own role when not given, `""` for none
            (set-up and tests that own the whole database).
    """

    def __init__(
        self, url: str, schema: str, role: str | None = None, pool_size: int = POOL_SIZE
    ) -> None:
        self.schema = schema
        self.role = role_of(schema) if role is None else role
        self._engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            connect_args={
                "timeout": CONNECT_TIMEOUT_S,
                "server_settings": _server_settings(schema, self.role),
            },
        )
        # One moment for the whole page: two queries of a report never disagree.
        reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._read = async_sessionmaker(reading, expire_on_commit=False)
        self._write = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A session for queries; a write through it is refused by the database."""
        async with self._read() as session:
            yield ReadSession(session)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[WriteSession]:
        """A session whose writes are committed together at the end, or undone on any error."""
        started = time.perf_counter()
        outcome = "rolled_back"
        try:
            async with self._write() as session, session.begin():
                yield WriteSession(session)
            outcome = "committed"
        finally:
            elapsed = time.perf_counter() - started
            UNIT_OF_WORK_SECONDS.labels(self.schema, outcome).observe(elapsed)

    async def ready(self) -> bool:
        """Whether the database answers right now; never raises."""
        try:
            async with self._read() as session:
                await session.execute(text("SELECT 1"))
        except (DBAPIError, OSError, TimeoutError, asyncpg.PostgresError):
            return False
        return True

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()


def _server_settings(schema: str, role: str) -> dict[str, str]:
    settings = {
        "application_name": f"ccax {schema}",
        "timezone": "UTC",
        "jit": "off",  # compiling a plan costs more than our short queries take
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_IN_UNIT_OF_WORK_MS),
    }
    if role:
        settings["role"] = role
    return settings


async def copy_rows(
    session: WriteSession,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> int:
    """Write many rows at once by binary COPY, in the session's own unit of work.

    Values go to the driver as they are: `Decimal`, `int`, `date`, `UUID`, `bytes`, lists for
    arrays, and text (already serialised) for JSON. Server defaults fill the columns not named;
    Python-side defaults of SQLAlchemy columns do not apply.

    Returns:
        How many rows were written.
    """
    driver = await driver_connection(session)
    status = await driver.copy_records_to_table(
        table.name, schema_name=table.schema, columns=list(columns), records=rows
    )
    return int(str(status).removeprefix("COPY "))


async def driver_connection(session: WriteSession) -> asyncpg.Connection[Any]:
    """The asyncpg connection the session works on, with its transaction begun."""
    known: asyncpg.Connection[Any] | None = session.info.get(_DRIVER)
    if known is not None and known.is_in_transaction():
        return known
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver: asyncpg.Connection[Any] | None = raw.driver_connection
    if driver is None:
        raise ConnectionError("The session has lost its database connection")
    if not driver.is_in_transaction():
        # SQLAlchemy begins the transaction at its first statement; work done beside SQLAlchemy
        # on the bare driver would otherwise commit by itself.
        await connection.exec_driver_sql("SELECT 1")
    session.info[_DRIVER] = driver  # a session is one unit of work, on one connection
    return driver


async def try_lock(session: WriteSession, key: str) -> bool:
    """Take the named lock until the unit of work ends; `False` when another process holds it.

    For work that must run in one process at a time (an hourly sweep, a daily schedule).
    """
    taken = await session.scalar(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": lock_number(key)}
    )
    return bool(taken)


async def wait_lock(session: WriteSession, key: str) -> None:
    """Take the named lock until the unit of work ends, waiting for its present holder."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_number(key)})


def lock_number(key: str) -> int:
    """The 64-bit number PostgreSQL knows a named lock by."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def after_commit(session: WriteSession, call: Callable[[], object]) -> None:
    """Call the function once when, and only when, the unit of work has been committed.

    For wake-up signals alone: whatever must not be lost is a row of the unit of work.
    """
    event.listen(session.sync_session, "after_commit", lambda _session: call(), once=True)
