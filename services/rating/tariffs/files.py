"""Reads tariff files from a folder: prices, taxes, hours, holidays and what exports are worth.

    taxes.toml              energy surcharge and city taxes
    <cca>/cca.toml          default product, and which cohort a city belongs to
    <cca>/<plan>.toml       one version of one plan
    calendars/holidays.toml holiday lists
    calendars/<name>.toml   which hours are on-peak, one or several versions
    export-prices/<t>.toml  what exported energy is worth, with a CSV beside it or prices of its own

Every file may be TOML, as people write it, or JSON, as programs do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.rating.calendars.calendar_file import CalendarFile, HolidayFile
from services.rating.calendars.holiday_rules import HolidayList
from services.rating.reading import read_model
from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.export_prices import ExportPrices, read_export_prices
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxFile
from shared.platform.refusals import Refusal

TariffFile = PlanFile | CcaFile | TaxFile | CalendarFile | HolidayList | ExportPrices
"""Whatever is imported, compared and activated by itself; a calendar file with one version."""

PLANS_FOLDER: Final = Path(__file__).parent.parent / "plans"
"""The tariffs that come with the program."""

TAXES_NAME: Final = "taxes.toml"
CCA_NAME: Final = "cca.toml"
CALENDARS_NAME: Final = "calendars"
HOLIDAYS: Final = "holidays"
EXPORTS_NAME: Final = "export-prices"


class TariffFileRefused(Refusal):
    """A tariff file cannot be read as one; the message says which and where."""

    code = "TARIFF_FILE_REFUSED"
    status = 422
    title = "The tariff file was refused"


@dataclass(frozen=True, slots=True)
class TariffFolder:
    """Everything a folder holds, checked but not yet imported.

    Attributes:
        plans: plan versions.
        ccas: what is particular to CCAs.
        taxes: taxes, if there are any.
        calendars: versions of calendars, a file each.
        holidays: versions of holiday lists.
        exports: versions of tables of export prices.
    """

    plans: tuple[PlanFile, ...]
    ccas: tuple[CcaFile, ...]
    taxes: TaxFile | None
    calendars: tuple[CalendarFile, ...] = ()
    holidays: tuple[HolidayList, ...] = ()
    exports: tuple[ExportPrices, ...] = ()

    @classmethod
    def of(cls, files: Sequence[TariffFile]) -> TariffFolder:
        """Sort files by what they are."""
        taxes = [file for file in files if isinstance(file, TaxFile)]
        return cls(
            plans=tuple(file for file in files if isinstance(file, PlanFile)),
            ccas=tuple(file for file in files if isinstance(file, CcaFile)),
            taxes=taxes[-1] if taxes else None,
            calendars=tuple(file for file in files if isinstance(file, CalendarFile)),
            holidays=tuple(file for file in files if isinstance(file, HolidayList)),
            exports=tuple(file for file in files if isinstance(file, ExportPrices)),
        )

    @property
    def files(self) -> tuple[TariffFile, ...]:
        """Everything, in the order in which one may depend on another."""
        taxes = (self.taxes,) if self.taxes else ()
        return (
            *(*self.holidays, *self.calendars, *self.exports),
            *(*self.plans, *self.ccas, *taxes),
        )


def read_folder(folder: Path) -> TariffFolder:
    """Read every tariff file below a folder; all of it or nothing.

    Raises:
        TariffFileRefused, ExportPricesRefused: a file is neither TOML nor JSON, too large, or
            breaks its model's rules.
    """
    paths = sorted((*folder.rglob("*.toml"), *folder.rglob("*.json")))
    return TariffFolder.of([file for path in paths for file in _read(path)])


def read_shared(path: Path, kind: type[TariffFile]) -> list[TariffFile]:
    """Read one file of calendars, holidays or export prices, wherever it lies.

    Raises:
        TariffFileRefused, ExportPricesRefused: as `read_folder`.
    """
    if kind is ExportPrices:
        return [read_export_prices(path)]
    if kind is HolidayList:
        return list(read_model(path, HolidayFile, TariffFileRefused).lists)
    return list(read_model(path, CalendarFile, TariffFileRefused).singles)


def _read(path: Path) -> Iterator[TariffFile]:
    """What a file holds, by its place and name."""
    if path.parent.name == EXPORTS_NAME:
        yield from read_shared(path, ExportPrices)
    elif path.parent.name == CALENDARS_NAME:
        yield from read_shared(path, HolidayList if path.stem == HOLIDAYS else CalendarFile)
    elif path.name == TAXES_NAME:
        yield read_model(path, TaxFile, TariffFileRefused)
    elif path.name == CCA_NAME:
        yield read_model(path, CcaFile, TariffFileRefused)
    else:
        yield read_plan(path)


def content_hash(file: TariffFile) -> bytes:
    """SHA-256 of what a file says, whatever its layout and comments."""
    return hashlib.sha256(file.model_dump_json(exclude_none=True).encode()).digest()


def read_plan(path: Path) -> PlanFile:
    """Read one plan file.

    Raises:
        TariffFileRefused: it is not there, not TOML, too large, or breaks a rule of the model.
    """
    return read_model(path, PlanFile, TariffFileRefused)
