"""Reads what several plans share: taxes, calendars, holidays, export prices, a CCA's particulars.

They are rows of one table, each version with its content, and count once they were activated. What
is here reads them; `store_tariffs` imports them, and `store_activation` lets them count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select

from services.rating.calendars import CalendarBook, holidays_in_force
from services.rating.calendars.calendar_file import CalendarFile
from services.rating.calendars.holiday_rules import HolidayList, Holidays
from services.rating.store import TARIFF_ACTIVATIONS, TARIFF_DATA
from services.rating.store_activation import (
    ACTIVE_DATA,
    CALENDAR_KIND,
    CCA_KIND,
    EXPORTS_KIND,
    HOLIDAYS_KIND,
    TAXES_KIND,
    TariffKey,
)
from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.export_prices import ExportPrices
from services.rating.tariffs.taxes import TaxFile
from shared.platform.database import ReadSession, WriteSession

DataFile = TaxFile | CcaFile | HolidayList | CalendarFile | ExportPrices

DATA_MODELS: Final[Mapping[str, type[DataFile]]] = {
    TAXES_KIND: TaxFile,
    CCA_KIND: CcaFile,
    HOLIDAYS_KIND: HolidayList,
    CALENDAR_KIND: CalendarFile,
    EXPORTS_KIND: ExportPrices,
}
"""What the rows of `tariff_data` hold, by their kind."""


@dataclass(frozen=True, slots=True)
class TariffData:
    """Rows of `tariff_data` by what they hold, in the order they were read."""

    taxes: list[TaxFile] = field(default_factory=list)
    ccas: list[CcaFile] = field(default_factory=list)
    holidays: list[HolidayList] = field(default_factory=list)
    calendars: list[CalendarFile] = field(default_factory=list)
    exports: list[ExportPrices] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Any]) -> TariffData:
        """Read rows of kind and content."""
        data = cls()
        for kind, content in rows:
            match DATA_MODELS[kind].model_validate(content):
                case TaxFile() as file:
                    data.taxes.append(file)
                case CcaFile() as file:
                    data.ccas.append(file)
                case HolidayList() as file:
                    data.holidays.append(file)
                case CalendarFile() as file:
                    data.calendars.append(file)
                case ExportPrices() as file:
                    data.exports.append(file)
        return data

    def calendar_book(self) -> CalendarBook:
        """The calendars and holiday lists among them, ready to be asked."""
        return CalendarBook(tuple(self.calendars), tuple(self.holidays))


async def load_calendar_book(session: ReadSession | WriteSession) -> CalendarBook:
    """Read every active calendar and holiday list."""
    t = TARIFF_DATA.c
    rows = await session.execute(
        select(t.kind, t.content)
        .join(TARIFF_ACTIVATIONS, ACTIVE_DATA)
        .where(t.kind.in_((CALENDAR_KIND, HOLIDAYS_KIND)))
        .order_by(TARIFF_ACTIVATIONS.c.seq)
    )
    return TariffData.of(rows).calendar_book()


async def load_holidays(session: ReadSession | WriteSession, list_id: str) -> Holidays:
    """One active holiday list; as long as none is active, the program's.

    Raises:
        RateNotFound: there is no such list.
    """
    t = TARIFF_DATA.c
    rows = await session.execute(
        select(t.kind, t.content)
        .join(TARIFF_ACTIVATIONS, ACTIVE_DATA)
        .where(t.kind == HOLIDAYS_KIND, t.name == list_id)
        .order_by(TARIFF_ACTIVATIONS.c.seq)
    )
    return holidays_in_force(TariffData.of(rows).calendar_book(), list_id)


@dataclass(frozen=True, slots=True)
class ListedData:
    """One version of something that plans share, for lists.

    Attributes:
        key: kind, name and version.
        effective_from: since which day it counts; `None` for what is not dated as a whole.
        known_from: since when it may be used.
        source: where it comes from.
        imported_by: who brought it.
        imported_at: when.
        activated_by: who let it count; absent while it is a draft.
        activated_at: when.
    """

    key: TariffKey
    effective_from: date | None
    known_from: date | None
    source: str | None
    imported_by: str
    imported_at: datetime
    activated_by: str | None
    activated_at: datetime | None


async def list_data(session: ReadSession, kinds: Collection[str]) -> list[ListedData]:
    """Every imported version of some kinds, drafts too, by kind, name and dates."""
    t, a = TARIFF_DATA.c, TARIFF_ACTIVATIONS.c
    rows = await session.execute(
        select(
            *(t.kind, t.name, t.version, t.content, t.imported_by, t.imported_at),
            *(a.activated_by, a.activated_at),
        )
        .select_from(TARIFF_DATA.outerjoin(TARIFF_ACTIVATIONS, ACTIVE_DATA))
        .where(t.kind.in_(kinds))
        .order_by(t.seq)
    )
    found = [_listed(row) for row in rows]
    return sorted(found, key=lambda one: (one.key.kind, one.key.name, str(one.effective_from)))


def _listed(row: Any) -> ListedData:  # noqa: ANN401  a row of any columns
    versions = row.content.get("versions")
    dated = versions[0] if versions else row.content  # a calendar's dates stand at its version
    days = {
        name: date.fromisoformat(dated[name])
        for name in ("effective_from", "known_from")
        if name in dated
    }
    return ListedData(
        TariffKey(row.kind, row.name, row.version),
        days.get("effective_from"),
        days.get("known_from"),
        dated.get("source"),
        *(row.imported_by, row.imported_at, row.activated_by, row.activated_at),
    )


async def load_data(session: ReadSession | WriteSession, key: TariffKey) -> DataFile | None:
    """One imported version, draft or not."""
    t = TARIFF_DATA.c
    content = await session.scalar(
        select(t.content).where(t.kind == key.kind, t.name == key.name, t.version == key.version)
    )
    return None if content is None else DATA_MODELS[key.kind].model_validate(content)
