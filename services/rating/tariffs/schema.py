"""Writes the JSON Schemas of tariff files from their models.

    python -m services.rating.tariffs.schema

Editors check plans, calendars, holidays and export prices against them, and other programs read
them by them. A test holds the committed files to the models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from services.rating.calendars.calendar_file import CalendarFile, HolidayFile
from services.rating.tariffs.export_prices import ExportPrices
from services.rating.tariffs.plan import PlanFile

SCHEMA_FILES: Final[Mapping[Path, type[BaseModel]]] = {
    Path(__file__).with_name(f"{name}.schema.json"): model
    for name, model in (
        ("plan", PlanFile),
        ("calendar", CalendarFile),
        ("holidays", HolidayFile),
        ("export_prices", ExportPrices),
    )
}
"""Where the schema of each form of file is committed."""


def schema_text(model: type[BaseModel]) -> str:
    """A schema as it is committed."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= model.model_json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, written in SCHEMA_FILES.items():
        path.write_text(schema_text(written), encoding="utf-8")
