"""Short words for tests of re-rating: a corrected sheet, a job, and waiting for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

from services.rating.rerun.asked import RerunAsked, RerunFilter
from services.rating.rerun.store_jobs import JobState
from services.rating.rerun.views import ItemView, RerunView, show_items, show_job
from services.rating.scope import Scope
from services.rating.store_activation import TariffKey
from services.rating.tariffs.files import PLANS_FOLDER
from tests.integration.rating.office import PATIENCE_S, Office
from tests.unit.rating.words import MCE

SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
BY_PLAN = RerunAsked(filter=RerunFilter(plan_id="MCE-E-TOU-C"), reason="the card was corrected")
KEY = "test-key-1"


async def correct_prices(
    office: Office, folder: Path, *, version: str = "corrected", on_peak: str = "100000"
) -> None:
    """Import and activate a corrected sheet in which on-peak is a dollar."""
    text = SHEET.replace('version = "2026-04-01"', f'version = "{version}"')
    text = text.replace("known_from = 2026-04-01", "known_from = 2026-07-01")
    sheet = folder / version
    sheet.mkdir()
    (sheet / "sheet.toml").write_text(text.replace("20782", on_peak))
    await office.service.import_tariffs(sheet, "jane")
    key = TariffKey.plan("mce", "MCE-E-TOU-C", version)
    await office.service.activate_tariff(key, "joe", "checked against the card")


async def shown(office: Office, job_id: UUID, scope: Scope = MCE) -> RerunView:
    """A job as people see it."""
    async with office.service.database.read() as session:
        return await show_job(session, scope, job_id, 1_000_000)


async def until(office: Office, job_id: UUID, state: JobState, scope: Scope = MCE) -> RerunView:
    """Wait until a job is there."""
    async with asyncio.timeout(PATIENCE_S):
        while (job := await shown(office, job_id, scope)).state is not state:
            await asyncio.sleep(0.02)
    return job


async def items(office: Office, job_id: UUID) -> list[ItemView]:
    """Every bill of a job."""
    async with office.service.database.read() as session:
        return await show_items(session, job_id, 0, 500)


async def dry_run(
    office: Office, asked: RerunAsked = BY_PLAN, *, key: str = KEY, by: str = "ann"
) -> RerunView:
    """Ask, and wait until counts and money are known."""
    job = await office.service.reruns.ask(MCE, asked, key, by)
    return await until(office, job.job_id, JobState.PLANNED)


async def run(
    office: Office, asked: RerunAsked = BY_PLAN, *, key: str = KEY, by: str = "ann"
) -> RerunView:
    """Ask, look, start, and wait for the result and for everything said."""
    job = await dry_run(office, asked, key=key, by=by)
    await office.service.reruns.start(MCE, job.job_id, by, "go")
    done = await until(office, job.job_id, JobState.DONE)
    async with asyncio.timeout(PATIENCE_S):
        while await office.rows("outbox") > len(office.heard):
            await asyncio.sleep(0.01)
    return done
