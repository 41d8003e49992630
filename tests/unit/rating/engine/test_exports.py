from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from services.rating.calendars import Window, compile_window, load_calendars
from services.rating.cutting import PricedPart
from services.rating.engine import MeterRows, account_parts
from services.rating.engine.exports import (
    bank_credits,
    export_credits,
    export_lines,
    price_vector,
)
from services.rating.engine.rows import ReadingsMisfit
from services.rating.holds import RateNotFound
from services.rating.tariffs.book import Span
from services.rating.tariffs.export_prices import (
    ExportBook,
    ExportPrices,
    ExportPricesRefused,
    ExportTable,
    read_export_prices,
)
from services.rating.tariffs.taxes import TaxDecision
from shared.contracts.charges import LineKind
from tests.unit.rating.engine import plain
from tests.unit.rating.engine.test_parts import BOOK
from tests.unit.rating.words import TODAY

CALENDARS = load_calendars()
PGE = CALENDARS.holiday_list("pge")
PACIFIC = ZoneInfo("America/Los_Angeles")
DAYS = (date(2026, 10, 25), date(2026, 11, 24))


def prices(**others: object) -> ExportPrices:
    """Every hour of every month has a price of its own; weekends are a thousand units dearer."""
    weekday = [[month * 100 + hour for hour in range(24)] for month in range(1, 13)]
    weekend = [[1_000 + each for each in row] for row in weekday]
    table = {"year": 2026, "weekday": weekday, "weekend": weekend}
    return ExportPrices.model_validate(
        {
            "table_id": "T",
            "version": "1",
            "vintage": 2023,
            "utility": "pge",
            "holidays": "pge",
            "effective_from": "2023-01-01",
            "known_from": "2023-01-01",
            "source": "fictional",
            "confidence": "fictional",
            "years": [table],
            **others,
        }
    )


def table(*versions: ExportPrices) -> ExportTable:
    """A table of made-up prices."""
    return ExportTable("T", versions or (prices(),))


class TestPrices:
    def test_a_holiday_has_the_weekend_s_price(self) -> None:
        veterans = datetime(2026, 11, 11, 9, tzinfo=PACIFIC)
        tuesday = datetime(2026, 11, 10, 9, tzinfo=PACIFIC)

        assert prices().price_micro(veterans, PGE) == (1_000 + 1_109) * 10
        assert prices().price_micro(tuesday, PGE) == 1_109 * 10

    def test_the_hour_that_comes_twice_has_one_price_or_the_next_hour_s(self) -> None:
        second = datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=PACIFIC)

        assert prices().price_micro(second, PGE) == (1_000 + 1_101) * 10
        assert prices(repeated_hour="next").price_micro(second, PGE) == (1_000 + 1_102) * 10

    def test_a_year_that_is_not_in_the_table_is_held(self) -> None:
        with pytest.raises(RateNotFound, match="do not reach 2027"):
            prices().price_micro(datetime(2027, 1, 1, tzinfo=PACIFIC), PGE)

    def test_a_file_is_read_or_refused_with_its_reason(self, tmp_path: Path) -> None:
        grid = str([[0] * 24] * 12)
        good = tmp_path / "good.toml"
        good.write_text(
            'table_id = "T"\nversion = "1"\nvintage = 2023\nutility = "pge"\nholidays = "pge"\n'
            "effective_from = 2023-01-01\nknown_from = 2023-01-01\n"
            'source = "fictional"\nconfidence = "fictional"\n'
            f"[[years]]\nyear = 2026\nweekday = {grid}\nweekend = {grid}\n"
        )
        bad = tmp_path / "bad.toml"
        bad.write_text('table_id = "T"')

        assert read_export_prices(good).table_id == "T"
        with pytest.raises(ExportPricesRefused, match=r"bad\.toml"):
            read_export_prices(bad)

    def test_two_tables_for_one_year_are_refused(self) -> None:
        year = prices().years[0].model_dump()

        with pytest.raises(ValueError, match="one year"):
            prices(years=[year, year])


