"""The whole exchange in this process, and what a utility and an auditor can see of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from services import host
from services.edi_gateway.operations import ledger_audit
from services.edi_gateway.service import GatewayService
from services.edi_gateway.transport.folder import QuietPeriods
from services.host import Host
from services.rating.progress.place import RECOUNT
from services.remittance.service import RemittanceService
from shared.contracts.parts import Environment
from shared.platform.settings import BusKind, PlatformSettings
from simulator.x12 import Group, Interchange, Transaction, element, read_interchanges
from tests.journeys import papers
from tests.journeys.papers import Body

SETTLE_MAX_S = 60.0
"""Nothing takes long; a machine on which all cores run tests may take its time nevertheless."""

QUIET = QuietPeriods(trailer_seen_s=0.3, no_trailer_s=1.0)
"""Files without a trailer are put aside sooner than in production: a test waits for it."""

LOOK_S = 0.02

UNDER_WAY = """
SELECT
    (SELECT count(*) FROM edi.file WHERE state = 'received') AS files_to_read,
    (SELECT count(*) FROM edi.file WHERE state = 'ready') AS files_to_deliver,
    (SELECT count(*) FROM edi.outbound_document WHERE file_id IS NULL) AS documents_to_send,
    (SELECT count(*) FROM edi.outbox WHERE handled_at IS NULL) AS gateway_messages,
    (SELECT count(*) FROM rating.outbox WHERE handled_at IS NULL) AS rating_messages,
    (SELECT count(*) FROM remittance.outbox WHERE handled_at IS NULL) AS remittance_messages,
    (SELECT count(*) FROM remittance.remittance WHERE state IN ('arriving', 'posting'))
        AS payments_to_place
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file of ours as it lies in a utility's mailbox."""

    name: str
    data: bytes
    interchange: Interchange

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        return tuple(each for group in self.interchange.groups for each in group.transactions)


