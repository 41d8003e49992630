"""Tells households from businesses by the utility's rate code, since an 814 does not say.

The codes are the families in which the three utilities name their residential schedules; a code of
no such family is a business's, for which the limits are wider and the care is no less.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final


class CustomerClass(StrEnum):
    """For whom a setting is."""

    ALL = "all"
    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"


RESIDENTIAL_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "pge": ("E-1", "E1", "E-TOU", "ETOU", "EV", "E-ELEC", "EELEC", "EM", "EL-"),
    "sce": ("D", "TOU-D", "DOMESTIC"),
    "sdge": ("DR", "TOU-DR", "TOUDR", "EV", "DM", "DS", "DT", "TOU-ELEC"),
}
"""Utility → how its residential rate codes begin."""


@lru_cache(maxsize=4_000)
def class_of(utility: str, rate_code: str) -> CustomerClass:
    """The class of a customer on a rate code, e.g. `E-TOU-C` is residential."""
    households = rate_code.upper().startswith(RESIDENTIAL_FAMILIES.get(utility, ()))
    return CustomerClass.RESIDENTIAL if households else CustomerClass.COMMERCIAL
