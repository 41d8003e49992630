"""Made-up plans of every kind of price, for tests that compare two ways of pricing."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from services.rating.calendars import load_calendars
from services.rating.tariffs.book import Span
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxDecision

BOOK = load_calendars()
KNOWN = date(2027, 12, 31)
CALM = TaxDecision(city="TOWN", rate_micro=0, because="test")


def price(chance: Random, low: int = 500, high: int = 60_000) -> int:
    return chance.randint(low, high)


def energy_component(chance: Random, seasons: dict[str, list[str]]) -> dict[str, Any]:
    kind = chance.choice(["time_of_use", "time_of_use", "flat", "tiered"])
    words = {"line_id": "generation", "code": "ENC001", "label": "GENERATION"}
    if kind == "flat":
        prices: Any = {season: {"total": price(chance)} for season in seasons}
        return words | {"kind": "time_of_use", "prices": prices}
    if kind == "time_of_use":
        prices = {s: {b: price(chance) for b in buckets} for s, buckets in seasons.items()}
        return words | {"kind": "time_of_use", "prices": prices}
    daily = chance.random() < 0.5
    low = chance.randint(3_000, 15_000) if daily else chance.randint(100_000, 400_000)
    key = "daily_wh" if daily else "period_wh"
    limits = {season: [{key: low}, {key: low * 2}] for season in seasons}
    prices = {s: {b: [price(chance) for _ in range(3)] for b in bs} for s, bs in seasons.items()}
    return words | {"kind": "tiered", "limits": limits, "prices": prices}


def other_components(
    chance: Random, seasons: dict[str, list[str]], *, demand: bool
) -> list[dict[str, Any]]:
    def words(name: str) -> dict[str, str]:
        return {"line_id": name, "code": "ENC002", "label": name.upper()}

    def some() -> str:
        return chance.choice(["days", "full"])

    every: list[dict[str, Any]] = [
        {"kind": "per_unit", "price": price(chance, -900, 1500)},
        {"kind": "per_unit", "price": price(chance, 1, 900), "basis": "delivered"},
        {"kind": "per_unit", "price": -price(chance, 1, 900), "basis": "received"},
        {"kind": "fixed", "price": price(chance, -(10**6), 3 * 10**6), "per": "month"},
        {"kind": "fixed", "price": price(chance), "per": "day", "proration": some()},
        {"kind": "adder", "per": "kwh", "price": -price(chance), "never_below_zero": True},
        {"kind": "adder", "per": "percent", "rate_micro": chance.randint(-90_000, 90_000)},
        {
            "kind": "adder",
            "per": "month",
            "price": -price(chance, 1, 10**7),
            "never_below_zero": True,
            "proration": some(),
        },
        {"kind": "minimum", "price": price(chance, 1, 5 * 10**6), "per": "month"},
        {"kind": "minimum", "price": price(chance, 1, 10**5), "per": "day"},
    ]
    if demand:
        tables = {s: {chance.choice(b): price(chance, 1, 3 * 10**6)} for s, b in seasons.items()}
        every.append({"kind": "demand", "prices": tables, "proration": some()})
        totals = {season: {"total": price(chance, 1, 3 * 10**6)} for season in seasons}
        every.append({"kind": "demand", "prices": totals, "proration": some()})
    picked = chance.sample(every, chance.randint(0, len(every)))
    return [words(f"c{number}") | each for number, each in enumerate(picked)]


def plan_of(chance: Random, version: str, *, nem: bool, demand: bool) -> PlanFile:
    """A plan over one of the calendars that come with the program."""
    calendar_id = chance.choice([each for each in sorted(BOOK.files) if each != "PGE-E-1"])
    file = BOOK.files[calendar_id]
    calendar = BOOK.calendar(calendar_id)
    months = {name: season.months for name, season in file.versions[-1].seasons.items()}
    seasons = {
        name: sorted(str(b) for b in calendar.buckets_of(date(2027, each[0], 1)))
        for name, each in months.items()
    }
    rules = None
    if nem:
        rules = {
            "model": "nem",
            "code": "NEM001",
            "source": "made up for a test",
            "carry_over": chance.choice(["dollars", "dollars", "none"]),
            "surcharge_base": chance.choice(["net", "delivered"]),
        }
    return PlanFile.model_validate(
        {
            "plan_id": "MADE-UP",
            "version": version,
            "title": "Made up for a test",
            "cca": "mce",
            "utility": file.utility,
            "rate_codes": ["T-1"],
            "products": ["P"],
            "effective_from": date(2020, 1, 1),
            "known_from": date(2020, 1, 1),
            "source": "made up for a test",
            "half_even": chance.random() < 0.3,
            "calendar": calendar_id,
            "seasons": months,
            "nem": rules,
            "components": [
                energy_component(chance, seasons),
                *other_components(chance, seasons, demand=demand),
            ],
        }
    )


def cuts_of(
    chance: Random, start: date, end: date, *, nem: bool = False, demand: bool
) -> list[tuple[Span, str, TaxDecision]]:
    """A period cut at its seasons, and perhaps where one plan follows another."""
    calm = TaxDecision(city="TOWN", rate_micro=chance.choice([0, 10_000, 85_000]), because="test")
    plan = plan_of(chance, "1", nem=nem, demand=demand)
    found: list[tuple[Span, str, TaxDecision]] = []
    change = date.fromordinal(chance.randint(start.toordinal(), end.toordinal() + 20))
    later = plan.model_copy(update={"version": "2"})
    for ordinal in range(start.toordinal(), end.toordinal()):
        day = date.fromordinal(ordinal)
        now = plan if day < change else later
        season = now.season_of(day)
        follows = date.fromordinal(ordinal + 1)
        last = found[-1][0] if found else None
        if last is not None and (last.plan.version, last.season) == (now.version, season):
            found[-1] = (Span(last.start, follows, now, season), "P", calm)
        else:
            found.append((Span(day, follows, now, season), "P", calm))
    return found
