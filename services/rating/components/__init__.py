"""The kinds of price a plan is made of; a new kind is one file, its test, and a line here.

A plan's own components come first, in the order of its file. Then the taxes, and their order has a
reason: the user tax is laid on generation lines only, so it must not see the energy surcharge.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.rating.components.part import Pricing
from services.rating.components.per_unit import PerUnit
from services.rating.components.time_of_use import TimeOfUse

Component = Annotated[TimeOfUse | PerUnit, Field(discriminator="kind")]
"""Whatever may stand under `[[components]]` of a plan file."""

__all__ = ["Component", "PerUnit", "Pricing", "TimeOfUse"]
