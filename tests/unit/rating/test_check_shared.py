"""What is wrong with hours, holidays and export prices is found before anybody activates them."""

from __future__ import annotations

from datetime import date

import pytest

from services.rating.calendars.calendar_file import CalendarFile
from services.rating.tariffs.check_shared import check_shared
from services.rating.tariffs.files import PLANS_FOLDER, TariffFolder, read_folder

PROGRAM = read_folder(PLANS_FOLDER)
NOTHING = TariffFolder((), (), None)
SDGE = next(one for one in PROGRAM.calendars if one.calendar_id == "SDGE-TOU")
(TABLE,) = PROGRAM.exports
(PGE,) = (one for one in PROGRAM.holidays if one.list_id == "pge")


def later(file: CalendarFile, **others: object) -> CalendarFile:
    """A version of a calendar for 2027."""
    (version,) = file.versions
    new = {"version": "2027", "effective_from": date(2027, 1, 1), **others}
    return file.model_copy(update={"versions": (version.model_copy(update=new),)})


def codes(folder: TariffFolder) -> set[str]:
    return {finding.code for finding in check_shared(folder, PROGRAM)}


class TestTheFilesOfTheProgram:
    def test_say_only_that_the_made_up_table_is_made_up(self) -> None:
        assert codes(TariffFolder.of(PROGRAM.files)) == {
            "FICTIONAL",
            "SOURCE_MISSING",
            "YEAR_MISSING",
        }


class TestTheCheck:
    def test_has_nothing_to_say_of_hours_that_begin_later(self) -> None:
        assert codes(TariffFolder.of([later(SDGE)])) == set()

    @pytest.mark.parametrize(
        ("files", "code"),
        [
            ([later(SDGE, effective_from=SDGE.versions[0].effective_from)], "SAME_DATES"),
            ([PGE.model_copy(update={"version": "again"})], "SAME_DATES"),
            ([SDGE.model_copy(update={"calendar_id": "OTHER"})], "CODE_OF_TWO"),
            ([TABLE.model_copy(update={"holidays": "none"})], "HOLIDAYS_UNKNOWN"),
            ([SDGE.model_copy(update={"holidays": "none"})], "HOLIDAYS_UNKNOWN"),
            ([TABLE.model_copy(update={"confidence": "low"})], "LOW_CONFIDENCE"),
        ],
    )
    def test_finds(self, files: list[CalendarFile], code: str) -> None:
        assert code in codes(TariffFolder.of(files))

    def test_finds_new_hours_that_a_plan_has_no_price_for(self) -> None:
        sce = next(one for one in PROGRAM.calendars if one.calendar_id == "PGE-E-TOU-C")
        text = sce.model_dump_json().replace('"off_peak"', '"mid_peak"')
        changed = later(CalendarFile.model_validate_json(text))

        found = [
            f
            for f in check_shared(TariffFolder.of([changed]), PROGRAM)
            if f.code == "BUCKET_UNPRICED"
        ]

        assert {f.subject.split()[1] for f in found} >= {
            "MCE-E-TOU-C",
            "3CE-E-TOU-C",
            "PCE-E-TOU-C",
        }
        # A sheet that another has replaced by then is not asked.
        assert not any(f.subject == "3ce 3CE-E-TOU-C 2022-03-01" for f in found)

    def test_finds_a_plan_whose_export_prices_nobody_has(self) -> None:
        nem = {"model": "nbt", "export_prices": "NONE", "code": "ENC020", "source": "test"}
        plan = PROGRAM.plans[0]
        paying = type(plan).model_validate(plan.model_dump() | {"nem": nem})

        assert codes(TariffFolder.of([paying])) == {"EXPORT_PRICES_UNKNOWN"}
