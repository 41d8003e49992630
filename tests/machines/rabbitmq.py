"""A RabbitMQ broker for the tests, which can be killed and started again.

Outage tests need a broker that dies without a word and comes back with the same data. A broker
that is shared with somebody cannot be treated so; therefore the tests start one of their own,
with its own node name, ports, folders and plugins, and leave the machine's own broker alone.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.machines.ports import free_ports
from tools import provision

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0
PROBE_TIMEOUT_S = 2.0
PROBE_PAUSE_S = 0.1
CONTAINER_AMQP_PORT = 5672
CONTAINER_MANAGEMENT_PORT = 15672

# RabbitMQ 3 writes its list of quorum queues to disk half a second after a queue is declared; a
# younger queue does not survive a kill. The tests are about messages, so its list is let settle.
SETTLE_S = 1.0

# Waits until its standard input closes, which happens however its parent ends, then kills the
# broker: a test run that is itself killed leaves nothing behind.
GUARD_SCRIPT = 'read line; kill -s KILL -- "-$1"; [ -z "$2" ] || kill -s KILL "$2"'

# The protocol header of AMQP 0-9-1; a broker that is ready answers with Connection.Start.
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"


class BrokerFault(Exception):
    """The broker for the tests does not do what the tests need of it."""


class Broker(Protocol):
    """What a test may ask of a broker."""

    @property
    def url(self) -> str:
        """Address of the default virtual host."""

    @property
    def management_url(self) -> str:
        """Address of the management API, without credentials."""

    def start(self) -> None:
        """Start it, or start it again with the data it had; returns when it answers."""

    def stop_hard(self) -> None:
        """Kill it without a word, as a power cut would."""

    def close(self) -> None:
        """Stop it for good and remove what it made."""


def speaks_amqp(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a broker at that port answers the protocol header."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_TIMEOUT_S) as connection:
            connection.settimeout(PROBE_TIMEOUT_S)
            connection.sendall(AMQP_HEADER)
            return connection.recv(1) == b"\x01"  # 1 is the type of a method frame
    except OSError:
        return False


@dataclass(slots=True)
class ServerProcess:
    """A broker of our own, run from an installed RabbitMQ."""

    program: Path
    folder: Path
    node: str = field(default_factory=lambda: f"ccax-{secrets.token_hex(4)}@localhost")
    _ports: tuple[int, ...] = field(default_factory=lambda: free_ports(4))
    _process: subprocess.Popen[bytes] | None = None
    _port_mapper: subprocess.Popen[bytes] | None = None
    _guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the default virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self._ports[0]}/"

    @property
    def management_url(self) -> str:
        """Address of the management API."""
        return f"http://127.0.0.1:{self._ports[1]}"

    def start(self) -> None:
        """Start it, or start it again with the data it had; returns when it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        self._write_configuration()
        self._start_port_mapper()
        with (self.folder / "console.log").open("ab") as console:
            # A session of its own, so that the whole tree can be killed at once.
            self._process = subprocess.Popen(
                [str(self.program)],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._start_guard(self._process)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not speaks_amqp(self._ports[0]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BrokerFault("RabbitMQ did not start:\n" + self._console())
            time.sleep(PROBE_PAUSE_S)

    def stop_hard(self) -> None:
        """Kill it without a word, as a power cut would."""
        if self._process is None:
            return
        time.sleep(SETTLE_S)
        self._kill(self._process)

    def close(self) -> None:
        """Stop it for good and remove what it made."""
        if self._process is not None:
            self._kill(self._process)
        if self._port_mapper is not None:
            self._port_mapper.terminate()
            self._port_mapper.wait(STOP_TIMEOUT_S)
            self._port_mapper = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        with suppress(ProcessLookupError):  # it was dead already, which is what was asked for
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_TIMEOUT_S)
        self._process = None

    def _start_guard(self, process: subprocess.Popen[bytes]) -> None:
        mapper = "" if self._port_mapper is None else str(self._port_mapper.pid)
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD_SCRIPT, "guard", str(process.pid), mapper],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def _console(self) -> str:
        return (self.folder / "console.log").read_text(errors="replace")

    def _start_port_mapper(self) -> None:
        # Erlang finds nodes through a daemon on a fixed port, which it starts and leaves behind.
        # With one of our own, nothing of ours outlives the tests or meets the machine's broker.
        program = shutil.which("epmd")
        if self._port_mapper is None and program is not None:
            self._port_mapper = subprocess.Popen(
                [program, "-port", str(self._ports[3]), "-address", "127.0.0.1"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def _write_configuration(self) -> None:
        amqp, management, *_ = self._ports
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.local = 127.0.0.1:{amqp}\n"
            f"management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {management}\n"
        )
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "environment.conf").write_text("")
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(16))
            cookie.chmod(0o400)

    def _environment(self) -> dict[str, str]:
        _, _, distribution, port_mapper = self._ports
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
        return {
            **kept,
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "environment.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(port_mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }


@dataclass(slots=True)
class Container:
    """A broker of our own, run by Docker."""

    image: str
    name: str = field(default_factory=lambda: f"ccax-test-{secrets.token_hex(4)}")
    _ports: tuple[int, ...] = field(default_factory=lambda: free_ports(2))
    _made: bool = False

    @property
    def url(self) -> str:
        """Address of the default virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self._ports[0]}/"

    @property
    def management_url(self) -> str:
        """Address of the management API."""
        return f"http://127.0.0.1:{self._ports[1]}"

    def start(self) -> None:
        """Start it, or start it again with the data it had; returns when it answers."""
        if self._made:
            self._docker("start", self.name)
        else:
            # The data folder carries the host's name: without a fixed one, a restart loses it.
            amqp, management = self._ports
            self._docker(
                *("run", "--detach", "--name", self.name, "--hostname", "ccax-test"),
                *("--publish", f"127.0.0.1:{amqp}:{CONTAINER_AMQP_PORT}"),
                *("--publish", f"127.0.0.1:{management}:{CONTAINER_MANAGEMENT_PORT}"),
                self.image,
            )
            self._made = True
        deadline = time.monotonic() + START_TIMEOUT_S
        while not speaks_amqp(self._ports[0]):
            if time.monotonic() > deadline:
                raise BrokerFault(f"The container {self.name} did not start in time")
            time.sleep(PROBE_PAUSE_S)

    def stop_hard(self) -> None:
        """Kill it without a word, as a power cut would."""
        time.sleep(SETTLE_S)
        self._docker("kill", self.name)

    def close(self) -> None:
        """Stop it for good and remove what it made."""
        if self._made:
            self._docker("rm", "--force", "--volumes", self.name)

    @staticmethod
    def _docker(*arguments: str) -> None:
        subprocess.run(["docker", *arguments], check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class NamedBroker:
    """A broker that others use as well; it can be used, but not broken."""

    url: str
    management_url: str

    @classmethod
    def at(cls, url: str) -> NamedBroker:
        """The broker at an address, with its management API where that is by default."""
        host = urllib.parse.urlsplit(url).hostname or "127.0.0.1"
        return cls(url, f"http://{host}:{CONTAINER_MANAGEMENT_PORT}")

    def start(self) -> None:
        """Make sure that it answers."""
        parts = urllib.parse.urlsplit(self.url)
        if not speaks_amqp(parts.port or CONTAINER_AMQP_PORT, parts.hostname or "127.0.0.1"):
            raise BrokerFault(f"The broker at {parts.hostname}:{parts.port} does not answer")

    def stop_hard(self) -> None:
        """Refuse: it is not ours alone."""
        raise BrokerFault(
            "This test kills the broker, and the one in use belongs to somebody else: install "
            f"RabbitMQ (and unset {provision.AMQP_VARIABLE}) so that the tests can start their own."
        )

    def close(self) -> None:
        """Leave it as it is."""


def choose_broker(folder: Path) -> Broker:
    """The best broker this machine can give: named, our own, on its known port, or in Docker."""
    named = os.environ.get(provision.AMQP_VARIABLE)
    if named:
        return NamedBroker.at(named)
    program = provision.rabbitmq_program()
    if program is not None:
        return ServerProcess(program, folder)
    if provision.amqp_answers_on_known_port():
        return NamedBroker.at(provision.KNOWN_AMQP_URL)
    if provision.docker_works():
        return Container(provision.RABBITMQ_IMAGE)
    raise BrokerFault("There is no RabbitMQ here: run `make provision`, which says what to do.")


def start_broker(folder: Path) -> Broker:
    """Start the best broker this machine can give, in a folder that is made."""
    folder.mkdir()
    broker = choose_broker(folder)
    try:
        broker.start()
    except BaseException:
        broker.close()
        raise
    return broker


def fresh_virtual_host(broker: Broker, address: str | None = None) -> str:
    """Make an empty virtual host and return its address, so that no test meets another's queues.

    With the address of one that was dropped, it is there again, and empty.
    """
    parts = urllib.parse.urlsplit(broker.url)
    user, password = parts.username or "guest", parts.password or "guest"
    name = urllib.parse.urlsplit(address).path[1:] if address else f"test-{secrets.token_hex(6)}"
    _management(broker, "PUT", f"/api/vhosts/{name}", user, password, {})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    _management(broker, "PUT", f"/api/permissions/{name}/{user}", user, password, everything)
    return parts._replace(path=f"/{name}").geturl()


def delete_queues(broker: Broker, url: str) -> int:
    """Delete every queue of a virtual host with what is in it; tells how many there were."""
    parts = urllib.parse.urlsplit(url)
    user, password = parts.username or "guest", parts.password or "guest"
    listed = json.loads(
        _management(broker, "GET", f"/api/queues{parts.path}", user, password, None)
    )
    for queue in listed:
        name = urllib.parse.quote(queue["name"], safe="")
        _management(broker, "DELETE", f"/api/queues{parts.path}/{name}", user, password, None)
    return len(listed)


def drop_virtual_host(broker: Broker, url: str) -> None:
    """Remove a virtual host and everything in it."""
    parts = urllib.parse.urlsplit(url)
    user, password = parts.username or "guest", parts.password or "guest"
    _management(broker, "DELETE", f"/api/vhosts{parts.path}", user, password, None)


def _management(
    broker: Broker, method: str, path: str, user: str, password: str, body: dict[str, str] | None
) -> bytes:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 — always http, built above
        broker.management_url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=STOP_TIMEOUT_S) as answer:  # noqa: S310 — same
        answered: bytes = answer.read()
        return answered
