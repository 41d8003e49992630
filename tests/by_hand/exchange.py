"""The whole exchange in one process, as `ccax run` starts it, and a utility with OpenSSH's `sftp`.

Nothing of ours is between the person's fingers and the mailbox: the files were written by hand and
travel by the program that every utility has.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.distributed.installation import (
    ServiceProcess,
    make_key,
    run_command,
    wait_for,
)
from tests.machines.ports import free_ports

FILES: Final = Path(__file__).parent
ANSWER_MAX_S: Final = 30.0
SFTP_MAX_S: Final = 30.0


@dataclass(slots=True)
class Exchange:
    """The running exchange, and what a clerk can ask it with an API token."""

    process: ServiceProcess
    folder: Path
    token: str = ""

    @classmethod
    def start(cls, folder: Path) -> Exchange:
        """Start it on embedded defaults and wait until it is ready."""
        http, sftp = free_ports(2)
        settings = {
            "CCAX_DATA_DIR": str(folder / "data"),
            "CCAX_HTTP_PORT": str(http),
            "CCAX_SFTP_PORT": str(sftp),
            "CCAX_WORKER_PROCESSES": "1",
        }
        exchange = cls(ServiceProcess("exchange", "", settings, folder / "exchange.log"), folder)
        exchange.process.start()
        try:
            exchange.process.until_ready()
            exchange.token = exchange.command("token", "create", "clerk").strip()
        except BaseException:
            exchange.process.stop()
            sys.stderr.write(exchange.process.log.read_text(errors="replace"))
            raise
        return exchange

    def command(self, *arguments: str) -> str:
        """Run `ccax …` beside the running exchange."""
        return run_command(self.process.settings, *arguments)

    def files(self, **filters: str) -> list[dict[str, Any]]:
        """What `GET /v1/files` tells, newest first."""
        asked = "&".join(f"{name}={value}" for name, value in filters.items())
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.process.http_port}/v1/files?{asked}",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - same
            found: list[dict[str, Any]] = json.load(answer)["files"]
            return found

    def file_named(self, name: str) -> dict[str, Any] | None:
        """The newest received file of that name, once it has been read or put aside."""
        found = [file for file in self.files(direction="inbound") if file["name"] == name]
        return found[0] if found and found[0]["state"] != "received" else None

    def until_told(self, name: str) -> dict[str, Any]:
        """Wait until the tracking API tells what became of a file."""
        wait_for(lambda: self.file_named(name) is not None, f"word of {name}", ANSWER_MAX_S)
        told = self.file_named(name)
        assert told is not None
        return told


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody at the utility with OpenSSH's `sftp` and the mailbox key."""

    folder: Path
    port: int
    key: Path

    @classmethod
    def hired(cls, exchange: Exchange, folder: Path) -> Clerk:
        """Make a key and have it let into the mailbox of PG&E."""
        key = make_key(folder / "key")
        exchange.command("partners", "add-key", "pge", f"{key}.pub")
        return cls(folder, exchange.process.sftp_port, key)

    def sftp(self, *commands: str) -> str:
        """Type commands into `sftp`; returns what it said, and fails when one of them failed."""
        done = subprocess.run(
            self._program(),
            cwd=self.folder,
            input="".join(f"{command}\n" for command in commands),
            capture_output=True,
            text=True,
            timeout=SFTP_MAX_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def begin_slowly(self, *commands: str) -> subprocess.Popen[bytes]:
        """Type commands over a slow line (10 KiB a second) and do not wait for their end."""
        slow = ("-l", "80", "-B", "4096", "-R", "1")
        with (self.folder / "batch").open("wb+") as batch:
            batch.write("".join(f"{command}\n" for command in commands).encode())
            batch.seek(0)
            return subprocess.Popen(
                self._program(*slow),
                cwd=self.folder,
                stdin=batch,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def outbound(self) -> list[str]:
        """What lies in the mailbox to be fetched."""
        listed = self.sftp("ls -1 /outbound").splitlines()
        return sorted(Path(line.strip()).name for line in listed if line.strip().endswith(".edi"))

    def fetch(self, set_id: str) -> str:
        """Wait for the next file of a set, get it, take it out of the mailbox, read it."""
        prefix = f"PGE_{set_id}_"

        def waiting() -> list[str]:
            return [name for name in self.outbound() if name.startswith(prefix)]

        wait_for(lambda: bool(waiting()), f"a {set_id} in /outbound", ANSWER_MAX_S, 0.5)
        name = waiting()[0]
        self.sftp(f"get /outbound/{name}", f"rm /outbound/{name}")
        return (self.folder / name).read_text()

    def _program(self, *options: str) -> list[str]:
        own = {
            "IdentityFile": self.key,
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "LogLevel": "ERROR",
        }
        said = [word for name, value in own.items() for word in ("-o", f"{name}={value}")]
        quiet = ("-F", "none", "-b", "-")
        return ["sftp", *quiet, *options, "-P", str(self.port), *said, "pge@127.0.0.1"]


def cut(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and whatever it started, as a power cut at the utility would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(SFTP_MAX_S)
