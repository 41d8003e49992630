"""How commands reach the exchange's data: its database, the rating service, and who signs.

Every group of commands goes in by these doors, so that all of them use the configured database, or
the embedded one of the data folder, in the same way.
"""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from services import host
from services.rating.api_settlements import YearAsked
from services.rating.scope import Scope
from services.rating.service import RatingService
from services.rating.service import build as build_rating
from services.rating.store_activation import signing
from services.remittance.receivables import Scope as PaymentScope
from shared.platform import migrate as migrations
from shared.platform.clock import SystemClock
from shared.platform.database import Database, ReadSession, WriteSession
from shared.platform.embedded import start_postgres
from shared.platform.memory_bus import MemoryBus
from shared.platform.refusals import wrong_words
from shared.platform.settings import PlatformSettings
from shared.platform.web.scopes import known_ccas

Cca = Annotated[str, typer.Argument(help="The CCA, e.g. mce.")]
Signed = Annotated[
    str | None, typer.Option("--as", help="Who signs; the user of this machine when left out.")
]

Model = TypeVar("Model", bound=BaseModel)


def understood(kind: type[Model], said: Mapping[str, object]) -> Model:
    """What somebody typed, as a model.

    Raises:
        BadParameter: it breaks the model's rules; the command says which, and ends.
    """
    try:
        return kind.model_validate(said)
    except ValidationError as wrong:
        raise typer.BadParameter(wrong_words(wrong)) from wrong


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
async def reading(schema: str) -> AsyncIterator[ReadSession]:
    """One service's tables, to be looked at."""
    async with open_database(schema) as database, database.read() as session:
        yield session


@asynccontextmanager
async def writing(schema: str) -> AsyncIterator[WriteSession]:
    """One service's tables, for one unit of work."""
    async with open_database(schema) as database, database.unit_of_work() as session:
        yield session


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


def year_asked(ended: datetime, nsc: str) -> YearAsked:
    """The year and the rate that somebody typed.

    Raises:
        BadParameter: a rate that is none, or a day that ends no year of ours.
    """
    return understood(YearAsked, {"ended_on": ended.replace(tzinfo=UTC).date(), "nsc": nsc})


def signer(signed: str | None) -> str:
    """The name that a decision is signed with."""
    return signing(signed or getpass.getuser())
