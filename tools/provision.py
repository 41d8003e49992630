"""Find what the tests need from outside pip, and install it where that is possible.

The tests run against real machines: a RabbitMQ server, a Chromium browser and the sftp program of
OpenSSH. Each is looked for by environment variable, then on PATH (or, for the broker, on its known
port), then as a Docker image; on Debian, root may install it. Otherwise one sentence says what is
missing, because a test that is silently skipped proves nothing.

The fixtures in tests/conftest.py ask the same functions, so both find the same thing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

AMQP_VARIABLE = "CCAX_TEST_AMQP_URL"
CHROMIUM_VARIABLE = "CCAX_TEST_CHROMIUM"

KNOWN_AMQP_ADDRESS = ("127.0.0.1", 5672)
KNOWN_AMQP_URL = "amqp://guest:guest@127.0.0.1:5672/"
RABBITMQ_IMAGE = "rabbitmq:4-management"

# Debian's program on PATH changes to the user "rabbitmq" and the system's data folder; the script
# behind it runs as whoever calls it, in the folders it is told.
RABBITMQ_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_PLACES = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)

PROBE_TIMEOUT_S = 1.0
DOCKER_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Need:
    """One thing the tests use: how to find it, and what Debian calls it."""

    name: str
    find: Callable[[], str | None]
    debian_package: str
    advice: str


def rabbitmq_program() -> Path | None:
    """The script that starts a broker of our own, if RabbitMQ is installed here."""
    if RABBITMQ_SCRIPT.is_file():
        return RABBITMQ_SCRIPT
    found = shutil.which("rabbitmq-server")
    return Path(found) if found else None


def amqp_answers_on_known_port() -> bool:
    """Whether something already listens where RabbitMQ does by default."""
    try:
        with socket.create_connection(KNOWN_AMQP_ADDRESS, timeout=PROBE_TIMEOUT_S):
            return True
    except OSError:
        return False


def docker_works() -> bool:
    """Whether there is a Docker daemon that answers."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        asked = subprocess.run(
            [docker, "info"], capture_output=True, timeout=DOCKER_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def chromium_program() -> Path | None:
    """The browser the page tests drive, if there is one here."""
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        return Path(named)
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return next((place for place in CHROMIUM_PLACES if place.is_file()), None)


def find_rabbitmq() -> str | None:
    """Where the broker for the tests comes from, in words; None when there is none."""
    if os.environ.get(AMQP_VARIABLE):
        return f"the broker named by {AMQP_VARIABLE}"
    program = rabbitmq_program()
    if program:
        return str(program)
    if amqp_answers_on_known_port():
        return "the broker on port 5672"
    if docker_works() and pull_image(RABBITMQ_IMAGE):
        return f"the Docker image {RABBITMQ_IMAGE}"
    return None


def find_chromium() -> str | None:
    """Where the browser for the tests is; None when there is none."""
    program = chromium_program()
    return str(program) if program else None


def find_sftp() -> str | None:
    """Where the sftp program of OpenSSH is; None when there is none."""
    return shutil.which("sftp")


def pull_image(image: str) -> bool:
    """Fetch a Docker image now, so that no test waits for it; False when that fails."""
    return subprocess.run(["docker", "pull", "--quiet", image], check=False).returncode == 0


NEEDS = (
    Need(
        "RabbitMQ",
        find_rabbitmq,
        "rabbitmq-server",
        f"install RabbitMQ, start Docker, or name a broker in {AMQP_VARIABLE}",
    ),
    Need(
        "Chromium",
        find_chromium,
        "chromium",
        f"install Chromium or Google Chrome, or name the program in {CHROMIUM_VARIABLE}",
    ),
    Need("sftp", find_sftp, "openssh-client", "install the OpenSSH client"),
)


def may_install() -> bool:
    """Whether this is Debian (or a child of it) and we are root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str]) -> None:
    """Install Debian packages, asking nobody anything."""
    print(f"Installing with apt-get: {', '.join(packages)} …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "--quiet", "--quiet"]
    subprocess.run([*apt, "update"], env=quiet, check=False)
    subprocess.run(
        [*apt, "install", "--yes", "--no-install-recommends", *packages],
        env=quiet,
        check=False,
        stdout=subprocess.DEVNULL,
    )


def main() -> int:
    """Find or install everything; 0 when nothing is missing."""
    missing = [need for need in NEEDS if need.find() is None]
    if missing and may_install():
        install([need.debian_package for need in missing])
    complete = True
    for need in NEEDS:
        found = need.find()
        if found:
            print(f"{need.name}: {found}")
        else:
            complete = False
            print(f"The tests need {need.name}: {need.advice}.", file=sys.stderr)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