@dataclass(slots=True)
class Exchange:
    """A running installation with its database, and pens for its partners."""

    running: Host
    dsn: str
    database: asyncpg.Connection[Any]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def gateway(self) -> GatewayService:
        assert self.running.gateway is not None
        return self.running.gateway

    @property
    def remittance(self) -> RemittanceService:
        assert self.running.remittance is not None
        return self.running.remittance

    # --- what a utility does ---------------------------------------------------------------------

    async def put(self, utility: str, data: bytes, name: str) -> None:
        """Leave a finished file in the utility's inbound mailbox."""

        async def whole() -> AsyncIterator[bytes]:
            yield data

        await self.gateway.folders.receive(utility, name, whole())
        self.gateway.post_office.wake.set()

    async def send(self, utility: str, set_id: str, *bodies: Body) -> bytes:
        """Write a file, put it, and wait until everything it sets in motion is at rest."""
        control = next(self.numbers)
        data = papers.file_of(utility, set_id, control, bodies)
        await self.put(utility, data, f"{utility}_{set_id}_{control}.edi")
        await self.settle()
        return data

    def mailbox(self, utility: str) -> list[Sent]:
        """Every file of ours that lies there, in the order of our control numbers."""
        files = []
        for path in self.gateway.folders.outbound(utility).glob("*.edi"):
            data = path.read_bytes()
            (interchange,) = read_interchanges(data)
            files.append(Sent(path.name, data, interchange))
        return sorted(files, key=lambda sent: sent.interchange.control)

    def documents(self, utility: str, set_id: str) -> list[Transaction]:
        """Every ST–SE of one set that lies in the utility's mailbox."""
        return [
            each
            for sent in self.mailbox(utility)
            for each in sent.transactions
            if each.set_id == set_id
        ]

    def groups(self, utility: str) -> list[Group]:
        """Every group of ours that wants a 997."""
        found = [group for sent in self.mailbox(utility) for group in sent.interchange.groups]
        return [group for group in found if group.functional_id != "FA"]

    # --- what an analyst sees --------------------------------------------------------------------

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask the database as its superuser; one moment, nothing cached."""
        return [dict(row) for row in await self.database.fetch(query, *values)]

    async def value(self, query: str, *values: object) -> Any:  # noqa: ANN401  any column's value
        """The one value a query returns."""
        return await self.database.fetchval(query, *values)

    async def state(self, direction: str, set_id: str, key: str) -> dict[str, str]:
        """The answers to all questions about one transaction, without those that do not arise."""
        (row,) = await self.rows(
            "SELECT valid, delivered, acknowledged, applied, rated, paid, exception_code"
            " FROM edi.transaction WHERE direction = $1 AND set_id = $2 AND business_key = $3"
            " AND valid NOT IN ('copy', 'conflict')",
            *(direction, set_id, key),
        )
        return {question: answer for question, answer in row.items() if answer not in ("-", None)}

    async def entries(self, key: str) -> list[str]:
        """The kinds of ledger entries of the transaction with this business key, in order."""
        found = await self.rows(
            "SELECT e.kind FROM edi.entry e JOIN edi.transaction t ON t.id = e.transaction_id"
            " WHERE t.business_key = $1 ORDER BY e.at, e.sequence",
            key,
        )
        return [row["kind"] for row in found]

    async def file_entries(self, name: str) -> list[str]:
        """What the ledger says of a file as a whole."""
        found = await self.rows(
            "SELECT e.kind, e.message FROM edi.entry e JOIN edi.file f ON f.id = e.file_id"
            " WHERE f.name = $1 AND e.transaction_id IS NULL ORDER BY e.sequence",
            name,
        )
        return [row["kind"] for row in found]

    async def invoice_of(self, usage_id: str) -> str:
        """The invoice number of the charge for some usage."""
        return str(
            await self.value(
                "SELECT invoice_number FROM rating.charges"
                " WHERE usage_id = $1 AND purpose = 'original'",
                usage_id,
            )
        )

    async def open_usd(self, invoice: str) -> Decimal:
        """What is open on a receivable."""
        cents = await self.value(
            "SELECT open_cents FROM remittance.receivable_balance"
            " JOIN remittance.receivable USING (receivable_id) WHERE invoice_number = $1",
            invoice,
        )
        return Decimal(cents).scaleb(-2)

    async def journal(self) -> dict[str, Decimal]:
        """Debits minus credits of each ledger account, or jurisdiction, that is not at zero."""
        found = await self.rows(
            "SELECT trim(ledger_account || ' ' || jurisdiction) AS ledger_account,"
            " sum(debit_cents - credit_cents)::bigint AS cents"
            " FROM remittance.journal_entry GROUP BY 1 HAVING sum(debit_cents - credit_cents) <> 0"
        )
        return {row["ledger_account"]: Decimal(row["cents"]).scaleb(-2) for row in found}

    # --- waiting and proving ---------------------------------------------------------------------

    async def under_way(self) -> dict[str, int]:
        """What is not finished; empty when all is at rest."""
        folders = self.gateway.folders
        waiting = {
            f"inbound {utility}": len(
                [p for p in folders.inbound(utility).iterdir() if p.is_file()]
            )
            for utility in self.gateway.utilities
        }
        (counts,) = await self.rows(UNDER_WAY)
        return {what: count for what, count in (waiting | counts).items() if count}

    async def settle(self, timeout_s: float = SETTLE_MAX_S) -> None:
        """Wait until nothing is under way."""
        deadline = time.monotonic() + timeout_s
        while busy := await self.under_way():
            if time.monotonic() > deadline:
                raise AssertionError(f"not at rest after {timeout_s:.0f} s: {busy}")
            await asyncio.sleep(LOOK_S)

    async def until(
        self, held: Callable[[], Awaitable[bool]], timeout_s: float = SETTLE_MAX_S
    ) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + timeout_s
        while not await held():
            assert time.monotonic() < deadline, f"not so after {timeout_s:.0f} s"
            await asyncio.sleep(LOOK_S)

    async def wrongs(self) -> list[str]:
        """Every promise that does not hold at this moment, in words."""
        async with self.gateway.database.read() as session:
            wrong = await ledger_audit.verify_all(session)
        books = await self.remittance.audit()
        wrong += [f"books: {difference}" for difference in books.differences]
        for what, query in PROMISES.items():
            wrong += [f"{what}: {row}" for row in await self.rows(query)]
        wrong += await self._wrong_bytes()
        return wrong

    async def _wrong_bytes(self) -> list[str]:
        """Files whose bytes are not the archived ones, or not those of their hash."""
        wrong = []
        for utility in self.gateway.utilities:
            for sent in self.mailbox(utility):
                kept = await self.archived(sent.name)
                if kept != sent.data:
                    wrong.append(f"{sent.name} is not as archived")
        wrong += [
            f"{row['name']} is archived with another hash"
            for row in await self.rows("SELECT id, name, sha256 FROM edi.file")
            if sha256(await self._bytes_of(row["id"])).hexdigest() != row["sha256"]
        ]
        return wrong

    async def archived(self, name: str) -> bytes:
        """The archived bytes of the newest file of this name."""
        file_id = await self.value(
            "SELECT id FROM edi.file WHERE name = $1 ORDER BY at DESC LIMIT 1", name
        )
        return await self._bytes_of(file_id)

    async def _bytes_of(self, file_id: UUID) -> bytes:
        """The archived bytes of a file; those of payments are sealed and opened here."""
        async with self.gateway.database.read() as session:
            pieces = [
                piece async for piece in self.gateway.inbound.archive.pieces(session, file_id)
            ]
        return b"".join(pieces)


PROMISES = {
    "control number with a gap or used twice": """
        SELECT utility, environment, array_agg(control_number ORDER BY control_number) AS numbers
        FROM edi.interchange WHERE direction = 'outbound' GROUP BY 1, 2
        HAVING count(DISTINCT control_number) <> count(*)
            OR max(control_number::bigint) <> count(*)
    """,
    "group number with a gap or used twice": """
        SELECT utility, environment, array_agg(control_number) AS numbers
        FROM edi.functional_group WHERE direction = 'outbound' GROUP BY 1, 2
        HAVING count(DISTINCT control_number) <> count(*)
            OR max(control_number::bigint) <> count(*)
    """,
    "more than one live charge for one usage": """
        SELECT transaction_id, count(*) FROM rating.charges c
        WHERE purpose = 'original' AND NOT EXISTS (
            SELECT 1 FROM rating.charges r WHERE r.reverses = c.charge_id)
        GROUP BY 1 HAVING count(*) > 1
    """,
    "charge without its 810, or 810 without its charge": """
        SELECT c.invoice_number AS charge, t.business_key AS document FROM rating.charges c
        FULL JOIN (SELECT * FROM edi.transaction
                   WHERE direction = 'outbound' AND set_id = '810') t
            ON t.business_key = c.invoice_number AND t.cca = c.cca AND t.utility = c.utility
        WHERE c.charge_id IS NULL OR t.id IS NULL
    """,
    "accepted 867 that nobody charged, held, cancelled, left to the utility or kept as history": """
        SELECT business_key, rated FROM edi.transaction
        WHERE direction = 'inbound' AND set_id = '867' AND valid LIKE 'accepted%'
            AND rated NOT IN ('charged', 'held', 'not_billed', 'cancelled', 'cancels')
            AND NOT (rated = '-' AND applied = 'applied')
    """,
    "ST without its ledger entry": """
        SELECT id, set_id, control_number FROM edi.transaction t WHERE NOT EXISTS (
            SELECT 1 FROM edi.entry e WHERE e.transaction_id = t.id)
    """,
    "group that had an effect and no 997": """
        SELECT g.control_number, g.functional_id FROM edi.functional_group g
        JOIN edi.interchange i ON i.id = g.interchange_id
        WHERE g.direction = 'inbound' AND i.state = 'accepted' AND g.functional_id <> 'FA'
            AND g.acknowledged_by IS NULL
    """,
    "batch whose count is not what its bills add up to": RECOUNT,
    "message given up": """
        SELECT 'edi' AS service, type, reason FROM edi.dead_letters
        UNION ALL SELECT 'rating', type, reason FROM rating.dead_letters
        UNION ALL SELECT 'remittance', type, reason FROM remittance.dead_letters
    """,
}
"""What must never be found, as queries that return what breaks the promise."""


def billed(total: Decimal, surcharge: str, **user_taxes: str) -> dict[str, Decimal]:
    """What a charge puts on the credit side: revenue, the state's surcharge, cities' user taxes."""
    owed = {"CALIFORNIA": surcharge} | {
        city.replace("_", " ").upper(): tax for city, tax in user_taxes.items()
    }
    taxes = {f"taxes_payable {name}": -Decimal(tax) for name, tax in owed.items()}
    return {"revenue": -total - sum(taxes.values(), Decimal(0))} | taxes


def elements(transaction: Transaction, name: str, qualifier: str = "") -> list[tuple[str, ...]]:
    """The segments of one name (and first element), without that name."""
    return [
        segment[1:]
        for segment in transaction.segments
        if segment[0] == name and qualifier in ("", element(segment, 1))
    ]


def reasons(transaction: Transaction) -> dict[str, str]:
    """REF*7G of an 814 response: code → words."""
    return {found[1]: found[2] for found in elements(transaction, "REF", "7G")}


def settings_for(
    folder: Path,
    dsn: str,
    amqp_url: str = "",
    environment: Environment = Environment.TEST,
) -> PlatformSettings:
    """An installation on a given database and folder; ports are whatever is free."""
    return PlatformSettings(
        data_dir=folder,
        database_url=dsn,
        bus=BusKind.RABBITMQ if amqp_url else BusKind.MEMORY,
        amqp_url=amqp_url,
        environment=environment,
        sftp_port=0,
        http_port=0,
        worker_processes=1,
        log_format="json",
        log_level="ERROR",
    )


@asynccontextmanager
async def open_exchange(
    dsn: str,
    folder: Path,
    *,
    amqp_url: str = "",
    environment: Environment = Environment.TEST,
    first_number: int = 1,
) -> AsyncIterator[Exchange]:
    """Start everything, and at the end close it in good order."""
    running = await host.start(settings_for(folder, dsn, amqp_url, environment))
    assert running.gateway is not None
    running.gateway.folders.quiet = QUIET
    database = await connect(dsn)
    try:
        yield Exchange(running, dsn, database, itertools.count(first_number))
    finally:
        await database.close()
        assert await running.lifecycle.close()


async def connect(dsn: str) -> asyncpg.Connection[Any]:
    """A connection of the auditor's own."""
    connection = await asyncpg.connect(dsn)
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=json.dumps, decoder=json.loads
        )
    return connection
