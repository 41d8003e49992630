"""Customers, tariffs, usage and charges as they are after half a year, for tests of the pages."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

from services.rating.service import build
from services.rating.store_tariffs import import_files
from services.rating.tariffs.files import PLANS_FOLDER, read_folder
from services.rating.tariffs.plan import PlanFile
from shared.contracts.parts import Purpose
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.lifecycle import Lifecycle
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.integration.rating.utility_bill import bill_of
from tests.unit.rating.interval_words import interval_report, interval_usage, whole_days
from tests.unit.rating.words import meter, request, usage

MONTHS = [date(2026, month, 6) for month in range(1, 9)]
"""Read dates of the customer A1; May's bill was corrected, and August's usage waits."""
METERED = {"on": "90.5", "off": "210.25", "total": "300.75"}


IMPORTER = "rates desk"
DRAFT = "2027-01-01"


def dearer_plan() -> PlanFile:
    """A draft of next year's residential prices: a cent more on summer afternoons."""
    plans = read_folder(PLANS_FOLDER).plans
    plan = next(p for p in plans if (p.plan_id, p.version) == ("MCE-E-TOU-C", "2026-04-01"))
    first = plan.components[0].model_dump()
    first["prices"]["summer"]["on_peak"] += 1_000
    changed = type(plan.components[0]).model_validate(first)
    changes = {
        "version": DRAFT,
        "effective_from": date(2027, 1, 1),
        "known_from": date(2026, 11, 1),
    }
    return plan.model_copy(update={**changes, "components": (changed, *plan.components[1:])})


async def furnish(dsn: str) -> None:
    """Live half a year in rating's part of a database."""
    database, bus = Database(dsn, "rating"), MemoryBus()
    await bus.start()
    service = build(PlatformSettings(), database, bus, FixedClock(NOON))
    office = Office(service, bus)
    lifecycle = Lifecycle("rating")
    await service.open(lifecycle)
    await office.overhear()
    await service.import_tariffs()
    async with database.unit_of_work() as session:
        await import_files(session, [dearer_plan()], NOON, IMPORTER)
    await _live(office)
    await lifecycle.close()
    await bus.close()
    await database.close()


async def _live(office: Office) -> None:
    await office.tell(
        enrollment(
            request("R1"),
            request("R2", account="A2", agreement="SA2", meter="M2"),
            request("R3", account="A3", agreement="SA3", meter="M3", rate_code="E1"),
            request("R4", account="A4", agreement="SA4", meter="M4"),
        )
    )
    for number, (first, last) in enumerate(itertools.pairwise(MONTHS), start=1):
        read = meter((first, last), METERED, estimated=number == 3)
        await office.tell(usage_report(usage(f"U{number}", read)))
    wrong, right = (MONTHS[4], MONTHS[5]), {**METERED, "off": "110.25", "total": "200.75"}
    cancel = usage("U5C", meter(wrong, METERED), purpose=Purpose.CANCEL, corrects="U5")
    await office.tell(usage_report(cancel))
    await office.tell(usage_report(usage("U5R", meter(wrong, right))))
    other = meter((date(2026, 8, 6), date(2026, 9, 6)), METERED, rate_code="NOBODYS")
    await office.tell(usage_report(usage("U8", other)))
    days = whole_days(date(2026, 6, 6), 30, 150, estimated=[(4, 8), (960, 96)])
    days = days.model_copy(update={"meter_number": "M2"})
    await office.tell(interval_report(interval_usage("V1", days, account="A2", agreement="SA2")))
    much = meter(
        (MONTHS[5], MONTHS[6]), {"on": "90000", "off": "210000", "total": "300000"}, number="M4"
    )
    await office.tell(usage_report(usage("W1", much, account="A4", agreement="SA4")))
    await _bill_themselves(office)


async def _bill_themselves(office: Office) -> None:
    """The utility's own bill of U7, on which the first line is dearer and the second missing."""
    (charge,) = [one for one in office.charges if one.usage_id == "U7"]
    first = charge.lines[0]
    dearer = first.model_copy(update={"amount": first.amount + Decimal("1.25")})
    bill = bill_of(charge, (dearer, *charge.lines[2:]), period=(MONTHS[6], MONTHS[7]))
    await office.tell(bill)
