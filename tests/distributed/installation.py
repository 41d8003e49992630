"""A distributed installation without Docker: the processes of docker-compose.yml on one machine.

Every service is an operating-system process of its own, started by the command line with the same
settings as in the compose file; between them stand a real RabbitMQ, a real PostgreSQL and real
SFTP. A process can be killed at any moment and started again.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from tests.machines.ports import free_ports

ROOT: Final = Path(__file__).resolve().parents[2]
GATEWAY: Final = "edi_gateway"
RATING: Final = "rating"
REMITTANCE: Final = "remittance"
SERVICES: Final = (GATEWAY, RATING, REMITTANCE)
START_MAX_S: Final = 120.0
STOP_MAX_S: Final = 30.0
LOOK_EVERY_S: Final = 0.1
LOG_LINES_SHOWN: Final = 60


@dataclass(slots=True)
class ServiceProcess:
    """One copy of one service, or the whole exchange in one process.

    Attributes:
        name: for logs, e.g. `rating 2`.
        service: which one; empty for all of them.
        settings: its `CCAX_…` variables.
        log: where everything it writes goes, over all its lives.
    """

    name: str
    service: str
    settings: dict[str, str]
    log: Path
    _process: subprocess.Popen[bytes] | None = None

    @property
    def http_port(self) -> int:
        """Where its API answers."""
        return int(self.settings["CCAX_HTTP_PORT"])

    @property
    def sftp_port(self) -> int:
        """Where utilities find it, if it is a gateway."""
        return int(self.settings["CCAX_SFTP_PORT"])

    def arguments(self) -> list[str]:
        """What the command line is told to run."""
        return ["run", "--service", self.service] if self.service else ["run"]

    @property
    def pid(self) -> int:
        """Its process id in its present life."""
        return self._running().pid

    def start(self) -> None:
        """Start it, without waiting for it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services", *self.arguments()],
                cwd=ROOT,
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def until_ready(self) -> None:
        """Wait until it says that it is ready for work."""
        wait_for(self._is_ready, f"{self.name} to be ready", START_MAX_S)

    def _is_ready(self) -> bool:
        if self._running().poll() is not None:
            raise AssertionError(f"{self.name} ended by itself with {self._running().returncode}")
        try:
            address = f"http://127.0.0.1:{self.http_port}/ready"
            with urllib.request.urlopen(address, timeout=5) as answer:
                return bool(json.load(answer)["status"] == "ready")
        except (OSError, urllib.error.URLError):
            return False

    def handled(self) -> int:
        """How many messages it has handled in its present life, as its own figures say."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics") as answer:
            figures = answer.read().decode()
        found = re.findall(
            r'^ccax_messages_handled_total\{.*outcome="handled".*\} (\S+)$', figures, re.MULTILINE
        )
        return int(sum(map(float, found)))

    def kill(self) -> None:
        """End it without a word, as `kill -9` does."""
        self._running().kill()
        self._running().wait(STOP_MAX_S)

    def stop(self) -> int:
        """Ask it to stop and tell its exit status."""
        self._running().send_signal(signal.SIGTERM)
        return self._running().wait(STOP_MAX_S)

    def end(self) -> None:
        """Leave nothing of it behind."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.name} was not started"
        return self._process


