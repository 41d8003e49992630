"""Imports tariff files into versioned tables, and reads them back as a price book.

A version that was imported is never changed: the same version with other content is refused, so a
charge can always be traced to the numbers it was made with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.rating.store import PLANS, TARIFF_DATA
from services.rating.tariffs.book import PriceBook, build_book
from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.files import content_hash, read_folder
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxFile
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal

TAXES_KIND: Final = "taxes"
CCA_KIND: Final = "cca"
IMPORT_LOCK: Final = "rating/tariff import"


class TariffVersionTaken(Refusal):
    """A version was imported before with other content; a correction needs a new version."""

    code = "TARIFF_VERSION_TAKEN"
    status = 409
    title = "The tariff version exists with other content"


@dataclass(frozen=True, slots=True)
class TariffImport:
    """What an import did, by the names of the versions."""

    imported: tuple[str, ...]
    unchanged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedPlan:
    """One plan version, for lists."""

    cca: str
    plan_id: str
    version: str
    utility: str
    rate_codes: tuple[str, ...]
    products: tuple[str, ...]
    cohort: str
    effective_from: date
    effective_through: date | None
    known_from: date
    imported_at: datetime


async def import_plans(session: WriteSession, folder: Path, at: datetime) -> TariffImport:
    """Import every tariff file below a folder; a second import of the same changes nothing.

    Args:
        session: the unit of work.
        folder: holds `taxes.toml`, and for each CCA `cca.toml` and its plan files.
        at: when it is imported.

    Raises:
        TariffFileRefused: a file cannot be read.
        TariffVersionTaken: a version exists with other content.
    """
    files = read_folder(folder)
    await wait_lock(session, IMPORT_LOCK)
    known = await _known_hashes(session)
    new: list[PlanFile | CcaFile | TaxFile] = []
    unchanged: list[str] = []
    for file in (*files.plans, *files.ccas, *([files.taxes] if files.taxes else ())):
        key = _key(file)
        if key not in known:
            known[key] = content_hash(file)
            new.append(file)
        elif known[key] == content_hash(file):
            unchanged.append(_words(key))
        else:
            raise TariffVersionTaken(f"{_words(key)} was imported before with other content")
    await _insert(session, new, at)
    return TariffImport(tuple(_words(_key(file)) for file in new), tuple(unchanged))


async def list_plans(session: ReadSession) -> list[ListedPlan]:
    """Every imported plan version, by CCA, plan and effective date."""
    t = PLANS.c
    found = await session.execute(
        select(
            *(t.cca, t.plan_id, t.version, t.utility, t.rate_codes, t.products, t.cohort),
            *(t.effective_from, t.effective_through, t.known_from, t.imported_at),
        ).order_by(t.cca, t.plan_id, t.effective_from, t.known_from)
    )
    return [
        ListedPlan(
            *(row.cca, row.plan_id, row.version, row.utility),
            *(tuple(row.rate_codes), tuple(row.products), row.cohort),
            *(row.effective_from, row.effective_through, row.known_from, row.imported_at),
        )
        for row in found
    ]


class PriceBooks:
    """Keeps the price book in memory and reads it again when something was imported.

    Asking costs one small query; reading all plans is done once an import.
    """

    def __init__(self) -> None:
        self._mark: tuple[int, int] | None = None
        self._book: PriceBook | None = None

    async def current(self, session: ReadSession | WriteSession) -> PriceBook | None:
        """The price book as of this session, or `None` while no taxes were imported."""
        plans = select(func.coalesce(func.max(PLANS.c.seq), 0)).scalar_subquery()
        data = select(func.coalesce(func.max(TARIFF_DATA.c.seq), 0)).scalar_subquery()
        row = (await session.execute(select(plans, data))).one()
        mark = (row[0], row[1])
        if mark != self._mark:
            self._book = await load_book(session)
            self._mark = mark
        return self._book


async def load_book(session: ReadSession | WriteSession) -> PriceBook | None:
    """Read every tariff; `None` while no taxes were imported, since nothing can be rated then."""
    plans = await session.scalars(select(PLANS.c.content).order_by(PLANS.c.seq))
    t = TARIFF_DATA.c
    data = (await session.execute(select(t.kind, t.content).order_by(t.seq))).all()
    taxes = [TaxFile.model_validate(row.content) for row in data if row.kind == TAXES_KIND]
    ccas = [CcaFile.model_validate(row.content) for row in data if row.kind == CCA_KIND]
    if not taxes:
        return None
    return build_book([PlanFile.model_validate(plan) for plan in plans], taxes, ccas)


async def _known_hashes(session: WriteSession) -> dict[tuple[str, str, str], bytes]:
    p, t = PLANS.c, TARIFF_DATA.c
    plans = await session.execute(select(p.cca, p.plan_id, p.version, p.content_hash))
    data = await session.execute(select(t.kind, t.name, t.version, t.content_hash))
    return {(row[0], row[1], row[2]): row[3] for row in (*plans, *data)}


def _key(file: PlanFile | CcaFile | TaxFile) -> tuple[str, str, str]:
    if isinstance(file, PlanFile):
        return file.cca, file.plan_id, file.version
    if isinstance(file, CcaFile):
        return CCA_KIND, file.cca, file.version
    return TAXES_KIND, "", file.version


def _words(key: tuple[str, str, str]) -> str:
    return " ".join(word for word in key if word)


async def _insert(
    session: WriteSession, files: Sequence[PlanFile | CcaFile | TaxFile], at: datetime
) -> None:
    plans: list[dict[str, object]] = []
    data: list[dict[str, object]] = []
    for file in files:
        row = {
            "version": file.version,
            "content": file.model_dump(mode="json", exclude_none=True),
            "content_hash": content_hash(file),
            "imported_at": at,
        }
        if isinstance(file, PlanFile):
            chosen = file.model_dump(
                include={
                    *("cca", "plan_id", "utility", "cohort", "effective_from"),
                    *("effective_through", "known_from"),
                }
            )
            lists = {"rate_codes": list(file.rate_codes), "products": list(file.products)}
            plans.append({**row, **chosen, **lists})
        else:
            kind, name, _ = _key(file)
            data.append({**row, "kind": kind, "name": name})
    if plans:
        await session.execute(insert(PLANS), plans)
    if data:
        await session.execute(insert(TARIFF_DATA), data)
