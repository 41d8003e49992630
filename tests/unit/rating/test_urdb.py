from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.rating.calendars import load_calendars
from services.rating.engine.hours import calendar_of
from services.rating.tariffs.check import Severity
from services.rating.tariffs.preview import TestUsage, preview
from services.rating.tariffs.urdb import Chosen, RateRecordRefused, draft, read_records
from shared.contracts.usage import Bucket

CHOSEN = Chosen("mce", "pge", "LIGHT_GREEN", ("E-TOU-X",), date(2026, 11, 1))
SUMMER = [[1] * 16 + [0] * 5 + [1] * 3 for _ in range(4)]
WINTER = [[3] * 16 + [2] * 5 + [3] * 3 for _ in range(8)]
WEEKDAY = WINTER[:5] + SUMMER + WINTER[5:]
WEEKEND = [[3] * 24] * 5 + [[1] * 24] * 4 + [[3] * 24] * 3
RECORD: Mapping[str, Any] = {
    "label": "5f0d",
    "name": "Time of use X",
    "startdate": 1772323200,  # 2026-03-01
    "energyratestructure": [
        [{"rate": 0.20, "adj": 0.00782, "unit": "kWh"}],
        [{"rate": 0.10482, "unit": "kWh"}],
        [{"rate": 0.1371, "unit": "kWh"}],
        [{"rate": 0.11042, "unit": "kWh"}],
    ],
    "energyweekdayschedule": WEEKDAY,
    "energyweekendschedule": WEEKEND,
}


def record(**changes: object) -> Mapping[str, Any]:
    """A record as it comes out of a file: its fractions are decimals."""
    text = json.dumps({**RECORD, **changes})
    (found,) = read_records(text)
    return found


def errors(found: Mapping[str, Any]) -> list[str]:
    """What the draft charges otherwise than the record."""
    return [one.code for one in draft(found, CHOSEN)[1] if one.severity is Severity.ERROR]


def used(**kwh: str) -> TestUsage:
    return TestUsage(
        start=date(2026, 6, 1),
        end=date(2026, 7, 1),
        delivered_kwh={Bucket(name): Decimal(amount) for name, amount in kwh.items()},
        demand_kw={Bucket.TOTAL: Decimal(50), Bucket.ON_PEAK: Decimal(40)},
    )


class TestADraft:
    def test_has_the_seasons_and_buckets_of_the_schedule(self) -> None:
        plan, findings = draft(record(), CHOSEN)

        assert plan.seasons == {"winter": (1, 2, 3, 4, 5, 10, 11, 12), "summer": (6, 7, 8, 9)}
        assert plan.buckets("summer") == {Bucket.ON_PEAK, Bucket.OFF_PEAK}
        assert (plan.effective_from, plan.confidence) == (date(2026, 3, 1), "low")
        assert "BUCKETS_BY_PRICE" in [one.code for one in findings]

    def test_charges_rate_and_adjustment(self) -> None:
        # 100 x .20782 = 20.78; 200 x .10482 = 20.96
        plan, _ = draft(record(), CHOSEN)

        bill = preview(plan, used(on_peak="100", off_peak="200"), None)

        assert [str(line.amount) for line in bill.lines] == ["20.78", "20.96"]

    def test_knows_its_hours(self) -> None:
        plan, _ = draft(record(), CHOSEN)
        calendar = calendar_of(plan, load_calendars(), date(2026, 11, 23))

        # 2026-07-03 is the observed holiday of Saturday the fourth
        assert calendar.bucket_at(datetime.fromisoformat("2026-07-02T17:00")) is Bucket.ON_PEAK
        assert calendar.bucket_at(datetime.fromisoformat("2026-07-03T17:00")) is Bucket.OFF_PEAK
        assert calendar.season_of(date(2026, 7, 2)) == "summer"

    def test_has_tiers_demand_fixed_and_minimum_charges(self) -> None:
        tiers = [
            {"rate": 0.1, "max": 10, "unit": "kWh daily"},
            {"rate": 0.2, "unit": "kWh daily"},
        ]
        found = record(
            energyratestructure=[tiers],
            energyweekdayschedule=[[0] * 24] * 12,
            energyweekendschedule=[[0] * 24] * 12,
            flatdemandstructure=[[{"rate": 4.58}]],
            flatdemandmonths=[0] * 12,
            fixedchargefirstmeter=0.5,
            fixedchargeunits="$/day",
            mincharge=10,
            minchargeunits="$/month",
        )

        plan, findings = draft(found, CHOSEN)
        bill = preview(plan, used(total="400"), None)

        assert [one for one in findings if one.severity is Severity.ERROR] == []
        # 300 x .10; 100 x .20; 50 kW x 4.58; 30 days x .50
        assert [str(line.amount) for line in bill.lines] == ["30.00", "20.00", "229.00", "15.00"]
        assert [component.kind for component in plan.components][-1] == "minimum"

    def test_finds_timed_demand_in_the_hours_of_the_energy(self) -> None:
        found = record(
            demandratestructure=[[{"rate": 0}], [{"rate": 12.06}]],
            demandweekdayschedule=[[1 if period == 0 else 0 for period in row] for row in WEEKDAY],
            demandweekendschedule=[[0] * 24] * 12,
        )

        plan, findings = draft(found, CHOSEN)
        bill = preview(plan, used(on_peak="0", off_peak="0"), None)

        assert [one.code for one in findings if one.severity is Severity.ERROR] == []
        assert str(bill.lines[-1].amount) == "482.40"  # 40 kW x 12.06

    def test_of_version_three_has_its_monthly_charges(self) -> None:
        plan, _ = draft(record(fixedmonthlycharge=237.85, minmonthlycharge=5), CHOSEN)

        assert [component.kind for component in plan.components] == [
            "time_of_use",
            "fixed",
            "minimum",
        ]