class TestCredits:
    def test_every_interval_has_the_price_of_its_hour_and_the_line_is_rounded_once(self) -> None:
        made = compile_window(CALENDARS.calendar("PGE-E-TOU-C"), *DAYS, cuts=[date(2026, 11, 10)])
        rng = np.random.default_rng(3)
        used = rng.integers(0, 500, (3, made.intervals), dtype=np.int32)
        back = rng.integers(0, 500, (3, made.intervals), dtype=np.int32)

        found = export_credits(
            MeterRows(used, back), made, price_vector(table(), made, CALENDARS), 100_000
        )

        for row in range(3):
            worth, energy = [Fraction(0), Fraction(0)], [0, 0]
            for at, one, other in zip(
                plain.moments(*DAYS, 900), used[row].tolist(), back[row].tolist(), strict=True
            ):
                part, export = int(at.date() >= date(2026, 11, 10)), max(other - one, 0)
                free = plain.free_day(at.date(), "pge")
                price = at.month * 100 + at.hour + (1_000 if free else 0)
                worth[part] += Fraction(export * price * 11, 1_000 * 100_000 * 10)
                energy[part] += export * 1_000
            assert found.exported_micro[:, row].tolist() == energy
            assert found.cents[:, row].tolist() == [
                int(each * 100 + Fraction(1, 2)) for each in worth
            ]

    def test_what_cannot_be_exact_is_refused(self) -> None:
        made = compile_window(CALENDARS.calendar("PGE-E-TOU-C"), *DAYS)
        rows = np.full((1, made.intervals), 2**31 - 1, dtype=np.int32)
        vector = np.full(made.intervals, 10**9, dtype=np.int64)

        with pytest.raises(ReadingsMisfit, match="priced exactly"):
            export_credits(MeterRows(np.zeros_like(rows), rows), made, vector)
        with pytest.raises(ReadingsMisfit, match="10 readings"):
            export_credits(MeterRows(rows[:, :10]), made, vector)


class TestLines:
    def test_the_credit_is_a_line_of_the_part(self) -> None:
        parts, made, usage = self.bill("T")

        (line,) = export_lines(usage, parts, made, ExportBook((prices(),)), CALENDARS, TODAY)

        assert line is not None
        assert line.kind is LineKind.CREDIT
        assert line.quantity_micro == 4_000_000
        assert line.cents == round(4 * 1_112 * 1.1 / 1_000)
        assert line.label == "EXPORT CREDIT"

    def test_a_table_that_is_not_there_is_held(self) -> None:
        parts, made, usage = self.bill("OTHER")

        with pytest.raises(RateNotFound, match="no export prices OTHER"):
            export_lines(usage, parts, made, ExportBook((prices(),)), CALENDARS, TODAY)

    def bill(self, table: str) -> tuple[list[PricedPart], Window, MeterRows]:
        days = (date(2026, 11, 9), date(2026, 11, 24))
        key = BOOK.key("mce", "pge", "E-TOU-C", "LIGHT_GREEN", "NOVATO", TODAY)
        (span,) = BOOK.spans(key, *days, TODAY)
        rules = {
            "model": "nbt",
            "export_prices": table,
            "bonus_micro": 100_000,
            "code": "NBT001",
            "source": "fictional",
        }
        plan = type(span.plan).model_validate(span.plan.model_dump() | {"nem": rules})
        span = Span(*days, plan, span.season)
        made = compile_window(CALENDARS.calendar("PGE-E-TOU-C"), *days)
        back = np.zeros((1, made.intervals), dtype=np.int32)
        back[0, 12 * 4 : 13 * 4] = 1_000
        usage = MeterRows(np.zeros_like(back), back)
        (found,) = account_parts(usage, [span], CALENDARS, TODAY, 900, pays_exports=True)
        tax = TaxDecision(city="NOVATO", rate_micro=0, because="test")
        return [PricedPart(found.part, span, "LIGHT_GREEN", tax)], made, usage


class TestBank:
    def test_credits_pay_generation_charges_and_the_rest_waits(self) -> None:
        charges = np.array([1_000, 300, 0, -50])
        earned = np.array([200, 500, 70, 10])
        bank = np.array([100, 0, 30, 0])

        applied, left = bank_credits(charges, earned, bank)

        assert applied.tolist() == [300, 300, 0, 0]
        assert left.tolist() == [0, 200, 100, 10]
