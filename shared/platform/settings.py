"""How one installation is set up: addresses, folders, test or production.

Values come from the environment (`CCAX_…`) or from what the composition root passes in. Each
service adds its own settings to this class; there is no global settings object.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.parts import Environment


class BusKind(StrEnum):
    """Which wire connects the services."""

    MEMORY = "memory"
    RABBITMQ = "rabbitmq"


class PlatformSettings(BaseSettings):
    """What every service needs to know about where it runs.

    Attributes:
        database_url: `postgresql://…`; empty means the embedded database under `data_dir`.
        amqp_url: `amqp://…`; needed when `bus` is `rabbitmq`.
        environment: what we say in ISA15; test and production never mix.
        data_dir: folder of the embedded database, the archive and the SFTP mailboxes.
        data_keys_file: the keys under which bank numbers are sealed, e.g. a mounted secret; made
            in `data_dir` when no file is named.
        general_ledger_file: how accounting calls our accounts, see docs/guides/close-a-month.md;
            as we call them ourselves when no file is named.
        gateway_url: where a process without the gateway asks whether an API token is good.
        worker_processes: processes for reading and rendering; 0 means one for each core.
        shutdown_s: time to finish work in hand after a stop signal.
        resend_after_s: age at which a message that no service has acknowledged is sent again.
    """

    model_config = SettingsConfigDict(
        env_prefix="CCAX_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database_url: str = ""
    amqp_url: str = ""
    bus: BusKind = BusKind.MEMORY
    environment: Environment = Environment.TEST
    data_dir: Path = Path("var")
    data_keys_file: Path | None = None
    general_ledger_file: Path | None = None
    gateway_url: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    sftp_host: str = "127.0.0.1"
    sftp_port: int = Field(default=2222, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "console"
    worker_processes: int = Field(default=0, ge=0, le=64)
    prefetch: int = Field(default=20, ge=1, le=1000)
    shutdown_s: float = Field(default=20.0, gt=0)
    resend_after_s: float = Field(default=30.0, ge=1)
