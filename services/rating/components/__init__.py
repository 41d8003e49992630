"""The kinds of price a plan is made of; a new kind is one file, its test, and a line here.

A plan's own components come first, in the order of its file. Then the credits that net metering
carries from bill to bill, then the taxes, and their order has a reason: the user tax is laid on
generation lines only, so it must not see the energy surcharge.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.rating.components.adder import Adder
from services.rating.components.demand import Demand
from services.rating.components.fixed import Fixed
from services.rating.components.minimum import Minimum
from services.rating.components.part import ComponentPart, Pricing
from services.rating.components.per_unit import PerUnit
from services.rating.components.tiered import Tiered
from services.rating.components.time_of_use import TimeOfUse

Component = Annotated[
    TimeOfUse | Tiered | PerUnit | Demand | Fixed | Minimum | Adder,
    Field(discriminator="kind"),
]
"""Whatever may stand under `[[components]]` of a plan file."""

__all__ = [
    "Adder",
    "Component",
    "ComponentPart",
    "Demand",
    "Fixed",
    "Minimum",
    "PerUnit",
    "Pricing",
    "Tiered",
    "TimeOfUse",
]
