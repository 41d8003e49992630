"""Where a list goes on: a mark that stands in the address of the next page.

A mark names the last row that was shown, not a number of rows to skip: pages neither repeat nor
lose a row when new ones come, and the last page of ten million is as quick as the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import HTTPException
from pydantic import StringConstraints

from shared.contracts.parts import Environment

PAGE_ROWS: Final = 50
ROWS_MAX: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

MarkWord = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose rows somebody may see: some CCAs in one environment."""

    ccas: tuple[str, ...]
    environment: Environment


@dataclass(frozen=True, slots=True)
class Mark:
    """The last row of a page of a list by time."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.id.hex}"

    @classmethod
    def read(cls, word: str | None) -> Mark | None:
        """Read a mark of an address; nothing for nothing.

        Raises:
            HTTPException: 422, it is none of ours.
        """
        if not word:
            return None
        at, _, key = word.partition(".")
        try:
            return cls(_EPOCH + int(at) * _MICROSECOND, UUID(key))
        except (ValueError, OverflowError) as wrong:
            raise HTTPException(422, "This is not a place in the list; start at its top") from wrong
