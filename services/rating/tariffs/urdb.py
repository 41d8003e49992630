"""Turns a record of OpenEI's utility rate database (URDB, versions 3 to 8) into a draft of a plan.

URDB knows periods, tiers and 12 × 24 schedules. It knows no CCA, no product, no holiday and no
clock change, and its records are old and sometimes wrong. So a draft comes with findings: what the
record cannot say, and what it says that we cannot price. Nothing of a draft is billed unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from services.rating.tariffs.check import Severity, TariffFinding
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.urdb_record import MONTHS_IN_YEAR, Record, RecordShape
from services.rating.tariffs.urdb_schedule import Hours, read_hours
from shared.contracts.usage import Bucket
from shared.platform.refusals import Refusal, wrong_words

PRICE_SCALE: Final = 6
PER_DAY_UNIT: Final = "kWh daily"
PER_MONTH_UNITS: Final = frozenset({"kWh", None})

UNPRICED: Final = {
    "coincidentratestructure": "coincident demand",
    "coincidentrateunit": "coincident demand",
    "demandratchetpercentage": "a demand ratchet",
    "lookbackpercent": "a demand look-back",
    "lookbackrange": "a demand look-back",
    "demandreactivepowercharge": "reactive power",
    "annualmincharge": "a yearly minimum",
    "fueladjustmentsmonthly": "monthly fuel adjustments",
}
"""What a record may have and a plan of ours cannot price."""


class RateRecordRefused(Refusal):
    """The file is not a record of URDB, or none that a plan can be made of."""

    code = "RATE_RECORD_REFUSED"
    status = 422
    title = "The rate record was refused"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What URDB does not know and somebody has to say."""

    cca: str
    utility: str
    product: str
    rate_codes: tuple[str, ...]
    known_from: date


@dataclass(slots=True)
class _Draft:
    record: Record
    name: str
    findings: list[TariffFinding] = field(default_factory=list)

    def warn(self, code: str, message: str) -> None:
        self.findings.append(TariffFinding(Severity.WARNING, code, self.name, message))

    def wrong(self, code: str, message: str) -> None:
        self.findings.append(TariffFinding(Severity.ERROR, code, self.name, message))


def read_records(text: str) -> list[Record]:
    """The records of a file: one record, a list, or an answer of URDB with `items`.

    Raises:
        RateRecordRefused: it is none of these.
    """
    try:
        found = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as wrong:
        raise RateRecordRefused(f"not JSON: {wrong}") from wrong
    if isinstance(found, dict):
        found = found.get("items", [found])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise RateRecordRefused("not a record of URDB, nor a list of them")
    return found


def draft(record: Record, chosen: Chosen) -> tuple[PlanFile, tuple[TariffFinding, ...]]:
    """Make a draft of a plan from one record, with findings about what it lacks.

    A finding of severity `error` says that the draft charges something otherwise than the record.

    Raises:
        RateRecordRefused: a part is not what its name says, or the record has no energy prices, or
            none that fit a plan.
    """
    label = str(record.get("label") or record.get("name") or "urdb")
    try:
        RecordShape.model_validate(record)
    except ValidationError as wrong:
        raise RateRecordRefused(f"{label} cannot be read: {wrong_words(wrong)}") from wrong
    made = _Draft(record, label)
    hours = read_hours(record, "energy")
    if hours is None or not record.get("energyratestructure"):
        raise RateRecordRefused(f"{label} has no energy prices with a schedule")
    for strange in hours.findings:
        made.warn("BUCKETS_BY_PRICE", strange)
    components = [
        *_energy(made, hours),
        *_flat_demand(made, hours),
        *_timed_demand(made, hours),
        *_fixed(made),
        *_minimum(made),
    ]
    _say_what_is_missing(made)
    started, ended = _day(record.get("startdate")), _day(record.get("enddate"))
    if started is None:
        made.wrong("NO_START", "the record has no startdate: the draft begins when it is known")
    content = {
        "plan_id": _identifier(label),
        "version": str(started or chosen.known_from),
        "title": str(record.get("name") or label)[:120],
        "cca": chosen.cca,
        "utility": chosen.utility,
        "rate_codes": list(chosen.rate_codes),
        "products": [chosen.product],
        "effective_from": started or chosen.known_from,
        "effective_through": ended,
        "known_from": chosen.known_from,
        "source": f"OpenEI URDB record {label}: {record.get('source') or 'no source named'}"[:300],
        "source_url": _address(record),
        "confidence": "low",
        "note": "Made from a URDB record: see its findings, and confirm every price.",
        "price_scale": PRICE_SCALE,
        "schedule": hours.table,
        "seasons": hours.seasons,
        "components": components,
    }
    try:
        return PlanFile.model_validate(content), tuple(made.findings)
    except ValidationError as wrong:
        raise RateRecordRefused(f"{label} does not fit a plan: {wrong_words(wrong)}") from wrong


