"""Where numbers come from: what every file of prices, hours and holidays says of its source."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

EffectiveDay = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]
"""A day on which something begins to count; one beyond these is a slip of the pen."""

SourceText = Annotated[str, StringConstraints(min_length=1, max_length=300)]
"""The sheet, schedule or order, in words; "fictional" when the numbers are made up."""
SourceUrl = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,400}$")]
"""Address of what was read."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Hash of what was read, so that a changed sheet is noticed."""
