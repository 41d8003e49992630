"""Reads the calendars that come with the program, or a folder of one's own; finds one by name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from services.rating.calendars.calendar import Calendar
from services.rating.calendars.calendar_file import CalendarFile, HolidayFile
from services.rating.calendars.holiday_rules import HolidayList
from services.rating.holds import RateNotFound
from shared.platform.refusals import Refusal

CALENDARS_FOLDER: Final = Path(__file__).parent / "data"
"""The calendars that come with the program."""

HOLIDAYS_NAME: Final = "holidays.toml"

_Model = TypeVar("_Model", bound=BaseModel)


class CalendarFileRefused(Refusal):
    """A calendar file cannot be read as one; the message says which and where."""

    code = "CALENDAR_FILE_REFUSED"
    status = 422
    title = "The calendar file was refused"


@dataclass(frozen=True, eq=False)
class CalendarBook:
    """All calendars, ready to be asked.

    Attributes:
        files: calendar id → its file.
        holidays: list id → the list.
    """

    files: Mapping[str, CalendarFile]
    holidays: Mapping[str, HolidayList]
    _made: dict[tuple[str, tuple[str, ...]], Calendar] = field(
        init=False, repr=False, default_factory=dict
    )

    def calendar(self, calendar_id: str, known_on: date | None = None) -> Calendar:
        """A calendar by name, with the versions known on a day; all of them without one.

        Raises:
            RateNotFound: there is no such calendar.
        """
        file = self.files.get(calendar_id)
        if file is None:
            raise RateNotFound(f"there is no calendar {calendar_id}")
        known = tuple(v for v in file.versions if known_on is None or v.known_from <= known_on)
        asked = (calendar_id, tuple(version.version for version in known))
        if asked not in self._made:
            self._made[asked] = Calendar(file, known, self.holidays[file.holidays])
        return self._made[asked]

    def holiday_list(self, list_id: str) -> HolidayList:
        """A holiday list by name.

        Raises:
            RateNotFound: there is no such list.
        """
        if list_id not in self.holidays:
            raise RateNotFound(f"there is no holiday list {list_id}")
        return self.holidays[list_id]

    def of_rate_codes(
        self, utility: str, rate_codes: Iterable[str], known_on: date | None = None
    ) -> Calendar:
        """The calendar of a utility's rate codes.

        Raises:
            RateNotFound: no calendar has them, or more than one has.
        """
        codes = set(rate_codes)
        found = [
            file.calendar_id
            for file in self.files.values()
            if file.utility == utility and codes & set(file.rate_codes)
        ]
        if len(found) != 1:
            which = " and ".join(sorted(found)) or "no calendar"
            raise RateNotFound(f"{which} for the rate codes {', '.join(sorted(codes))}")
        return self.calendar(found[0], known_on)


@cache
def load_calendars(folder: Path = CALENDARS_FOLDER) -> CalendarBook:
    """Read every calendar of a folder; all of it or nothing. The answer is remembered.

    Raises:
        CalendarFileRefused: a file is not TOML or breaks a rule of its model, a calendar names a
            holiday list that is not there, or two files are one calendar.
    """
    lists = _read(folder / HOLIDAYS_NAME, HolidayFile).lists
    holidays = {each.list_id: each for each in lists}
    files: dict[str, CalendarFile] = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name == HOLIDAYS_NAME:
            continue
        file = _read(path, CalendarFile)
        if file.holidays not in holidays:
            raise CalendarFileRefused(f"{path.name}: there is no holiday list {file.holidays}")
        if file.calendar_id in files:
            raise CalendarFileRefused(f"{path.name}: {file.calendar_id} is there already")
        files[file.calendar_id] = file
    return CalendarBook(files, holidays)


def _read(path: Path, kind: type[_Model]) -> _Model:
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise CalendarFileRefused(f"{path.name} is not TOML: {wrong}") from wrong
    except ValidationError as wrong:
        raise CalendarFileRefused(f"{path.name}: {wrong}") from wrong
