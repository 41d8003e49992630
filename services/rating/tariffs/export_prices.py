"""What exported energy is worth in each hour: the regulator's tables for net billing (NBT).

Twelve months, two kinds of day and 24 hours for every year, or a price for every hour of it, fixed
for nine years for the year in which a customer came (the vintage). A table is imported, compared
and activated like a plan, in versions. Sources: PG&E Schedule NBT; CPUC avoided cost calculator.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from services.rating.calendars.holiday_rules import Holidays
from services.rating.holds import RateNotFound
from services.rating.reading import read_model
from services.rating.sources import EffectiveDay, Sha256, SourceText, SourceUrl
from services.rating.versions import in_effect, known_by
from shared.contracts.parts import UtilityCode
from shared.platform.refusals import Refusal, wrong_words

EXPORTS_FOLDER: Final = Path(__file__).parent.parent / "plans" / "export-prices"
"""The tables that come with the program."""

PRICE_DIGITS: Final = 6
HOURS: Final = 24
CSV_BYTES_MAX: Final = 8 * 1024 * 1024
BY_DAY_TYPE: Final = ("year", "month", "day_type", "hour", "dollars_per_kwh")
BY_HOUR: Final = ("hour_beginning", "dollars_per_kwh")
_SATURDAY: Final = 5
_DAYS_IN_YEARS: Final = (365, 366)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Units = Annotated[StrictInt, Field(ge=-(10**9), le=10**9)]
Hours = Annotated[tuple[Units, ...], Field(min_length=24, max_length=24)]
Months = Annotated[tuple[Hours, ...], Field(min_length=12, max_length=12)]


class ExportPricesRefused(Refusal):
    """A file of export prices cannot be read as one; the message says where."""

    code = "EXPORT_PRICES_REFUSED"
    status = 422
    title = "The file of export prices was refused"


class ExportYear(BaseModel):
    """The prices of one year in units of the file's `price_scale`: 576, or one for every hour."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    year: Annotated[int, Field(ge=2000, le=2100)]
    weekday: Months | None = None
    weekend: Months | None = None
    """Saturdays, Sundays and holidays."""
    hours: Annotated[tuple[Units, ...], Field(min_length=8760, max_length=8784)] | None = None
    """Every hour that the clock on the wall can show, from midnight of 1 January."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        by_day_type = self.weekday is not None and self.weekend is not None
        if (self.weekday is None) != (self.weekend is None) or by_day_type == bool(self.hours):
            raise ValueError(f"{self.year} has weekday and weekend, or hours, and not both")
        days = date(self.year, 12, 31).timetuple().tm_yday
        if self.hours and len(self.hours) != days * HOURS:
            raise ValueError(f"{self.year} has {days * HOURS} hours, not {len(self.hours)}")
        return self

    def units(self, day: date, hour: int, *, weekend: bool) -> int:
        """The price of an hour of a day."""
        if self.hours:
            return self.hours[(day.timetuple().tm_yday - 1) * HOURS + hour]
        grid = self.weekend if weekend else self.weekday
        if grid is None:  # cannot be: the model refuses it
            raise ValueError(f"{self.year} has no prices")
        return grid[day.month - 1][hour]


class ExportPrices(BaseModel):
    """One version of one table of export prices: a utility, a component, a vintage."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    table_id: Name
    """What plans name it by (`export_prices`)."""
    version: Name
    """Name of this version; once imported it never changes."""
    vintage: Annotated[int, Field(ge=2000, le=2100)]
    utility: UtilityCode
    holidays: Name
    """Name of a holiday list."""
    effective_from: EffectiveDay
    """First day of service it counts for."""
    known_from: date
    """Since when we may use it: a correction has an old effective date and a new this."""
    source: SourceText
    source_url: SourceUrl | None = None
    source_sha256: Sha256 | None = None
    """Hash of the prices as they were read; filled in where they come from a CSV."""
    confidence: Literal["high", "medium", "low", "fictional"]
    """How sure the numbers are; a fictional table is for tests and the demo."""
    price_scale: Literal[5, 6] = 5
    """Decimals of a dollar in which prices are written."""
    repeated_hour: Literal["same", "next"] = "same"
    """Which price the hour has that comes twice when clocks go back: that of its name, or of the
    hour after it, for a utility that labels it so."""
    years: Annotated[tuple[ExportYear, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _years_differ(self) -> Self:
        if len({each.year for each in self.years}) != len(self.years):
            raise ValueError("two tables are for one year")
        return self

    @cached_property
    def _by_year(self) -> Mapping[int, ExportYear]:
        return {each.year: each for each in self.years}

    def price_micro(self, local: datetime, holidays: Holidays) -> int:
        """The price of a moment in 1e-6 dollars per kWh.

        Raises:
            RateNotFound: the table does not reach that year.
        """
        table = self._by_year.get(local.year)
        if table is None:
            raise RateNotFound(f"the export prices {self.table_id} do not reach {local.year}")
        day, hour = local.date(), local.hour
        weekend = local.weekday() >= _SATURDAY or holidays.is_holiday(day)
        if local.fold and self.repeated_hour == "next":
            hour += 1
        return table.units(day, hour, weekend=weekend) * int(
            10 ** (PRICE_DIGITS - self.price_scale)
        )


@dataclass(frozen=True, eq=False)
class ExportTable:
    """A table of export prices with the versions known on some day."""

    table_id: str
    versions: tuple[ExportPrices, ...]

    def version_on(self, day: date) -> ExportPrices:
        """The version in effect.

        Raises:
            RateNotFound: the table does not reach back to the day.
        """
        found = in_effect(self.versions, day)
        if found is None:
            raise RateNotFound(f"the export prices {self.table_id} say nothing about {day}")
        return found


@dataclass(frozen=True, eq=False)
class ExportBook:
    """Every version of every table, ready to be asked as of any knowledge."""

    tables: tuple[ExportPrices, ...] = ()
    _made: dict[tuple[str, tuple[str, ...]], ExportTable] = field(
        init=False, repr=False, default_factory=dict
    )

    def table(self, table_id: str, known_on: date | None = None) -> ExportTable:
        """A table by name, with the versions known on a day; all of them without one.

        Raises:
            RateNotFound: there is no such table, or nobody knew it.
        """
        known = known_by((each for each in self.tables if each.table_id == table_id), known_on)
        if not known:
            raise RateNotFound(f"there are no export prices {table_id}")
        asked = (table_id, tuple(each.version for each in known))
        if asked not in self._made:
            self._made[asked] = ExportTable(table_id, known)
        return self._made[asked]


# --- files ----------------------------------------------------------------------------------------


class _Header(BaseModel):
    """A table whose prices stand in a CSV beside it."""

    model_config = ConfigDict(extra="allow")

    prices_csv: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\.csv$")]
    price_scale: Literal[5, 6] = 5
    source_sha256: Sha256 | None = None


def read_export_prices(path: Path) -> ExportPrices:
    """Read one table: a file with its prices, or one that names a CSV beside it (`prices_csv`).

    Raises:
        ExportPricesRefused: it cannot be read, breaks a rule of its model, or the CSV is not the
            one whose hash the file gives.
    """
    raw = read_model(path, _Raw, ExportPricesRefused).model_dump()
    try:
        if "prices_csv" not in raw:
            return ExportPrices.model_validate(raw)
        header = _Header.model_validate(raw)
        text, digest = _csv_text(path.with_name(header.prices_csv))
        if header.source_sha256 not in {None, digest}:
            raise ExportPricesRefused(f"{header.prices_csv} has the SHA-256 {digest}")
        del raw["prices_csv"]
        years = years_of(text, header.price_scale)
        return ExportPrices.model_validate(raw | {"source_sha256": digest, "years": years})
    except ValidationError as wrong:
        raise ExportPricesRefused(f"{path.name}: {wrong_words(wrong)}") from wrong


class _Raw(BaseModel):
    """Any table of a file, its fields not yet looked at."""

    model_config = ConfigDict(extra="allow")


def years_of(text: str, price_scale: int) -> list[dict[str, Any]]:
    """The years of a CSV, of 576 prices each or of one for every hour.

    Args:
        text: with the head `year,month,day_type,hour,dollars_per_kwh` (day types `weekday` and
            `weekend`, hours 0 to 23) or `hour_beginning,dollars_per_kwh` (local, `2026-01-01T00`).
        price_scale: decimals of a dollar in which prices are kept.

    Raises:
        ExportPricesRefused: another head, an hour that comes twice or is missing, or a price that
            has more decimals.
    """
    reader = csv.DictReader(io.StringIO(text))
    head = tuple(reader.fieldnames or ())
    rows = enumerate(reader, start=2)
    if head == BY_DAY_TYPE:
        return _by_day_type(rows, price_scale)
    if head == BY_HOUR:
        return _by_hour(rows, price_scale)
    raise ExportPricesRefused(f"the CSV begins with {','.join(BY_DAY_TYPE)} or {','.join(BY_HOUR)}")


def _by_day_type(rows: Iterator[tuple[int, Any]], scale: int) -> list[dict[str, Any]]:
    found: dict[int, dict[tuple[str, int, int], int]] = {}
    for number, row in rows:
        try:
            place = (row["day_type"], int(row["month"]), int(row["hour"]))
            year = found.setdefault(int(row["year"]), {})
        except (TypeError, ValueError) as wrong:
            raise ExportPricesRefused(f"row {number} is no hour of a kind of day") from wrong
        if place in year:
            raise ExportPricesRefused(f"row {number}: that hour comes twice")
        year[place] = _units(number, row["dollars_per_kwh"], scale)
    return [{"year": year, **_grids(year, prices)} for year, prices in sorted(found.items())]


def _grids(year: int, prices: Mapping[tuple[str, int, int], int]) -> dict[str, list[list[int]]]:
    kinds = ("weekday", "weekend")
    wanted = {(kind, month, hour) for kind in kinds for month in range(1, 13) for hour in range(24)}
    if set(prices) != wanted:
        raise ExportPricesRefused(
            f"{year} has {len(prices)} prices, not the 576 of two kinds of day"
        )
    return {
        kind: [[prices[kind, month, hour] for hour in range(HOURS)] for month in range(1, 13)]
        for kind in kinds
    }


def _by_hour(rows: Iterator[tuple[int, Any]], scale: int) -> list[dict[str, Any]]:
    found: dict[int, dict[datetime, int]] = {}
    for number, row in rows:
        try:
            moment = datetime.fromisoformat(row["hour_beginning"])
        except (TypeError, ValueError) as wrong:
            raise ExportPricesRefused(f"row {number} is no hour like 2026-01-01T00") from wrong
        year = found.setdefault(moment.year, {})
        if moment in year or moment.tzinfo is not None or moment.minute or moment.second:
            raise ExportPricesRefused(f"row {number}: that hour comes twice, or is none")
        year[moment] = _units(number, row["dollars_per_kwh"], scale)
    # A year that misses hours is refused by the model, which counts them.
    return [
        {"year": year, "hours": [prices[at] for at in sorted(prices)]}
        for year, prices in sorted(found.items())
    ]


def _units(number: int, text: str, scale: int) -> int:
    try:
        units = Decimal(text).scaleb(scale)
        if units != units.to_integral_value():
            raise ExportPricesRefused(f"row {number}: {text} has more than {scale} decimals")
        return int(units)
    except (InvalidOperation, TypeError) as wrong:
        raise ExportPricesRefused(f"row {number}: {text!r} is no price") from wrong


def _csv_text(path: Path) -> tuple[str, str]:
    try:
        if path.stat().st_size > CSV_BYTES_MAX:
            raise ExportPricesRefused(f"{path.name} is larger than {CSV_BYTES_MAX} bytes")
        data = path.read_bytes()
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except (OSError, UnicodeDecodeError) as wrong:
        raise ExportPricesRefused(f"{path.name} cannot be read: {wrong}") from wrong


def prices_csv(prices: ExportPrices) -> str:
    """The prices of a table in the form in which they are read."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    by_hour = any(year.hours for year in prices.years)
    writer.writerow(BY_HOUR if by_hour else BY_DAY_TYPE)
    for year in prices.years:
        writer.writerows(_hour_rows(year, prices) if by_hour else _grid_rows(year, prices))
    return text.getvalue()


def _grid_rows(year: ExportYear, prices: ExportPrices) -> Iterator[tuple[object, ...]]:
    for kind, grid in (("weekday", year.weekday), ("weekend", year.weekend)):
        for month, row in enumerate(grid or (), start=1):
            for hour, units in enumerate(row):
                yield year.year, month, kind, hour, _dollars(units, prices)


def _hour_rows(year: ExportYear, prices: ExportPrices) -> Iterator[tuple[object, ...]]:
    for number, units in enumerate(year.hours or ()):
        day = date.fromordinal(date(year.year, 1, 1).toordinal() + number // HOURS)
        yield f"{day}T{number % HOURS:02}", _dollars(units, prices)


def _dollars(units: int, prices: ExportPrices) -> str:
    return f"{Decimal(units).scaleb(-prices.price_scale):f}"


@cache
def load_export_prices(folder: Path = EXPORTS_FOLDER) -> ExportBook:
    """Read every table of a folder; all of it or nothing. The answer is remembered.

    Raises:
        ExportPricesRefused: a file cannot be read as one, or two are one version.
    """
    tables = [read_export_prices(path) for path in sorted(folder.glob("*.toml"))]
    refuse_twins(tables)
    return ExportBook(tuple(tables))


def refuse_twins(tables: Iterable[ExportPrices]) -> None:
    """Refuse two files that are one version.

    Raises:
        ExportPricesRefused: they are.
    """
    seen: set[tuple[str, str]] = set()
    for each in tables:
        if (each.table_id, each.version) in seen:
            raise ExportPricesRefused(f"{each.table_id} {each.version} is there already")
        seen.add((each.table_id, each.version))