@dataclass(slots=True)
class Installation:
    """Database, broker and the copies of the services on them.

    Attributes:
        folder: logs, keys and the data folder that copies of the gateway share.
        database_url: the truth, as its superuser.
        amqp_url: the wire.
        gateway_port: where the API of the first gateway answers, which the other services ask.
    """

    folder: Path
    database_url: str
    amqp_url: str
    processes: list[ServiceProcess] = field(default_factory=list)
    gateway_port: int = field(default_factory=lambda: free_ports(1)[0])
    process_type: ClassVar[type[ServiceProcess]] = ServiceProcess

    def settings(self, http_port: int, sftp_port: int) -> dict[str, str]:
        """What a process of this installation is told, as in docker-compose.yml."""
        return {
            "CCAX_ENVIRONMENT": "test",
            "CCAX_DATABASE_URL": self.database_url,
            "CCAX_BUS": "rabbitmq",
            "CCAX_AMQP_URL": self.amqp_url,
            "CCAX_DATA_DIR": str(self.folder / "data"),
            "CCAX_HTTP_PORT": str(http_port),
            "CCAX_SFTP_PORT": str(sftp_port),
            "CCAX_GATEWAY_URL": f"http://127.0.0.1:{self.gateway_port}",
            "CCAX_WORKER_PROCESSES": "1",
            "CCAX_LOG_FORMAT": "json",
            "CCAX_RESEND_AFTER_S": "5",
        }

    def run_command(self, *arguments: str) -> str:
        """Run `ccax …` and return what it printed; a failure fails the test with its words."""
        return run_command(self.settings(0, 0), *arguments)

    def add(self, service: str) -> ServiceProcess:
        """Add a copy of a service and start it, without waiting for it."""
        copy = 1 + sum(1 for process in self.processes if process.service == service)
        name = f"{service} {copy}"
        http_port, sftp_port = free_ports(2)
        if service == GATEWAY and copy == 1:
            http_port = self.gateway_port
        process = self.process_type(
            name=name,
            service=service,
            settings=self.settings(http_port, sftp_port),
            log=self.folder / f"{service}-{copy}.log",
        )
        self.processes.append(process)
        process.start()
        return process

    def one(self, service: str) -> ServiceProcess:
        """The first copy of a service."""
        return next(process for process in self.processes if process.service == service)

    def until_ready(self) -> None:
        """Wait until every process is ready for work."""
        for process in self.processes:
            process.until_ready()

    def end(self) -> None:
        """Leave nothing running."""
        for process in self.processes:
            process.end()

    def logs(self) -> str:
        """The ends of all logs, to be shown beside a failure."""
        told: list[str] = []
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            told += [f"--- {log.name}: last of {len(lines)} lines", *lines[-LOG_LINES_SHOWN:]]
        return "\n".join(told)


@dataclass(slots=True)
class PlayedDay:
    """A simulated utility that is living its day in a process of its own."""

    report_path: Path
    process: subprocess.Popen[bytes]

    def until_over(self, max_s: float) -> dict[str, Any]:
        """Wait for the end of the day and return the utility's report of it."""
        self.process.wait(max_s)
        assert self.report_path.exists(), "the utility could not play its day"
        report: dict[str, Any] = json.loads(self.report_path.read_text())
        return report

    @property
    def has_failed(self) -> bool:
        """Whether the utility gave up or found something wrong."""
        return self.process.poll() not in (None, 0)


@contextmanager
def playing(
    installation: Installation, key: Path, port: int, *, utility: str = "pge", options: str = ""
) -> Iterator[PlayedDay]:
    """Let a utility live a billing day against an SFTP port; ended with the block at the latest."""
    report = installation.folder / f"{utility}-day.json"
    with (installation.folder / f"{utility}-day.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "simulator", "day", "--utility", utility),
                *("--key", str(key), "--port", str(port), "--trust-any-host-key"),
                *("--report", str(report)),
                *options.split(),
            ],
            cwd=ROOT,
            env=environment({}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield PlayedDay(report, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_MAX_S)


def make_key(path: Path) -> Path:
    """Make a utility's key pair: the private key at the path, `.pub` beside it."""
    program = [sys.executable, "-m", "simulator", "key", "--out", str(path)]
    subprocess.run(program, cwd=ROOT, check=True, capture_output=True)
    return path


def run_command(settings: dict[str, str], *arguments: str) -> str:
    """Run `ccax …` and return what it printed; a failure fails the test with its words."""
    done = subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=START_MAX_S,
        check=False,
    )
    assert done.returncode == 0, f"ccax {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment of a process: this one's without any setting of ours, plus the given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CCAX_")}
    return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **settings}


def wait_for(
    condition: Callable[[], bool], what: str, max_s: float, look_every_s: float = LOOK_EVERY_S
) -> None:
    """Return as soon as the condition holds; fail, saying what was awaited, when it never does."""
    deadline = time.monotonic() + max_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {max_s:g} s for {what}"
        time.sleep(look_every_s)
