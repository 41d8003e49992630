"""Imports tariff files into versioned tables, and reads them back as a price book.

A version that was imported is never changed: the same version with other content is refused, so a
charge can always be traced to the numbers it was made with. A version that nobody has activated is
a draft: it can be looked at, and nothing is billed with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.rating.calendars.book import refuse_contradictions
from services.rating.calendars.calendar_file import CalendarFile
from services.rating.calendars.holiday_rules import HolidayList
from services.rating.store import PLANS, RERUN, TARIFF_ACTIVATIONS, TARIFF_DATA
from services.rating.store_activation import (
    ACTIVE_DATA,
    ACTIVE_PLAN,
    CALENDAR_KIND,
    CCA_KIND,
    EXPORTS_KIND,
    HOLIDAYS_KIND,
    PROGRAM,
    TARIFF_LOCK,
    TAXES_KIND,
    TariffKey,
    activate_seeds,
)
from services.rating.store_shared import TariffData, load_data
from services.rating.tariffs.book import MappedCode, PriceBook, build_book
from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.export_prices import ExportBook, ExportPrices
from services.rating.tariffs.files import TariffFile, content_hash, read_folder
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxFile
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal

DESCRIPTIVE: Final = (
    *("confidence", "note", "rin", "source_url", "source_sha256", "board_action", "calendar"),
)
"""Fields of a plan that say nothing of its prices."""
SHARED_DESCRIPTIVE: Final = frozenset({*DESCRIPTIVE, "title", "source"}) - {"calendar"}
"""Likewise of calendars, holidays, export prices and taxes."""


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
    confidence: str | None
    imported_by: str
    imported_at: datetime
    activated_by: str | None
    """Absent while it is a draft."""
    activated_at: datetime | None


async def import_plans(
    session: WriteSession, folder: Path, at: datetime, by: str = PROGRAM
) -> TariffImport:
    """Import every tariff file below a folder; a second import of the same changes nothing.

    What people import are drafts. What comes with the program is active at once, except plans whose
    numbers are of low confidence.

    Args:
        session: the unit of work.
        folder: what it may hold stands in `tariffs.files`.
        at: when it is imported.
        by: who imports it.

    Raises:
        TariffFileRefused, ExportPricesRefused: a file cannot be read.
        CalendarFileRefused: calendars contradict each other, or those imported before.
        TariffVersionTaken: a version exists with other content.
    """
    return await import_files(session, read_folder(folder).files, at, by)


async def import_files(
    session: WriteSession, files: Sequence[TariffFile], at: datetime, by: str
) -> TariffImport:
    """Import tariff files that were read; all of them or nothing.

    Raises:
        CalendarFileRefused: calendars contradict each other, or those imported before.
        TariffVersionTaken: a version exists with other content.
    """
    await wait_lock(session, TARIFF_LOCK)
    known = await _known_hashes(session)
    new: list[TariffFile] = []
    unchanged: list[str] = []
    for file in _singly(files):
        key = key_of(file)
        if key not in known:
            known[key] = content_hash(file)
            new.append(file)
        elif known[key] == content_hash(file) or await _says_the_same(session, key, file, by):
            unchanged.append(key.words)
        else:
            raise TariffVersionTaken(f"{key.words} was imported before with other content")
    await _refuse_contradictions(session, new)
    await _insert(session, new, at, by)
    if by == PROGRAM:
        sure = [file for file in new if not _is_unsure(file)]
        await activate_seeds(session, [key_of(file) for file in sure], at, "comes with the program")
    return TariffImport(tuple(key_of(file).words for file in new), tuple(unchanged))


async def list_plans(session: ReadSession) -> list[ListedPlan]:
    """Every imported plan version, drafts too, by CCA, plan and effective date."""
    t, a = PLANS.c, TARIFF_ACTIVATIONS.c
    found = await session.execute(
        select(
            *(t.cca, t.plan_id, t.version, t.utility, t.rate_codes, t.products, t.cohort),
            *(t.effective_from, t.effective_through, t.known_from),
            t.content["confidence"].astext.label("confidence"),
            *(t.imported_by, t.imported_at, a.activated_by, a.activated_at),
        )
        .select_from(PLANS.outerjoin(TARIFF_ACTIVATIONS, ACTIVE_PLAN))
        .order_by(t.cca, t.plan_id, t.effective_from, t.known_from)
    )
    return [
        ListedPlan(
            *(row.cca, row.plan_id, row.version, row.utility),
            *(tuple(row.rate_codes), tuple(row.products), row.cohort),
            *(row.effective_from, row.effective_through, row.known_from, row.confidence),
            *(row.imported_by, row.imported_at, row.activated_by, row.activated_at),
        )
        for row in found
    ]


async def load_plan(
    session: ReadSession | WriteSession, cca: str, plan_id: str, version: str
) -> PlanFile | None:
    """One imported plan version, draft or not."""
    t = PLANS.c
    content = await session.scalar(
        select(t.content).where(t.cca == cca, t.plan_id == plan_id, t.version == version)
    )
    return None if content is None else PlanFile.model_validate(content)


class PriceBooks:
    """Keeps the price book in memory and reads it again when something was activated.

    Asking costs one small query; reading all plans is done once an import.
    """

    def __init__(self) -> None:
        self._mark: tuple[int, int] | None = None
        self._book: PriceBook | None = None

    async def current(self, session: ReadSession | WriteSession) -> PriceBook | None:
        """The price book as of this session, or `None` while no taxes were activated."""
        row = (await session.execute(_MARKS)).one()
        mark = (row[0], row[1])
        if mark != self._mark:
            self._book = await load_book(session)
            self._mark = mark
        return self._book


_MARKS: Final = select(
    *(
        select(func.coalesce(func.max(column), 0)).scalar_subquery()
        for column in (TARIFF_ACTIVATIONS.c.seq, RERUN.mappings.c.seq)
    )
)


async def load_book(session: ReadSession | WriteSession) -> PriceBook | None:
    """Read every active tariff; `None` while no taxes are active: nothing can be rated then."""
    p, t, a = PLANS.c, TARIFF_DATA.c, TARIFF_ACTIVATIONS.c
    plans = await session.scalars(
        select(p.content).join(TARIFF_ACTIVATIONS, ACTIVE_PLAN).order_by(p.seq)
    )
    query = select(t.kind, t.content).join(TARIFF_ACTIVATIONS, ACTIVE_DATA).order_by(a.seq)
    data = TariffData.of(await session.execute(query))
    if not data.taxes:
        return None
    book = build_book(
        [PlanFile.model_validate(plan) for plan in plans],
        data.taxes,
        data.ccas,
        data.calendar_book(),
        ExportBook(tuple(data.exports)),
    )
    return replace(book, codes=await load_codes(session))


async def load_codes(session: ReadSession | WriteSession) -> tuple[MappedCode, ...]:
    """Read every rate code that was mapped, in the order of mapping."""
    t = RERUN.mappings.c
    names = [name.name for name in fields(MappedCode)]
    found = await session.execute(select(*(t[name] for name in names)).order_by(t.seq))
    return tuple(MappedCode(*row) for row in found)


def key_of(file: TariffFile) -> TariffKey:
    """What a file is called, with its version; a calendar's is that of its only version."""
    match file:
        case PlanFile():
            return TariffKey.plan(file.cca, file.plan_id, file.version)
        case CcaFile():
            return TariffKey(CCA_KIND, file.cca, file.version)
        case TaxFile():
            return TariffKey(TAXES_KIND, "", file.version)
        case HolidayList():
            return TariffKey(HOLIDAYS_KIND, file.list_id, file.version)
        case ExportPrices():
            return TariffKey(EXPORTS_KIND, file.table_id, file.version)
        case CalendarFile():
            (version,) = file.versions
            return TariffKey(CALENDAR_KIND, file.calendar_id, version.version)


