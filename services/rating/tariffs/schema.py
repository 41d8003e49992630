"""Writes the JSON Schema of plan files from their model.

    python -m services.rating.tariffs.schema

Editors check plan files against it, and other programs read them by it. A test holds the committed
file to the model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from services.rating.tariffs.plan import PlanFile

SCHEMA_FILE: Final = Path(__file__).parent / "plan.schema.json"


def schema_text() -> str:
    """The schema as it is committed."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= PlanFile.model_json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