# --- energy ---------------------------------------------------------------------------------------


def _energy(made: _Draft, hours: Hours) -> Iterator[dict[str, object]]:
    structure: Sequence[Sequence[Record]] = made.record["energyratestructure"]
    head = {"line_id": "generation", "code": "ENC001", "label": "GENERATION"}
    tiers = max(len(structure[period]) for period in hours.periods_used)
    for period in hours.periods_used:
        for tier in structure[period]:
            if tier.get("sell"):
                made.wrong("SELL_PRICE", f"period {period} buys exports at {tier['sell']}")
    if tiers == 1:
        prices = {
            season: {bucket: _price(made, structure[period][0]) for bucket, period in by.items()}
            for season, by in hours.periods.items()
        }
        yield head | {"kind": "time_of_use", "prices": prices}
        return
    limits, tiered = {}, {}
    for season, by in hours.periods.items():
        limits[season] = _limits(made, season, [structure[period] for period in by.values()])
        tiered[season] = {
            bucket: [_price(made, tier) for tier in structure[period]]
            for bucket, period in by.items()
        }
    yield head | {"kind": "tiered", "limits": limits, "prices": tiered}


def _limits(made: _Draft, season: str, periods: Sequence[Sequence[Record]]) -> list[dict[str, int]]:
    """Where the tiers of a season end; all its periods must agree, since tiers are pooled."""
    ladders = [[(tier.get("max"), tier.get("unit")) for tier in tiers[:-1]] for tiers in periods]
    if any(ladder != ladders[0] for ladder in ladders):
        made.wrong("TIERS_DIFFER", f"periods of {season} have tiers of different size")
    limits = []
    for size, unit in ladders[0]:
        if unit not in {PER_DAY_UNIT, *PER_MONTH_UNITS}:
            made.wrong("TIER_UNIT", f"tiers of {season} are in {unit}, which no plan can say")
        watt_hours = int(_number(size) * 1000)
        limits.append({"daily_wh" if unit == PER_DAY_UNIT else "period_wh": watt_hours})
    return limits


def _price(made: _Draft, tier: Record) -> int:
    """The effective price of a tier, rate and adjustment, in units of the plan's scale."""
    price = (_number(tier.get("rate")) + _number(tier.get("adj"))).scaleb(PRICE_SCALE)
    rounded = int(price.to_integral_value())
    if rounded != price:
        made.wrong("PRICE_ROUNDED", f"{price.scaleb(-PRICE_SCALE)} has more than six decimals")
    return rounded


# --- demand, fixed, minimum -----------------------------------------------------------------------


def _flat_demand(made: _Draft, hours: Hours) -> Iterator[dict[str, object]]:
    structure = made.record.get("flatdemandstructure")
    months = made.record.get("flatdemandmonths")
    if not structure or not months:
        return
    prices: dict[str, dict[str, int]] = {}
    for season, numbers in hours.seasons.items():
        periods = {months[number - 1] for number in numbers}
        if len(periods) > 1:
            made.wrong("DEMAND_MONTHS", f"flat demand changes within {season}: the first is taken")
        tiers = structure[months[numbers[0] - 1]]
        prices[season] = {Bucket.TOTAL: _demand_price(made, tiers)}
    yield {
        "kind": "demand",
        "line_id": "demand",
        "code": "ENC010",
        "label": "DEMAND",
        "prices": prices,
    }


