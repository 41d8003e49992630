"""Where numbers come from: what every file of prices, hours and holidays says of its source."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

SourceText = Annotated[str, StringConstraints(min_length=1, max_length=300)]
"""The sheet, schedule or order, in words; "fictional" when the numbers are made up."""
SourceUrl = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,400}$")]
"""Address of what was read."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Hash of what was read, so that a changed sheet is noticed."""
