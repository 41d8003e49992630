"""The whole loop, from a file in the mailbox to the 810s in the mailbox, in time and memory.

SFTP in, archive, validation, ledger, bus, rating, 810 and 997 rendered and delivered, all
committed. The exchange runs in processes of its own, started by the command line as an operator
would; the files come from the simulated utility's writer and go in over OpenSSH's `sftp`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.platform.embedded import start_postgres
from tests.distributed.installation import (
    GATEWAY,
    SERVICES,
    Installation,
    ServiceProcess,
    make_key,
    wait_for,
)
from tests.machines import postgres
from tests.machines.rabbitmq import choose_broker

WAIT_MAX_S = 1_800.0
LOOK_EVERY_S = 0.25
KB_PER_MB = 1024
UTILITY = "pge"


class _Distributed(Installation):
    """Three processes as in production: one reading worker for each core."""

    def settings(self, http_port: int, sftp_port: int) -> dict[str, str]:
        return {**super().settings(http_port, sftp_port), "CCAX_WORKER_PROCESSES": "0"}


class _Exchange(ServiceProcess):
    """The whole exchange in one process."""

    def arguments(self) -> list[str]:
        return ["run"]


class _Embedded(Installation):
    """One process on the embedded database and the bus in memory."""

    process_type = _Exchange

    def settings(self, http_port: int, sftp_port: int) -> dict[str, str]:
        own = {"CCAX_BUS": "memory", "CCAX_DATABASE_URL": "", "CCAX_WORKER_PROCESSES": "0"}
        return {**super().settings(http_port, sftp_port), **own}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run measured; `peak_mb` is the highest resident memory of each process."""

    accounts: int
    usage_bytes: int
    enrolling_s: float
    acknowledging_s: float
    charging_s: float
    peak_mb: dict[str, float]


def embedded(accounts: int, kind: str = "usage") -> Figures:
    """Measure everything in one process on the embedded database and the bus in memory.

    `kind` is what the 867 holds: `usage` by the month, or `intervals`.
    """
    with tempfile.TemporaryDirectory(prefix="ccax-bench-", ignore_cleanup_errors=True) as name:
        made = _Embedded(Path(name), database_url="", amqp_url="")
        return _measure(made, ("exchange",), accounts, kind)


def distributed(accounts: int, kind: str = "usage") -> Figures:
    """Measure three service processes on one PostgreSQL and one RabbitMQ."""
    with _machines() as made:
        made.run_command("migrate")
        return _measure(made, SERVICES, accounts, kind)


@contextmanager
def _machines() -> Iterator[_Distributed]:
    with tempfile.TemporaryDirectory(prefix="ccax-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "rabbitmq").mkdir()
        server = start_postgres(folder / "postgres")
        broker = choose_broker(folder / "rabbitmq")
        try:
            broker.start()
            url = postgres.create_database(server.url)
            yield _Distributed(folder, url, broker.url)
        finally:
            broker.close()
            server.stop()


def _measure(made: Installation, services: tuple[str, ...], accounts: int, kind: str) -> Figures:
    enroll, usage = made.folder / "enrol.edi", made.folder / "usage.edi"
    for each, path in (("enrol", enroll), (kind, usage)):
        _run("-m", "simulator", "write", "--kind", each, "--accounts", accounts, "--out", path)
    try:
        for service in services:
            made.add(service)
        made.until_ready()
        key = make_key(made.folder / UTILITY)
        made.run_command("partners", "add-key", UTILITY, f"{key}.pub")
        door = made.one(GATEWAY if GATEWAY in services else services[0])
        outbound = made.folder / "data" / "mailboxes" / UTILITY / "outbound"
        enrolling_s = _timed(key, door, enroll, lambda: _count(outbound, "814") >= accounts)
        answered = _count(outbound, "997")
        acknowledged: list[float] = []
        began = time.monotonic()

        def charged() -> bool:
            if not acknowledged and _count(outbound, "997") > answered:
                acknowledged.append(time.monotonic() - began)
            return _count(outbound, "810") >= accounts

        charging_s = _timed(key, door, usage, charged)
        figures = Figures(
            accounts=accounts,
            usage_bytes=usage.stat().st_size,
            enrolling_s=enrolling_s,
            acknowledging_s=acknowledged[0],
            charging_s=charging_s,
            peak_mb={
                name: peak for process in made.processes for name, peak in _peaks(process).items()
            },
        )
        for process in made.processes:
            process.stop()
    except AssertionError:
        sys.stderr.write(made.logs())
        raise
    finally:
        made.end()
    return figures


def _run(*arguments: object) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def _timed(key: Path, door: ServiceProcess, path: Path, done: Callable[[], bool]) -> float:
    """Upload a file with OpenSSH's sftp; seconds until the answers lie in the mailbox."""
    began = time.monotonic()
    subprocess.run(
        [
            *("sftp", "-q", "-b", "-", "-i", str(key), "-P", str(door.sftp_port)),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            f"{UTILITY}@127.0.0.1",
        ],
        input=f"put {path} /inbound/{path.name}\n".encode(),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(done, f"the answers to {path.name}", WAIT_MAX_S, LOOK_EVERY_S)
    return time.monotonic() - began


def _count(outbound: Path, set_id: str) -> int:
    """How many transactions of a set lie in the outbound mailbox."""
    mark = f"\nST*{set_id}*".encode()
    return sum(path.read_bytes().count(mark) for path in outbound.glob(f"*_{set_id}_*.edi"))


def _peaks(process: ServiceProcess) -> dict[str, float]:
    """Peak resident memory of a process and of its workers, in MB."""
    service = process.service
    peaks = {service: _peak_mb(process.pid)}
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in map(int, children):
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if b"spawn_main" in command:
            name = f"{service} worker"
            peaks[name] = max(peaks.get(name, 0.0), _peak_mb(child))
    return peaks


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / KB_PER_MB
    return 0.0
