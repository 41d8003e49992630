"""Everything that can be done at the bank's desk, and the loop that looks for deposits.

API, console and command line all act through it, so that each act is one unit of work.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update

from services.remittance.bank import accounts
from services.remittance.bank.accounts import BankAccount
from services.remittance.bank.importing import (
    Import,
    Imported,
    file_place,
    import_file,
    take_up_waiting,
)
from services.remittance.bank.settling import settle, unsettled_scopes
from services.remittance.ledger.months import day_of_books
from services.remittance.receivables import Scope
from services.remittance.store import BANK
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.keyring import KeyFile, Keyring, Sealed
from shared.platform.loops import look_every
from shared.platform.telemetry import logger

log = logger(__name__)

LOOK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class BankDesk:
    """Takes files in, registers accounts, matches, and changes keys.

    Attributes:
        database: remittance's tables.
        keys: seal account numbers and files.
        environment: test or production; the other one's money is never touched.
    """

    database: Database
    clock: Clock
    keys: KeyFile
    environment: Environment

    @property
    def today(self) -> date:
        """The day in the books' zone, from which ages are counted."""
        return day_of_books(self.clock.now())

    async def take(self, data: bytes, name: str, by: str, only: Scope | None = None) -> Imported:
        """Take a bank file in; see `importing.import_file`.

        Raises:
            UnreadableFile: it is no bank file.
            OtherAccount: it is about another CCA than `only`.
        """
        sent = Import(data, name, by, self.clock.now(), only)
        ring = await self._ring()
        async with self.database.unit_of_work() as session:
            taken = await import_file(session, ring, sent)
        log.info("bank file", file_id=str(taken.file_id), format=taken.kind, again=taken.again)
        return taken

    async def register(self, scope: Scope, number: str, name: str, by: str) -> BankAccount:
        """Register a bank account, and take up the statements that waited for it.

        Raises:
            NoAccountNumber: the number cannot be one.
            AccountTaken: it is registered for another scope.
        """
        ring, at = await self._ring(), self.clock.now()
        async with self.database.unit_of_work() as session:
            account = await accounts.register(session, ring, scope, number, name, (by, at))
            await take_up_waiting(session, ring, account, at)
            await settle(session, scope, at)
        return account

    async def settle_open(self) -> int:
        """Look for the deposits of payments that were posted since; tells how many scopes."""
        async with self.database.read() as session:
            found = await unsettled_scopes(session)
        for scope in found:
            async with self.database.unit_of_work() as session:
                await settle(session, scope, self.clock.now())
        return len(found)

    async def run(self) -> None:
        """Look for ever; wait while the database is away."""
        await look_every(LOOK_EVERY_S, self.settle_open)

    async def seal_again(self) -> int:
        """Seal with the newest key whatever is under an older one; tells how many values."""
        ring, table = await self._ring(), BANK.file
        async with self.database.unit_of_work() as session:
            done = await accounts.seal_accounts_again(session, ring)
        async with self.database.read() as session:
            older = list(
                await session.scalars(select(table.c.file_id).where(table.c.key_id != ring.newest))
            )
        for file_id in older:
            async with self.database.unit_of_work() as session:
                row = (await session.execute(select(table).where(table.c.file_id == file_id))).one()
                plain = ring.open(Sealed(row.key_id, row.sealed), file_place(file_id))
                sealed = ring.seal(plain, file_place(file_id))
                await session.execute(
                    update(table)
                    .where(table.c.file_id == file_id)
                    .values(key_id=sealed.key_id, sealed=sealed.content)
                )
        return done + len(older)

    async def sealed_with(self) -> dict[str, int]:
        """Tell for each key how many values it has sealed."""
        counts = dict.fromkeys((await self._ring()).ids, 0)
        async with self.database.read() as session:
            for table in (BANK.account, BANK.file):
                for key_id in await session.scalars(select(table.c.key_id)):
                    counts[key_id] = counts.get(key_id, 0) + 1
        return counts

    async def _ring(self) -> Keyring:
        return await asyncio.to_thread(self.keys.ring)