def _singly(files: Iterable[TariffFile]) -> Iterator[TariffFile]:
    """Each version of a calendar is imported, and counts, by itself."""
    for file in files:
        if isinstance(file, CalendarFile):
            yield from file.singles
        else:
            yield file


def _is_unsure(file: TariffFile) -> bool:
    return isinstance(file, PlanFile | ExportPrices) and file.confidence == "low"


async def _refuse_contradictions(session: WriteSession, new: Sequence[TariffFile]) -> None:
    calendars = [file for file in new if isinstance(file, CalendarFile)]
    if not calendars:
        return
    t = TARIFF_DATA.c
    rows = await session.execute(
        select(t.kind, t.content).where(t.kind.in_((CALENDAR_KIND, HOLIDAYS_KIND))).order_by(t.seq)
    )
    known = TariffData.of(rows)
    lists = [file for file in new if isinstance(file, HolidayList)]
    refuse_contradictions([*known.calendars, *calendars], [*known.holidays, *lists])


async def _known_hashes(session: WriteSession) -> dict[TariffKey, bytes]:
    p, t = PLANS.c, TARIFF_DATA.c
    plans = await session.execute(select(p.cca, p.plan_id, p.version, p.content_hash))
    data = await session.execute(select(t.kind, t.name, t.version, t.content_hash))
    known = {TariffKey.plan(row[0], row[1], row[2]): row[3] for row in plans}
    return known | {TariffKey(row[0], row[1], row[2]): row[3] for row in data}


async def _says_the_same(session: WriteSession, key: TariffKey, file: TariffFile, by: str) -> bool:
    """Whether a version imported by an earlier program means the same.

    A newer program knows more fields, and may describe its own plans better; what it charges must
    be the same.
    """
    if isinstance(file, PlanFile):
        known = await load_plan(session, file.cca, file.plan_id, file.version)
        if known is not None and by == PROGRAM:
            described = {name: getattr(file, name) for name in DESCRIPTIVE}
            known = known.model_copy(update=described)
        return known == file
    shared = await load_data(session, key)
    return shared == file or (
        shared is not None and by == PROGRAM and _meaning(shared) == _meaning(file)
    )


def _meaning(file: TariffFile) -> object:
    """What a file says, without the words that only describe it."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {
                name: plain(one) for name, one in value.items() if name not in SHARED_DESCRIPTIVE
            }
        return [plain(one) for one in value] if isinstance(value, list) else value

    return plain(file.model_dump(mode="json"))


async def _insert(
    session: WriteSession, files: Sequence[TariffFile], at: datetime, by: str
) -> None:
    plans: list[dict[str, object]] = []
    data: list[dict[str, object]] = []
    for file in files:
        row = {
            "version": key_of(file).version,
            "content": file.model_dump(mode="json", exclude_none=True),
            "content_hash": content_hash(file),
            "imported_by": by,
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
            key = key_of(file)
            data.append({**row, "kind": key.kind, "name": key.name})
    if plans:
        await session.execute(insert(PLANS), plans)
    if data:
        await session.execute(insert(TARIFF_DATA), data)


async def load_newest_taxes(session: ReadSession | WriteSession) -> TaxFile | None:
    """The tax file in force; `None` while none is active."""
    t, a = TARIFF_DATA.c, TARIFF_ACTIVATIONS.c
    content = await session.scalar(
        select(t.content)
        .join(TARIFF_ACTIVATIONS, ACTIVE_DATA)
        .where(t.kind == TAXES_KIND)
        .order_by(a.seq.desc())
        .limit(1)
    )
    return None if content is None else TaxFile.model_validate(content)
