"""Databases for the tests, on one real PostgreSQL that lives as long as the run.

Starting a server takes seconds and making a database takes milliseconds, so the tests share the
server and each gets a database of its own: empty, or with every service's tables.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
import tempfile
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

Result = TypeVar("Result")

EMPTY = "template0"
"""Name of a database with nothing in it, to be copied."""

# The machine may lose power during a test run without harm; a killed process still loses nothing.
TEST_SETTINGS = ("fsync = off", "full_page_writes = off")

# A database is copied as nine hundred files and thrown away after its test. In memory that takes a
# tenth of the processor time it takes on a disk; a run keeps a few hundred megabytes there.
MEMORY: Final = Path("/dev/shm")
MEMORY_NEEDED: Final = 4 * 1024**3

# Waits until its standard input closes, which happens however its parent ends, then ends the
# server at once: a test run that is itself killed leaves nothing behind.
GUARD_SCRIPT = """
read line; kill -s QUIT "$1"; while kill -s 0 "$1" 2>/dev/null; do sleep 0.1; done
rm -rf "$2"; rmdir "${2%/*}" 2>/dev/null
"""


def wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end on a loop of its own, whether or not another one runs here."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


def make_fast(dsn: str) -> None:
    """Let the server skip what only matters when the machine loses power."""
    statements = [f"ALTER SYSTEM SET {setting}" for setting in TEST_SETTINGS]
    wait_for(_execute(dsn, *statements, "SELECT pg_reload_conf()"))


@contextmanager
def folder_for_data(on_disk: Path) -> Iterator[Path]:
    """A folder in memory, where the machine has room for it, or else the one on disk."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_NEEDED:
        yield on_disk
        return
    with tempfile.TemporaryDirectory(
        prefix="ccax-", dir=MEMORY, ignore_cleanup_errors=True
    ) as made:
        yield Path(made)


@contextmanager
def guarded(pid: int, folder: Path) -> Iterator[None]:
    """See to it that neither a server nor its data outlives this process."""
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD_SCRIPT, "guard", str(pid), str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.kill()
        guard.communicate()


def create_database(dsn: str, template: str = EMPTY) -> str:
    """Make a database as a copy of another; returns its address."""
    name = f"test_{secrets.token_hex(6)}"
    # Copying files takes a seventh of the time that writing every page to the log takes.
    copied = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
    wait_for(_execute(dsn, copied))
    return urllib.parse.urlsplit(dsn)._replace(path=f"/{name}").geturl()


def drop_database(dsn: str, doomed: str) -> None:
    """Remove a database, closing whatever a test left connected to it."""
    wait_for(_execute(dsn, f'DROP DATABASE IF EXISTS "{name_of(doomed)}" WITH (FORCE)'))


def name_of(dsn: str) -> str:
    """The database an address names."""
    return urllib.parse.urlsplit(dsn).path.lstrip("/")


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