def _timed_demand(made: _Draft, hours: Hours) -> Iterator[dict[str, object]]:
    structure = made.record.get("demandratestructure")
    timed = read_hours(made.record, "demand")
    if not structure or timed is None:
        return
    prices: dict[str, dict[str, int]] = {season: {} for season in hours.seasons}
    for season, by in hours.periods.items():
        for bucket, period in by.items():
            found = hours.others_at(season, period, timed)
            if len(found) != 1:
                made.wrong(
                    "DEMAND_HOURS", f"{bucket} of {season} has hours of several demand periods"
                )
            price = _demand_price(made, structure[min(found)])
            if price:
                prices[season][bucket] = price
    if any(prices.values()):
        yield {
            "kind": "demand",
            "line_id": "timed_demand",
            "code": "ENC011",
            "label": "DEMAND",
            "prices": prices,
        }


def _demand_price(made: _Draft, tiers: Sequence[Record]) -> int:
    if len(tiers) > 1:
        made.wrong("DEMAND_TIERS", "demand in tiers: the first is taken")
    return _price(made, tiers[0])


def _fixed(made: _Draft) -> Iterator[dict[str, object]]:
    record = made.record
    amount = record.get("fixedchargefirstmeter")
    unit = record.get("fixedchargeunits", "$/month")
    if amount is None:
        amount, unit = record.get("fixedmonthlycharge"), "$/month"
    yield from _charge(made, "fixed", ("fixed", "ENC012", "FIXED CHARGE"), amount, str(unit))


def _minimum(made: _Draft) -> Iterator[dict[str, object]]:
    record = made.record
    amount = record.get("mincharge")
    unit = record.get("minchargeunits", "$/month")
    if amount is None:
        amount, unit = record.get("minmonthlycharge"), "$/month"
    yield from _charge(made, "minimum", ("minimum", "ENC013", "MINIMUM CHARGE"), amount, str(unit))


def _charge(
    made: _Draft, kind: str, words: tuple[str, str, str], amount: object, unit: str
) -> Iterator[dict[str, object]]:
    if not _number(amount):
        return
    per = {"$/month": "month", "$/day": "day", "$/year": "month"}.get(unit)
    price = _number(amount)
    if unit == "$/year":
        price = (price / MONTHS_IN_YEAR).quantize(Decimal(1).scaleb(-PRICE_SCALE))
        made.warn("YEARLY", f"{kind} of {amount} a year is spread over twelve bills")
    if per is None:
        made.wrong("CHARGE_UNIT", f"{kind} is in {unit}, which no plan can say")
        return
    line, code, label = words
    yield {
        "kind": kind,
        "line_id": line,
        "code": code,
        "label": label,
        "per": per,
        "price": int(price.scaleb(PRICE_SCALE).to_integral_value()),
    }


# --- what is missing ------------------------------------------------------------------------------


def _say_what_is_missing(made: _Draft) -> None:
    for name, words in UNPRICED.items():
        if made.record.get(name):
            made.wrong("NOT_PRICED", f"the record has {words} ({name}), the draft does not")
    if made.record.get("energycomments") or made.record.get("demandcomments"):
        made.warn("COMMENTS", "the record has comments: read them")
    made.warn("NO_HOLIDAYS", "URDB knows no holidays: those of the utility's calendar are used")
    made.warn("WHOLE_BILL", "the prices may hold delivery too: a CCA bills generation alone")
    if made.record.get("enddate"):
        made.warn("ENDED", f"the record ended on {_day(made.record['enddate'])}")


def _number(value: object) -> Decimal:
    """An amount of a record whose shape was looked at; 0 without one."""
    return Decimal(str(value if value is not None else 0))


def _day(epoch: object) -> date | None:
    """The day of URDB's seconds since 1970; they are midnight in UTC."""
    if not isinstance(epoch, int | Decimal):
        return None
    return datetime.fromtimestamp(int(epoch), UTC).date()


def _identifier(label: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in label).strip("-")
    return f"URDB-{kept or 'record'}"[:40]


def _address(record: Record) -> str | None:
    for name in ("uri", "source"):
        address = record.get(name)
        if isinstance(address, str) and address.startswith("http") and " " not in address:
            return address[:400]
    return None
