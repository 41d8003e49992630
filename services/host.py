"""The composition root: one service or all of them, embedded or distributed.

Embedded, everything a billing day needs runs in this one process: a real PostgreSQL that comes with
the Python packages, a bus in memory, the SFTP server, the API and the console. Distributed, each
service is a process of its own on a shared PostgreSQL and RabbitMQ. The services are the same.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import uvicorn
from fastapi import APIRouter, Depends, FastAPI

from services.edi_gateway import api as gateway_web
from services.edi_gateway import pages as gateway_pages
from services.edi_gateway import service as edi_gateway
from services.edi_gateway.api import GatewayWeb
from services.edi_gateway.operations import queries
from services.edi_gateway.operations.doorkeeper import TokenDoorkeeper
from services.edi_gateway.service import GatewayService
from services.rating import pages as rating_pages
from services.rating import service as rating
from services.rating.pages import Hands
from services.rating.service import RatingService
from services.remittance import pages as remittance_pages
from services.remittance import service as remittance
from services.remittance.service import RemittanceService
from shared.contracts.parts import ServiceName
from shared.platform import migrate
from shared.platform.bus import Bus
from shared.platform.clock import Clock, SystemClock
from shared.platform.database import Database
from shared.platform.embedded import start_postgres
from shared.platform.http import create_app
from shared.platform.lifecycle import Lifecycle
from shared.platform.mailbox import Consumer, Mailbox, MailboxLimits
from shared.platform.memory_bus import MemoryBus
from shared.platform.rabbitmq import RabbitBus
from shared.platform.settings import BusKind, PlatformSettings
from shared.platform.telemetry import configure_logging, logger
from shared.platform.web.identity import Doorkeeper, admit_to_cca
from shared.platform.web.remote_doorkeeper import RemoteDoorkeeper
from shared.platform.web.sessions import Sessions, load_session_key
from shared.platform.web.shell import Shell

log = logger(__name__)

ALL_SERVICES = tuple(ServiceName)
FURNITURE = (gateway_pages.FURNITURE, rating_pages.FURNITURE, remittance_pages.FURNITURE)
"""What each service brings to the console; every process shows the whole navigation."""

DATABASE_FOLDER = "postgres"


class Runnable(Protocol):
    """What the host needs of any service."""

    database: Database
    mailbox: Mailbox
    consumer: Consumer

    async def open(self, lifecycle: Lifecycle) -> None:
        """Work until the lifecycle ends."""
        ...


class MissingSetting(Exception):
    """A setting that this way of running needs was not given."""


@dataclass(slots=True)
class Host:
    """A running installation, or one process of it.

    Attributes:
        gateway, rating, remittance: the services that run here; None for the others.
        http_port: where API and console answer.
    """

    settings: PlatformSettings
    lifecycle: Lifecycle
    bus: Bus
    database_url: str
    gateway: GatewayService | None = None
    rating: RatingService | None = None
    remittance: RemittanceService | None = None
    http_port: int = 0

    @property
    def services(self) -> tuple[Runnable, ...]:
        """The services that run in this process."""
        every = (self.gateway, self.rating, self.remittance)
        return tuple(service for service in every if service is not None)

    @property
    def required_gateway(self) -> GatewayService:
        """The gateway; raises `LookupError` when it does not run in this process."""
        if self.gateway is None:
            raise LookupError("the EDI gateway does not run here")
        return self.gateway

    @property
    def required_remittance(self) -> RemittanceService:
        """Remittance; raises `LookupError` when it does not run in this process."""
        if self.remittance is None:
            raise LookupError("remittance does not run here")
        return self.remittance

    async def is_at_rest(self) -> bool:
        """Whether nothing is under way: no message, no file, no document, no unplaced payment."""
        for service in self.services:
            backlog = await service.mailbox.backlog()
            if backlog.unpublished or backlog.unacknowledged:
                return False
        if self.remittance is not None and (await self.remittance.audit()).waiting_lines:
            return False
        if self.gateway is None:
            return True
        async with self.gateway.database.read() as session:
            return not await queries.under_way(session)

    async def ready(self) -> Mapping[str, bool]:
        """What must be true before this process should get work."""
        return {
            "database": all([await service.database.ready() for service in self.services]),
            "broker": await self.bus.ready(),
            "migrations": not await _pending(self.database_url),
        }


@asynccontextmanager
async def at_desk(
    settings: PlatformSettings, url: str, wanted: tuple[ServiceName, ...] = ALL_SERVICES
) -> AsyncIterator[Host]:
    """Services put together for one command: nothing runs, nothing listens, only the tables."""
    bus = MemoryBus()
    await bus.start()
    desk = Host(settings, Lifecycle("ccax"), bus, url)
    _build(desk, wanted, SystemClock())
    try:
        yield desk
    finally:
        for service in desk.services:
            await service.database.close()


async def _pending(url: str) -> bool:
    try:
        return await migrate.pending(url)
    except (OSError, TimeoutError):
        return True


async def start(
    settings: PlatformSettings,
    wanted: tuple[ServiceName, ...] = ALL_SERVICES,
    clock: Clock | None = None,
) -> Host:
    """Start the wanted services; everything is open and listening when this returns.

    Raises:
        MissingSetting: RabbitMQ was asked for without its address, or fewer than all services
            without a shared database.
        OSError: a port is taken.
    """
    configure_logging(settings.log_format, settings.log_level)
    clock = clock or SystemClock()
    lifecycle = Lifecycle("ccax", settings.shutdown_s)
    try:
        return await _start(settings, wanted, clock, lifecycle)
    except BaseException:
        await lifecycle.close()
        raise


async def _start(
    settings: PlatformSettings,
    wanted: tuple[ServiceName, ...],
    clock: Clock,
    lifecycle: Lifecycle,
) -> Host:
    url = await _database_url(settings, wanted, lifecycle)
    if not settings.database_url:
        await migrate.migrate_all(url)
    bus = _bus(settings)
    await bus.start()
    lifecycle.on_close(bus.close)
    host = Host(settings, lifecycle, bus, url)
    _build(host, wanted, clock)
    for service in host.services:
        lifecycle.on_close(service.database.close)
    if host.rating is not None:
        await host.rating.import_tariffs()
    for service in host.services:
        await service.open(lifecycle)
    host.http_port = await _serve(settings, _app(host, clock), lifecycle)
    log.info("running", services=[name.value for name in wanted], http_port=host.http_port)
    return host


async def _database_url(
    settings: PlatformSettings, wanted: tuple[ServiceName, ...], lifecycle: Lifecycle
) -> str:
    if settings.database_url:
        return settings.database_url
    if set(wanted) != set(ALL_SERVICES):
        msg = "set CCAX_DATABASE_URL: services in several processes share one PostgreSQL"
        raise MissingSetting(msg)
    postgres = await asyncio.to_thread(start_postgres, settings.data_dir / DATABASE_FOLDER)

    async def stop() -> None:
        await asyncio.to_thread(postgres.stop)

    lifecycle.on_close(stop)
    return postgres.url


def _bus(settings: PlatformSettings) -> Bus:
    if settings.bus is BusKind.MEMORY:
        return MemoryBus()
    if not settings.amqp_url:
        msg = "set CCAX_AMQP_URL: the bus is rabbitmq and its address is not known"
        raise MissingSetting(msg)
    return RabbitBus(settings.amqp_url)


def _build(host: Host, wanted: tuple[ServiceName, ...], clock: Clock) -> None:
    settings, bus, url = host.settings, host.bus, host.database_url
    limits = MailboxLimits(resend_after_s=settings.resend_after_s)
    if ServiceName.EDI_GATEWAY in wanted:
        host.gateway = edi_gateway.build(settings, Database(url, "edi"), bus, clock, limits=limits)
    if ServiceName.RATING in wanted:
        host.rating = rating.build(settings, Database(url, "rating"), bus, clock, limits=limits)
    if ServiceName.REMITTANCE in wanted:
        host.remittance = remittance.build(
            settings, Database(url, "remittance"), bus, clock, limits=limits
        )


def _app(host: Host, clock: Clock) -> FastAPI:
    """One web application with the API and pages of every service that runs here."""
    settings = host.settings
    sessions = Sessions(load_session_key(settings.data_dir), clock)
    routers: list[APIRouter] = []
    doorkeeper: Doorkeeper = RemoteDoorkeeper(sessions, settings.gateway_url)
    if (gateway := host.gateway) is not None:
        doorkeeper = tokens = TokenDoorkeeper(gateway.database, clock, sessions)
        desk = GatewayWeb(
            database=gateway.database,
            inbound=gateway.inbound,
            archive=gateway.inbound.archive,
            clock=clock,
            environment=settings.environment,
            doorkeeper=tokens,
            utilities=gateway.utilities,
            put=gateway.mailbox.put,
            deliver_wake=gateway.outbound.deliver_wake,
        )
        routers += gateway_web.build_routers(desk)
    if (rated := host.rating) is not None:
        hands = Hands(rated.desk, rated.reruns)
        pages = rating_pages.build_pages(
            rated.database, settings.environment, clock=clock, hands=hands
        )
        routers += [_guarded(rated.router), pages]
    if (paid := host.remittance) is not None:
        pages = remittance_pages.build_pages(paid, settings.environment)
        routers += [_guarded(paid.router), pages]
    return create_app(
        "CCA Exchange",
        routers=routers,
        ready=host.ready,
        doorkeeper=doorkeeper,
        shell=Shell(settings.environment, sessions, FURNITURE),
    )


def _guarded(router: APIRouter) -> APIRouter:
    """A service's routes, each open to whoever may see the CCA it names."""
    guarded = APIRouter(dependencies=[Depends(admit_to_cca)])
    guarded.include_router(router)
    return guarded


class _Server(uvicorn.Server):
    """Leaves stop signals to the lifecycle, which ends everything in its order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(settings: PlatformSettings, app: FastAPI, lifecycle: Lifecycle) -> int:
    """Serve API and console; returns the port once it listens.

    Raises:
        OSError: the port is taken.
    """
    listening = socket.create_server((settings.http_host, settings.http_port), backlog=1024)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]), name="http")

    async def stop() -> None:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task

    lifecycle.on_close(stop)
    return int(listening.getsockname()[1])
