"""A gateway with one morning's mail in it, for the tests of its API and pages.

Everything is real: the files are archived, read in worker processes, answered with 997s and
delivered to folders; rating's answer comes as the message rating would send.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from fastapi import FastAPI
from sqlalchemy import select

from services.edi_gateway import service
from services.edi_gateway.api import GatewayWeb, build_routers
from services.edi_gateway.consumers import GatewayConsumers
from services.edi_gateway.operations.access import create_token
from services.edi_gateway.operations.doorkeeper import TokenDoorkeeper
from services.edi_gateway.pages import FURNITURE
from services.edi_gateway.service import GatewayService
from services.edi_gateway.store import transaction
from shared.contracts.charges import Charge, ChargeLine, ChargesRated, ChargeUnit, LineKind
from shared.contracts.envelope import Envelope
from shared.contracts.parts import Environment, Purpose, ServiceName
from shared.contracts.usage import HeldUsage, UsageHeld
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.http import create_app
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Role
from shared.platform.web.sessions import Sessions
from shared.platform.web.shell import Shell

MORNING = datetime(2026, 11, 22, 14, 3, 11, 250_000, tzinfo=UTC)
CCAS = (("MARIN CLEAN ENERGY", "968500001"), ("CENTRAL COAST COMMUNITY ENERGY", "968500002"))
ACCOUNTS = 12


def usage_body(number: int, *, unit: str = "KH") -> str:
    name, duns = CCAS[number % 2]
    total = 300 + 7 * number
    return f"""BPT*00*U2611220{number:04d}*20261122*DD
DTM*649*20261125
REF*12*10023456{number:02d}
REF*Q5**90876543{number:02d}
REF*BLT*LDC
REF*PC*DUAL
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*{name}*1*{duns}**40
N1*8R*JANE DOE {number}
PTD*PM***OZ*EL
DTM*150*20261021
DTM*151*20261121
REF*MG*M{number:06d}
REF*MT*KHMON
REF*NH*E1
QTY*QD*{total}*{unit}
MEA*AA*PRQ*{total}*{unit}*1000*{1000 + total}*51"""


def interchange(bodies: list[str], number: int = 1, functional_id: str = "PT") -> bytes:
    parties = f"01*{'006912877':15}*ZZ*{'CCAEXCHANGE':15}"
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*{parties}*261122*0603*U*00401*{number:09d}*0*T*>",
        f"GS*{functional_id}*006912877*CCAEXCHANGE*20261122*0603*{number}*X*004010",
    ]
    for place, body in enumerate(bodies, start=1):
        lines = body.splitlines()
        segments += [f"ST*867*{place:04d}", *lines, f"SE*{len(lines) + 2}*{place:04d}"]
    segments += [f"GE*{len(bodies)}*{number}", f"IEA*1*{number:09d}"]
    return "".join(f"{segment}~\n" for segment in segments).encode()


MORNING_FILE = interchange([usage_body(n) for n in range(1, ACCOUNTS + 1)], 41)
WRONG_FILE = interchange(
    [usage_body(21), usage_body(22).replace("DTM*649*20261125", "DTM*649*2026-11-25")], 42
)


@dataclass(slots=True)
class Office:
    """A gateway one can ask."""

    app: FastAPI
    gateway: GatewayService
    desk: GatewayWeb
    clock: FixedClock
    database: Database

    async def token(self, role: Role, ccas: tuple[str, ...] | None = None) -> str:
        async with self.database.unit_of_work() as session:
            made = await create_token(
                session, name=f"{role} {uuid4().hex[:6]}", role=role, ccas=ccas, at=self.clock.now()
            )
        return made.plain

    async def put(self, name: str, data: bytes, utility: str = "pge") -> UUID:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            arrival = await self.gateway.inbound.arrive(
                utility=utility, name=name, origin="sftp", path=path
            )
        return arrival.file_id

    async def work(self) -> None:
        """Read, assemble and deliver whatever waits."""
        while await self.gateway.inbound.read_next():
            pass
        self.clock.advance(seconds=10)
        while await self.gateway.outbound.assemble():
            pass
        while await self.gateway.post_office.deliver():
            self.clock.advance(seconds=1)

    async def transactions(self, file_id: UUID) -> list[UUID]:
        async with self.database.read() as session:
            found = await session.scalars(
                select(transaction.c.id)
                .where(transaction.c.file_id == file_id)
                .order_by(transaction.c.position)
            )
            return list(found)


@asynccontextmanager
async def open_office(
    dsn: str, folder: Path, environment: Environment = Environment.TEST
) -> AsyncIterator[Office]:
    clock, bus = FixedClock(MORNING), MemoryBus()
    database = Database(dsn, "edi")
    settings = PlatformSettings(data_dir=folder, worker_processes=1, environment=environment)
    gateway = service.build(settings, database, bus, clock)
    await bus.start()
    for utility in gateway.utilities:
        await gateway.folders.create(utility)
    sessions = Sessions(b"k" * 32, clock)
    doorkeeper = TokenDoorkeeper(database, clock, sessions)
    desk = GatewayWeb(
        database=database,
        inbound=gateway.inbound,
        archive=gateway.inbound.archive,
        clock=clock,
        environment=environment,
        doorkeeper=doorkeeper,
        utilities=gateway.utilities,
        put=gateway.mailbox.put,
        deliver_wake=gateway.outbound.deliver_wake,
    )

    async def ready() -> dict[str, bool]:
        return {"database": await database.ready()}

    app = create_app(
        "CCA Exchange",
        routers=build_routers(desk),
        ready=ready,
        doorkeeper=doorkeeper,
        shell=Shell(environment, sessions, [FURNITURE]),
    )
    try:
        yield Office(app, gateway, desk, clock, database)
    finally:
        await bus.close()
        await gateway.workers.close()
        await database.close()


async def live_a_morning(office: Office) -> None:
    """Let the morning's mail come in and be answered."""
    usage = await office.put("PGE_867_20261122.edi", MORNING_FILE)
    office.clock.advance(minutes=1)
    await office.put("PGE_867_20261122_B.edi", WRONG_FILE)
    await office.put("PGE_867_20261122_AGAIN.edi", MORNING_FILE)
    await office.put("notes.txt", b"not X12 at all")
    await office.work()
    office.clock.advance(minutes=2)
    ids = await office.transactions(usage)
    handlers = GatewayConsumers(
        office.gateway.outbound, office.gateway.adviser, office.clock
    ).handlers()
    for envelope in _rating_says(usage, ids, office.clock.now()):
        async with office.database.unit_of_work() as session:
            await handlers[envelope.type](session, envelope)
    office.clock.advance(seconds=20)
    await office.work()


