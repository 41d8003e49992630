"""All calendars and holiday lists, ready to be asked; reads those that come with the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from services.rating.calendars.calendar import Calendar
from services.rating.calendars.calendar_file import CalendarFile, HolidayFile, joined
from services.rating.calendars.holiday_rules import HolidayList, Holidays
from services.rating.holds import RateNotFound
from services.rating.reading import read_model
from services.rating.versions import known_by
from shared.platform.refusals import Refusal

CALENDARS_FOLDER: Final = Path(__file__).parent.parent / "plans" / "calendars"
"""The calendars that come with the program."""

HOLIDAYS_NAME: Final = "holidays.toml"


class CalendarFileRefused(Refusal):
    """A calendar file cannot be read as one; the message says which and where."""

    code = "CALENDAR_FILE_REFUSED"
    status = 422
    title = "The calendar file was refused"


@dataclass(frozen=True, eq=False)
class CalendarBook:
    """All calendars, ready to be asked as of any knowledge.

    Attributes:
        singles: every version of every calendar, a file each.
        lists: every version of every holiday list.
    """

    singles: tuple[CalendarFile, ...]
    lists: tuple[HolidayList, ...]
    _asked: dict[tuple[str, date | None], Calendar] = field(
        init=False, repr=False, default_factory=dict
    )
    _calendars: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Calendar] = field(
        init=False, repr=False, default_factory=dict
    )
    _holidays: dict[tuple[str, tuple[str, ...]], Holidays] = field(
        init=False, repr=False, default_factory=dict
    )

    @cached_property
    def _by_calendar(self) -> Mapping[str, list[CalendarFile]]:
        found: dict[str, list[CalendarFile]] = {}
        for each in self.singles:
            found.setdefault(each.calendar_id, []).append(each)
        return found

    @cached_property
    def files(self) -> Mapping[str, CalendarFile]:
        """Calendar id → the calendar with all its versions, whatever was known when."""
        return {name: joined(singles) for name, singles in self._by_calendar.items()}

    @cached_property
    def holidays(self) -> Mapping[str, Holidays]:
        """List id → the list with all its versions, whatever was known when."""
        return {each.list_id: self.holiday_list(each.list_id) for each in self.lists}

    def calendar(self, calendar_id: str, known_on: date | None = None) -> Calendar:
        """A calendar by name, with the versions known on a day; all of them without one.

        Raises:
            RateNotFound: there is no such calendar, or nobody knew its holidays.
        """
        found = self._asked.get((calendar_id, known_on))
        if found is None:
            found = self._asked[calendar_id, known_on] = self._known(calendar_id, known_on)
        return found

    def _known(self, calendar_id: str, known_on: date | None) -> Calendar:
        if calendar_id not in self._by_calendar:
            raise RateNotFound(f"there is no calendar {calendar_id}")
        known = self._file(calendar_id, known_on)
        file = known or self.files[calendar_id]
        versions = known.versions if known else ()
        days = self.holiday_list(file.holidays, known_on)
        names = [[one.version for one in each] for each in (versions, days.versions)]
        asked = (calendar_id, tuple(names[0]), tuple(names[1]))
        if asked not in self._calendars:
            self._calendars[asked] = Calendar(file, versions, days)
        return self._calendars[asked]

    def _file(self, calendar_id: str, known_on: date | None) -> CalendarFile | None:
        """A calendar with the versions known on a day; `None` while there was none."""
        known = [
            each
            for each in self._by_calendar[calendar_id]
            if known_on is None or each.versions[0].known_from <= known_on
        ]
        return joined(known) if known else None

    def holiday_list(self, list_id: str, known_on: date | None = None) -> Holidays:
        """A holiday list by name, with the versions known on a day; all of them without one.

        Raises:
            RateNotFound: there is no such list, or nobody knew it.
        """
        known = known_by((each for each in self.lists if each.list_id == list_id), known_on)
        if not known:
            raise RateNotFound(f"there is no holiday list {list_id}")
        asked = (list_id, tuple(each.version for each in known))
        if asked not in self._holidays:
            self._holidays[asked] = Holidays(list_id, known)
        return self._holidays[asked]

    def of_rate_codes(
        self, utility: str, rate_codes: Iterable[str], known_on: date | None = None
    ) -> Calendar:
        """The calendar of a utility's rate codes.

        Raises:
            RateNotFound: no calendar has them, or more than one has.
        """
        codes = set(rate_codes)
        known = [self._file(name, known_on) for name in self._by_calendar]
        found = [
            file.calendar_id
            for file in known
            if file and file.utility == utility and codes & set(file.rate_codes)
        ]
        if len(found) != 1:
            which = " and ".join(sorted(found)) or "no calendar"
            raise RateNotFound(f"{which} for the rate codes {', '.join(sorted(codes))}")
        return self.calendar(found[0], known_on)


@cache
def load_calendars(folder: Path = CALENDARS_FOLDER) -> CalendarBook:
    """Read every calendar of a folder; all of it or nothing. The answer is remembered.

    Raises:
        CalendarFileRefused: a file is neither TOML nor JSON or breaks a rule of its model, a
            calendar names a holiday list that is not there, or two files are one calendar.
    """
    lists = read_model(folder / HOLIDAYS_NAME, HolidayFile, CalendarFileRefused).lists
    singles = [
        single
        for path in sorted(folder.glob("*.toml"))
        if path.name != HOLIDAYS_NAME
        for single in read_model(path, CalendarFile, CalendarFileRefused).singles
    ]
    refuse_contradictions(singles, lists)
    return CalendarBook(tuple(singles), lists)


def holidays_in_force(
    active: CalendarBook | None, list_id: str, known_on: date | None = None
) -> Holidays:
    """A holiday list as known on a day: what is active of it; as long as nothing is, the program's.

    Raises:
        RateNotFound: there is no such list.
    """
    if active is not None:
        with suppress(RateNotFound):
            return active.holiday_list(list_id, known_on)
    return load_calendars().holiday_list(list_id, known_on)


def refuse_contradictions(singles: Sequence[CalendarFile], lists: Sequence[HolidayList]) -> None:
    """Refuse calendars that contradict each other, or name holidays that are not there.

    Raises:
        CalendarFileRefused: a holiday list is missing, a version comes twice, or a calendar changes
            its utility, zone or holiday list from one version to another.
    """
    known = {each.list_id for each in lists}
    places: dict[str, CalendarFile] = {}
    seen: set[tuple[str, str]] = set()
    for each in singles:
        version = (each.calendar_id, each.versions[0].version)
        if each.holidays not in known:
            raise CalendarFileRefused(
                f"{each.calendar_id}: there is no holiday list {each.holidays}"
            )
        if version in seen:
            raise CalendarFileRefused(f"{' '.join(version)} is there already")
        if places.setdefault(each.calendar_id, each).place != each.place:
            raise CalendarFileRefused(
                f"{each.calendar_id} keeps utility, zone and holiday list through its versions"
            )
        seen.add(version)
