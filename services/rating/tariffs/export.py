"""Writes a plan version for other people: as a plan file, as JSON, or as a table of prices."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from pydantic import BaseModel

from services.rating.calendars.calendar_file import HolidayFile
from services.rating.calendars.holiday_rules import HolidayList
from services.rating.components import Component
from services.rating.tariffs.compare import said
from services.rating.tariffs.export_prices import ExportPrices, prices_csv
from services.rating.tariffs.files import TariffFile
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.toml_text import toml_text
from shared.platform.web.csv_file import Value, cell

COLUMNS: Final = (
    *("cca", "plan_id", "version", "effective_from", "effective_through", "component", "kind"),
    *("code", "label", "products", "season", "bucket", "tier", "dollars", "per", "starts"),
    "through",
)
_UNITS: Final = {"time_of_use": "kWh", "tiered": "kWh", "per_unit": "kWh", "demand": "kW"}

Row = Mapping[str, Value]


def plan_toml(plan: PlanFile) -> str:
    """The plan as a plan file; what is left out has its default, and reads back the same."""
    return model_toml(plan)


def plan_json(plan: PlanFile) -> str:
    """The plan as JSON, every field told."""
    return model_json(plan)


def shared_toml(file: TariffFile) -> str:
    """A calendar, a holiday list or a table of export prices as the file it is read from."""
    if isinstance(file, HolidayList):
        return model_toml(HolidayFile(lists=(file,)))
    return model_toml(file)


def shared_csv(file: TariffFile) -> str:
    """What a file says as a table: export prices by the hour, windows, or holidays."""
    if isinstance(file, ExportPrices):
        return prices_csv(file)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("place", "value"))
    writer.writerows(map(cell, place) for place in said(file).items())
    return text.getvalue()


def model_toml(model: BaseModel) -> str:
    """A model as TOML, defaults left out."""
    return toml_text(model.model_dump(exclude_none=True, exclude_defaults=True))


def model_json(model: BaseModel) -> str:
    """A model as JSON, every field told."""
    return model.model_dump_json(indent=2, exclude_none=True) + "\n"


def plan_csv(plan: PlanFile) -> str:
    """Every price of the plan as a row of a table, in dollars."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for component in plan.components:
        rows = _rows(plan, component)
        writer.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _rows(plan: PlanFile, component: Component) -> Iterator[Row]:
    content = component.model_dump(mode="json")
    head: dict[str, Value] = {
        "cca": plan.cca,
        "plan_id": plan.plan_id,
        "version": plan.version,
        "effective_from": plan.effective_from,
        "effective_through": plan.effective_through,
        "component": component.line_id,
        "kind": component.kind,
        "code": component.code,
        "label": component.label,
        "products": " ".join(component.only_for or plan.products),
        "starts": component.starts,
        "through": component.through,
    }
    per = str(content.get("per") or _UNITS.get(component.kind, ""))
    prices = content.get("prices")
    if prices is None:
        by_rate = content.get("rate_micro")
        units, scale = (by_rate, 6) if by_rate is not None else (content["price"], plan.price_scale)
        yield head | {"dollars": _dollars(units, scale), "per": per}
        return
    for season, buckets in prices.items():
        for bucket, priced in buckets.items():
            place = head | {"season": season, "bucket": bucket, "per": per}
            if isinstance(priced, int):
                yield place | {"dollars": _dollars(priced, plan.price_scale)}
                continue
            for tier, units in enumerate(priced, start=1):
                yield place | {"tier": tier, "dollars": _dollars(units, plan.price_scale)}


def _dollars(units: int, scale: int) -> Decimal:
    return Decimal(units).scaleb(-scale)
