"""How commands reach the exchange's data: its database, the rating service, and who signs.

Every group of commands goes in by these doors, so that all of them use the configured database, or
the embedded one of the data folder, in the same way.
"""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from services import host
from services.rating.scope import Scope
from services.rating.service import RatingService
from services.rating.service import build as build_rating
from services.rating.store_activation import signing
from services.remittance.receivables import Scope as PaymentScope
from shared.platform import migrate as migrations
from shared.platform.clock import SystemClock
from shared.platform.database import Database
from shared.platform.embedded import start_postgres
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.scopes import known_ccas

Cca = Annotated[str, typer.Argument(help="The CCA, e.g. mce.")]
Signed = Annotated[
    str | None, typer.Option("--as", help="Who signs; the user of this machine when left out.")
]


def carry_out(work: Coroutine[Any, Any, None]) -> None:
    """Run a command's work to its end."""
    asyncio.run(work)


@asynccontextmanager
async def database_url() -> AsyncIterator[str]:
    """The address of the database: the configured one, or the embedded one of the data folder."""
    settings = PlatformSettings()
    if settings.database_url:
        yield settings.database_url
        return
    folder = settings.data_dir / host.DATABASE_FOLDER
    postgres = await asyncio.to_thread(start_postgres, folder)
    try:
        await migrations.migrate_all(postgres.url)
        yield postgres.url
    finally:
        await asyncio.to_thread(postgres.stop)


@asynccontextmanager
async def open_database(schema: str) -> AsyncIterator[Database]:
    """One service's tables, for as long as a command works on them."""
    async with database_url() as url:
        database = Database(url, schema)
        try:
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def open_rating() -> AsyncIterator[RatingService]:
    """The rating service on its database; its messages wait in the outbox for the exchange."""
    async with open_database("rating") as database:
        yield build_rating(PlatformSettings(), database, MemoryBus(), SystemClock())


def scope_of(cca: str) -> Scope:
    """A CCA's customers in this installation's environment.

    Raises:
        LookupError: nobody knows the CCA.
    """
    for one in known_ccas():
        if one.cca == cca:
            return Scope(cca, one.utility, PlatformSettings().environment)
    raise LookupError(f"there is no CCA {cca}")


def payments_of(cca: str) -> PaymentScope:
    """What a CCA's utility pays it in this installation's environment.

    Raises:
        LookupError: nobody knows the CCA.
    """
    scope = scope_of(cca)
    return PaymentScope(scope.cca, scope.utility, scope.environment)


def signer(signed: str | None) -> str:
    """The name that a decision is signed with."""
    return signing(signed or getpass.getuser())