def _rating_says(file_id: UUID, ids: list[UUID], at: datetime) -> list[Envelope]:
    said = []
    for cca, parity in (("mce", 0), ("3ce", 1)):
        numbers = [n for n in range(1, ACCOUNTS + 1) if n % 2 == parity]
        charged, held = numbers[:-1], numbers[-1]
        bodies = (
            ChargesRated(items=tuple(_charge(n, ids[n - 1]) for n in charged)),
            UsageHeld(
                items=(
                    HeldUsage(
                        transaction_id=ids[held - 1],
                        usage_id=f"U2611220{held:04d}",
                        account_number=f"10023456{held:02d}",
                        code="RATE_NOT_FOUND",
                        message="The plan for rate code E1 is not in the tariff book",
                    ),
                )
            ),
        )
        said += [
            Envelope.about(
                body,
                at=at,
                source=ServiceName.RATING,
                correlation_id=file_id,
                cca=cca,
                utility="pge",
                environment=Environment.TEST,
            )
            for body in bodies
        ]
    return said


def _charge(number: int, transaction_id: UUID) -> Charge:
    amount = Decimal(300 + 7 * number) * Decimal("0.11")
    line = ChargeLine(
        sequence=1,
        line_id="energy/total",
        kind=LineKind.CHARGE,
        code="ENC001",
        label="GENERATION",
        quantity=Decimal(300 + 7 * number),
        unit=ChargeUnit.KWH,
        price=Decimal("0.11"),
        amount=amount,
    )
    return Charge(
        charge_id=uuid4(),
        invoice_number=f"MCE2611220{number:04d}",
        purpose=Purpose.ORIGINAL,
        transaction_id=transaction_id,
        usage_id=f"U2611220{number:04d}",
        account_number=f"10023456{number:02d}",
        service_agreement_id=f"90876543{number:02d}",
        customer_name=f"JANE DOE {number}",
        invoiced_on=date(2026, 11, 22),
        period_start=date(2026, 10, 21),
        period_end=date(2026, 11, 21),
        plan_id="E-1",
        plan_version="2026-02",
        lines=(line,),
        total=amount,
    )
