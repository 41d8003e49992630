"""JSON Schemas of every message, generated and committed: a change of contract shows in a diff.

`python -m shared.contracts.schema` writes them; a test compares them with the models.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, get_args

from shared.contracts.envelope import Body, Envelope
from shared.contracts.parts import Part

SCHEMA_DIR: Final = Path(__file__).parent / "schemas"


def message_models() -> dict[str, type[Part]]:
    """Return every message body by its type, and the envelope itself."""
    union = get_args(Body)[0]
    bodies: tuple[type[Part], ...] = get_args(union)
    models = {model.model_fields["type"].default: model for model in bodies}
    return {**models, "Envelope": Envelope}


def render() -> dict[str, str]:
    """Return file name → the schema's text, as it must stand in `SCHEMA_DIR`."""
    return {
        f"{name}.json": json.dumps(model.model_json_schema(mode="serialization"), indent=2) + "\n"
        for name, model in message_models().items()
    }


def write() -> None:
    """Write every schema and remove those whose message is gone."""
    texts = render()
    SCHEMA_DIR.mkdir(exist_ok=True)
    for stale in SCHEMA_DIR.glob("*.json"):
        if stale.name not in texts:
            stale.unlink()
    for name, text in texts.items():
        (SCHEMA_DIR / name).write_text(text)


if __name__ == "__main__":
    write()
