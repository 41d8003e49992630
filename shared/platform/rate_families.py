"""Tells households from businesses by the utility's rate code, since an 814 does not say.

The codes are the families in which the three utilities name their residential schedules; a code of
no such family is a business's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

RESIDENTIAL_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "pge": ("E-1", "E1", "E-TOU", "ETOU", "EV", "E-ELEC", "EELEC", "EM", "EL-"),
    "sce": ("D", "TOU-D", "DOMESTIC"),
    "sdge": ("DR", "TOU-DR", "TOUDR", "EV", "DM", "DS", "DT", "TOU-ELEC"),
}
"""Utility → how its residential rate codes begin."""


@lru_cache(maxsize=4_000)
def is_residential(utility: str, rate_code: str) -> bool:
    """Whether a rate code is a household's, e.g. PG&E's `E-TOU-C`."""
    return rate_code.upper().startswith(RESIDENTIAL_FAMILIES.get(utility, ()))
