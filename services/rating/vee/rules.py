"""Which checks there are, what each does by default, and where it comes from: `rules.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

RULES_FILE: Final = Path(__file__).with_name("rules.toml")


class Rule(BaseModel):
    """One check as the program has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(pattern=r"^VEE_[A-Z_]+$")]
    title: str
    mode: Literal["warn", "hold"]
    basis: str
    limits: dict[str, Annotated[int, Field(ge=0)]]


class RuleFile(BaseModel):
    """All checks, by version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """What a check does for one customer: its mode and numbers. `None` in its place is off."""

    mode: str
    limits: Mapping[str, int]


Settings = Callable[[str, str], InForce | None]
"""Tells what a check (by its code) does for a class of customers (`residential`, `commercial`)."""


def read_rules(path: Path = RULES_FILE) -> RuleFile:
    """Read the checks from a file."""
    return RuleFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


RULES: Final[Mapping[str, Rule]] = {rule.code: rule for rule in read_rules().rules}
"""Code → check."""


def by_default(code: str, customer_class: str) -> InForce | None:  # noqa: ARG001  limits name their class
    """What a check does where a CCA has no setting of its own."""
    rule = RULES[code]
    return InForce(rule.mode, rule.limits)
