"""Plan files on their way in and out: the schema, exports, comparison, and the check."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from services.rating.calendars import load_calendars
from services.rating.calendars.calendar_file import CalendarFile, CalendarVersion
from services.rating.calendars.holiday_rules import HolidayList
from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.check import check
from services.rating.tariffs.compare import compare, compare_bills
from services.rating.tariffs.export import plan_csv, plan_json, plan_toml
from services.rating.tariffs.export_prices import ExportPrices
from services.rating.tariffs.files import (
    PLANS_FOLDER,
    TariffFileRefused,
    TariffFolder,
    read_folder,
    read_plan,
)
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.preview import TestUsage, preview
from services.rating.tariffs.schema import SCHEMA_FILES, schema_text
from shared.contracts.usage import Bucket

FOLDER = read_folder(PLANS_FOLDER)
CALENDARS = load_calendars()
NOON = datetime(2026, 11, 23, 20, tzinfo=UTC)
SHEET = next(p for p in FOLDER.plans if p.plan_id == "MCE-E-TOU-C")
PRINTED = next(p for p in FOLDER.plans if p.rin)


def sheet(base: PlanFile = SHEET, /, **changes: object) -> PlanFile:
    """A plan with other words in some places."""
    return PlanFile.model_validate(base.model_dump(mode="json") | changes)


class TestTheSchema:
    @pytest.mark.parametrize("path", SCHEMA_FILES, ids=lambda path: path.name)
    def test_is_that_of_the_model(self, path: Path) -> None:
        assert path.read_text(encoding="utf-8") == schema_text(SCHEMA_FILES[path])

    @pytest.mark.parametrize(
        "model", [PlanFile, CalendarFile, CalendarVersion, HolidayList, ExportPrices]
    )
    def test_tells_what_every_field_is_for(self, model: type[BaseModel]) -> None:
        properties = json.loads(schema_text(model))["properties"]
        plain = {"title", "cca", "utility", "rate_codes", "source", "source_url"}
        plain |= {"vintage", "years"}

        silent = {name for name, field in properties.items() if "description" not in field}

        assert silent <= plain


class TestAnExport:
    @pytest.mark.parametrize("plan", FOLDER.plans, ids=lambda p: f"{p.plan_id}-{p.version}")
    def test_reads_back_as_the_same_plan(self, plan: PlanFile) -> None:
        assert PlanFile.model_validate(tomllib.loads(plan_toml(plan))) == plan
        assert PlanFile.model_validate_json(plan_json(plan)) == plan

    def test_as_a_table_has_a_row_a_price_in_dollars(self) -> None:
        rows = list(csv.DictReader(io.StringIO(plan_csv(SHEET))))

        assert [(row["component"], row["season"], row["dollars"], row["per"]) for row in rows] == [
            ("generation", "summer", "0.20782", "kWh"),
            ("generation", "summer", "0.10482", "kWh"),
            ("generation", "winter", "0.13710", "kWh"),
            ("generation", "winter", "0.11042", "kWh"),
            ("deep_green", "", "0.01250", "kWh"),
            ("cost_relief", "", "-0.00620", "kWh"),
        ]

    @pytest.mark.parametrize("label", ["=SUM(A1)", "-1+SUM(A1)", "+1", "@SUM(A1)"])
    def test_begins_no_cell_like_a_formula(self, label: str) -> None:
        text = plan_csv(sheet(components=[_flat(label=label)]))

        assert f"'{label}" in text


class TestTwoVersions:
    def test_that_are_one_have_no_difference(self) -> None:
        assert compare(SHEET, SHEET) == []

    def test_differ_in_words(self) -> None:
        generation, green, relief = SHEET.model_dump(mode="json")["components"]
        generation["prices"]["summer"]["on_peak"] = 20_000
        other = sheet(version="v2", components=[generation, green | {"label": "GREENER"}])

        words = [difference.words for difference in compare(SHEET, other)]

        assert words == [
            "version: 2026-04-01 → v2",
            "generation.prices.summer.on_peak: $0.20782 → $0.20000 (-3.76 %)",
            "deep_green.label: DEEP GREEN → GREENER",
            *(f"cost_relief.{name}: gone, was {value}" for name, value in _said(relief)),
        ]

    def test_differ_in_money(self) -> None:
        generation, *others = SHEET.model_dump(mode="json")["components"]
        generation["prices"]["summer"]["on_peak"] = 20_000
        used = TestUsage(
            start=date(2026, 6, 1),
            end=date(2026, 7, 1),
            delivered_kwh={Bucket.ON_PEAK: Decimal(100), Bucket.OFF_PEAK: Decimal(0)},
        )
        other = sheet(components=[generation, *others])

        changes = compare_bills(preview(SHEET, used, None), preview(other, used, None))

        assert [str(one.change) for one in changes if one.change] == ["-0.78"]


def _said(component: dict[str, object]) -> list[tuple[str, object]]:
    """What a comparison tells of a component that is gone."""
    told = {k: v for k, v in component.items() if v is not None and k != "line_id"}
    told["only_for"] = ""
    told["price"] = "$-0.00620"
    return list(told.items())


def _flat(**fields: object) -> dict[str, object]:
    usual = {
        "kind": "time_of_use",
        "line_id": "flat",
        "code": "ENC001",
        "label": "FLAT",
        "prices": {"summer": {"total": 1}, "winter": {"total": 1}},
    }
    return usual | fields


class TestTheCheck:
    CCA = CcaFile(cca="mce", version="1", name="MCE", default_product="LIGHT_GREEN")
    KNOWN = {"mce": ("LIGHT_GREEN", "DEEP_GREEN")}  # noqa: RUF012  a constant of the tests

    def codes(self, *plans: PlanFile, cca: CcaFile | None = None) -> list[str]:
        folder = TariffFolder(plans, (cca or self.CCA,), None)
        return [finding.code for finding in check(folder, CALENDARS, self.KNOWN)]

    def test_has_nothing_to_say_of_a_sound_plan(self) -> None:
        assert self.codes(SHEET) == []

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"calendar": None}, "NO_CALENDAR"),
            ({"calendar": "NO-SUCH"}, "CALENDAR_UNKNOWN"),
            ({"calendar": "SCE-TOU-4-9PM"}, "CALENDAR_OF_ANOTHER"),
            ({"calendar": "PGE-EV2-A"}, "BUCKET_UNPRICED"),
            ({"rate_codes": ["E-OTHER"]}, "CODE_WITHOUT_HOURS"),
            ({"products": ["LIGHT_GREEN", "DEEP_GREEN", "NEW"]}, "PRODUCT_UNKNOWN"),
            ({"confidence": "fictional"}, "FICTIONAL"),
            ({"confidence": "low"}, "LOW_CONFIDENCE"),
            ({"cohort": "2030V"}, "COHORT_WITHOUT_CITY"),
            (
                {
                    "components": [
                        _flat(prices={"summer": {"total": 1}}),
                    ]
                },
                "SEASON_UNPRICED",
            ),
            (
                {
                    "components": [
                        _flat(
                            prices={
                                "summer": {"on_peak": 1, "off_peak": 1, "mid_peak": 1},
                                "winter": {"total": 1},
                            }
                        )
                    ]
                },
                "BUCKET_WITHOUT_HOURS",
            ),
            ({"components": [_flat(only_for=["DEEP_GREEN"])]}, "NO_PRICE"),
            ({"components": [_flat(), _flat(line_id="again")]}, "CODE_SHARED"),
        ],
    )
    def test_finds(self, changes: dict[str, object], code: str) -> None:
        assert code in self.codes(sheet(**changes))

    def test_finds_days_without_a_price(self) -> None:
        first = sheet(effective_through="2026-04-30")
        second = sheet(version="v2", effective_from="2026-06-01")

        assert self.codes(first, second) == ["GAP"]

    def test_finds_an_end_that_overlaps(self) -> None:
        first = sheet(effective_through="2026-06-30")
        second = sheet(version="v2", effective_from="2026-06-01")

        assert self.codes(first, second) == ["OVERLAP"]

    def test_finds_versions_with_the_same_dates(self) -> None:
        assert self.codes(SHEET, sheet(version="v2")) == ["SAME_DATES"]

    def test_finds_two_plans_for_one_customer(self) -> None:
        assert self.codes(SHEET, sheet(plan_id="MCE-OTHER")) == ["TWO_PLANS"]

    def test_lets_plans_follow_one_another(self) -> None:
        first = sheet(effective_through="2026-06-30")
        second = sheet(plan_id="MCE-OTHER", effective_from="2026-07-01")

        assert self.codes(first, second) == []

    def test_finds_a_cca_whose_products_or_cohorts_nobody_prices(self) -> None:
        cca = CcaFile(
            cca="mce",
            version="1",
            name="MCE",
            default_product="LOCAL",
            cohorts={"NOVATO": "2024V"},
        )

        assert self.codes(SHEET, cca=cca) == ["DEFAULT_UNPRICED", "COHORT_UNPRICED"]


class TestAPlanFile:
    def test_may_be_json(self, tmp_path: Path) -> None:
        (tmp_path / "plan.json").write_text(plan_json(SHEET))

        assert read_folder(tmp_path).plans == (SHEET,)

    @pytest.mark.parametrize("text", ["{", '{"plan_id": 1}', "\udc00"])
    def test_of_broken_json_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "plan.json").write_text(text, errors="surrogatepass")

        with pytest.raises(TariffFileRefused):
            read_folder(tmp_path)

    def test_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TariffFileRefused, match="there is no file"):
            read_plan(tmp_path / "nothing.toml")
