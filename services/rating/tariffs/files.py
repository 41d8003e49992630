"""Reads tariff files from a folder: `taxes.toml`, and for each CCA `cca.toml` and its plans.

Plans may be TOML, as people write them, or JSON, as programs do.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxFile
from shared.platform.refusals import Refusal

File = TypeVar("File", PlanFile, CcaFile, TaxFile)

PLANS_FOLDER: Final = Path(__file__).parent.parent / "plans"
"""The tariffs that come with the program."""

FILE_BYTES_MAX: Final = 1024 * 1024
TAXES_NAME: Final = "taxes.toml"
CCA_NAME: Final = "cca.toml"


class TariffFileRefused(Refusal):
    """A tariff file cannot be read as one; the message says which and where."""

    code = "TARIFF_FILE_REFUSED"
    status = 422
    title = "The tariff file was refused"


@dataclass(frozen=True, slots=True)
class TariffFolder:
    """Everything a folder holds, checked but not yet imported."""

    plans: tuple[PlanFile, ...]
    ccas: tuple[CcaFile, ...]
    taxes: TaxFile | None


def read_folder(folder: Path) -> TariffFolder:
    """Read every tariff file below a folder; all of it or nothing.

    Raises:
        TariffFileRefused: a file is neither TOML nor JSON, too large, or breaks its model's rules.
    """
    plans: list[PlanFile] = []
    ccas: list[CcaFile] = []
    taxes: TaxFile | None = None
    for path in sorted((*folder.rglob("*.toml"), *folder.rglob("*.json"))):
        if path.name == TAXES_NAME:
            taxes = _read(path, TaxFile)
        elif path.name == CCA_NAME:
            ccas.append(_read(path, CcaFile))
        else:
            plans.append(_read(path, PlanFile))
    return TariffFolder(tuple(plans), tuple(ccas), taxes)


def content_hash(file: PlanFile | CcaFile | TaxFile) -> bytes:
    """SHA-256 of what a file says, whatever its layout and comments."""
    return hashlib.sha256(_canonical(file).encode()).digest()


def _canonical(file: PlanFile | CcaFile | TaxFile) -> str:
    return file.model_dump_json(exclude_none=True)


def _read(path: Path, kind: type[File]) -> File:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise TariffFileRefused(f"{path.name} is larger than {FILE_BYTES_MAX} bytes")
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return kind.model_validate_json(text)
        return kind.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise TariffFileRefused(f"{path.name} cannot be read: {wrong}") from wrong
    except ValidationError as wrong:
        raise TariffFileRefused(f"{path.name}: {wrong}") from wrong


def read_plan(path: Path) -> PlanFile:
    """Read one plan file.

    Raises:
        TariffFileRefused: it is not there, not TOML, too large, or breaks a rule of the model.
    """
    if not path.is_file():
        raise TariffFileRefused(f"there is no plan file {path.name}")
    return _read(path, PlanFile)