class TestWhatAPlanCannotSay:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"coincidentratestructure": [[{"rate": 1}]]}, "NOT_PRICED"),
            ({"demandratchetpercentage": [0.8] * 12}, "NOT_PRICED"),
            ({"annualmincharge": 100}, "NOT_PRICED"),
            ({"fixedchargefirstmeter": 1, "fixedchargeunits": "$/week"}, "CHARGE_UNIT"),
            ({"startdate": None}, "NO_START"),
            (
                {
                    "energyratestructure": [
                        [{"rate": 0.1234567}],
                        *RECORD["energyratestructure"][1:],
                    ]
                },
                "PRICE_ROUNDED",
            ),
            (
                {
                    "energyratestructure": [
                        [{"rate": 0.3, "sell": 0.1}],
                        *RECORD["energyratestructure"][1:],
                    ]
                },
                "SELL_PRICE",
            ),
            (
                {
                    "flatdemandstructure": [[{"rate": 1}], [{"rate": 2}]],
                    "flatdemandmonths": [0, 1] * 6,
                },
                "DEMAND_MONTHS",
            ),
        ],
    )
    def test_is_found(self, changes: dict[str, object], code: str) -> None:
        assert errors(record(**changes)) == [code] * len(errors(record(**changes)))
        assert code in errors(record(**changes))

    @pytest.mark.parametrize(
        "text",
        ["{", '"words"', '[{"label": "x"}]', '{"energyratestructure": [[{"rate": 1}]]}'],
    )
    def test_at_all_is_refused(self, text: str) -> None:
        with pytest.raises(RateRecordRefused):
            draft(read_records(text)[0], CHOSEN)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"energyratestructure": [[]] * 4}, "energyratestructure.0"),
            ({"energyratestructure": [["a price"]] * 4}, "energyratestructure.0.0"),
            ({"energyratestructure": [[{"rate": "dear"}]] * 4}, "energyratestructure.0.0.rate"),
            ({"energyratestructure": [[{"rate": float("nan")}]] * 4}, "rate"),
            ({"energyratestructure": [[{"rate": 0.1, "max": -1}, {"rate": 1}]] * 4}, "max"),
            ({"flatdemandstructure": [[{"rate": 5}]], "flatdemandmonths": [0]}, "flatdemandmonths"),
            (
                {"flatdemandstructure": [[{"rate": 5}]], "flatdemandmonths": [1] * 12},
                "flatdemandmonths",
            ),
            ({"fixedchargefirstmeter": float("inf")}, "fixedchargefirstmeter"),
            ({"mincharge": {"amount": 5}}, "mincharge"),
            ({"startdate": 10**18}, "startdate"),
        ],
    )
    def test_since_a_part_is_spoilt_is_refused_by_its_name(
        self, changes: Mapping[str, object], field: str
    ) -> None:
        with pytest.raises(RateRecordRefused, match=field):
            draft(record(**changes), CHOSEN)

    def test_for_it_has_no_bottom_is_refused(self) -> None:
        with pytest.raises(RateRecordRefused, match="not JSON"):
            read_records('{"a":' * 100_000)
