"""Reads one file of rates, hours or taxes: TOML, as people write it, or JSON, as programs do."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from shared.platform.refusals import Refusal, wrong_words

Model = TypeVar("Model", bound=BaseModel)

FILE_BYTES_MAX: Final = 1024 * 1024


def read_model(path: Path, kind: type[Model], refused: type[Refusal]) -> Model:
    """Read a file as a model.

    Args:
        path: the file; `.json` is JSON, anything else TOML.
        kind: the model.
        refused: what to raise; its message says which file and why.

    Raises:
        Refusal: the file is not there, too large, neither TOML nor JSON, or breaks the model's
            rules.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise refused(f"{path.name} is larger than {FILE_BYTES_MAX} bytes")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return kind.model_validate_json(text)
        return kind.model_validate(tomllib.loads(text))
    except FileNotFoundError as wrong:
        raise refused(f"there is no file {path.name}") from wrong
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise refused(f"{path.name} cannot be read: {wrong}") from wrong
    except ValidationError as wrong:
        raise refused(f"{path.name}: {wrong_words(wrong)}") from wrong
