"""Says how each of our accounts is called in a CCA's general ledger.

A file, TOML: our account × CCA × jurisdiction → their code. One person in accounting can read it,
and every export batch keeps the text it was made with.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.remittance.ledger.chart import LedgerAccount
from shared.contracts.parts import CcaCode
from shared.platform.refusals import Refusal

DEFAULT_FILE: Final = Path(__file__).parent / "general_ledger.toml"

Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]*$")]


class UnmappedAccounts(Refusal):
    """The mapping has no line for an account that has entries."""

    code: ClassVar[str] = "unmapped_accounts"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The general-ledger mapping lacks accounts"


class UnreadableMapping(Refusal):
    """The mapping file cannot be read as one."""

    code: ClassVar[str] = "unreadable_mapping"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The general-ledger mapping cannot be read"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TheirAccount(_Data):
    """One line: an account of ours, for whom, and what it is called there."""

    ours: LedgerAccount
    code: Code
    title: Annotated[str, Field(max_length=80)] = ""
    cca: CcaCode | None = None
    jurisdiction: Annotated[str, Field(min_length=1)] | None = None

    def covers(self, ours: str, cca: str, jurisdiction: str) -> bool:
        """Whether the line is for an account of a CCA."""
        return (
            self.ours == ours
            and self.cca in {None, cca}
            and self.jurisdiction in {None, jurisdiction}
        )


class Mapping(_Data):
    """All lines of a mapping file."""

    accounts: tuple[TheirAccount, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [(each.ours, each.cca, each.jurisdiction) for each in self.accounts]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            named = ", ".join(sorted(" ".join(filter(None, key)) for key in twice))
            raise ValueError(f"mapped more than once: {named}")
        return self

    def find(self, ours: str, cca: str, jurisdiction: str) -> TheirAccount | None:
        """Return the line for an account: the one that says most, a CCA's own first."""
        found = [each for each in self.accounts if each.covers(ours, cca, jurisdiction)]
        return max(
            found,
            key=lambda each: (each.cca is not None, each.jurisdiction is not None),
            default=None,
        )

    def cover(
        self, cca: str, used: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], TheirAccount]:
        """Return the line of every account in use, by account and jurisdiction.

        Raises:
            UnmappedAccounts: some have none; all of them are named.
        """
        found = {(ours, owed): self.find(ours, cca, owed) for ours, owed in used}
        missing = sorted(" ".join(key).strip() for key, line in found.items() if line is None)
        if missing:
            raise UnmappedAccounts(f"No account of {cca}'s ledger for: {', '.join(missing)}.")
        return {key: line for key, line in found.items() if line is not None}


def read_mapping(told: str) -> Mapping:
    """Read a mapping from the text of its file.

    Raises:
        UnreadableMapping: it is no TOML, or says something that cannot be meant.
    """
    try:
        return Mapping.model_validate(tomllib.loads(told))
    except (tomllib.TOMLDecodeError, ValidationError) as wrong:
        raise UnreadableMapping(str(wrong)) from wrong
