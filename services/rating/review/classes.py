"""Classes of customers: for a business the limits are wider, and the care is no less."""

from __future__ import annotations

from shared.contracts.parts import Word
from shared.platform.rate_families import is_residential


class CustomerClass(Word):
    """For whom a setting is."""

    ALL = "all"
    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"


def class_of(utility: str, rate_code: str) -> CustomerClass:
    """The class of a customer on a rate code, e.g. `E-TOU-C` is residential."""
    households = is_residential(utility, rate_code)
    return CustomerClass.RESIDENTIAL if households else CustomerClass.COMMERCIAL
