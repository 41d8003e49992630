"""Which CCAs and utilities a page can be asked about, for services that keep no partners.

A question about money or rating always names one CCA with one utility; a person who only has an
account number is spared the naming: the page asks for each that is open to them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from shared.platform.web.identity import NotAllowed, Principal

CCAS_FILE: Final = Path(__file__).parents[2] / "partners" / "ccas.toml"


@dataclass(frozen=True, slots=True)
class KnownCca:
    """A CCA we trade for, and the utility in whose area it is."""

    cca: str
    utility: str
    name: str
    products: tuple[str, ...] = ()


@cache
def known_ccas() -> tuple[KnownCca, ...]:
    """Return every CCA we trade for, in the order of the partners' list."""
    listed = tomllib.loads(CCAS_FILE.read_text(encoding="utf-8"))["cca"]
    return tuple(
        KnownCca(one["code"], one["utility"], one["name"], tuple(one["products"])) for one in listed
    )


def open_to(principal: Principal) -> tuple[KnownCca, ...]:
    """Return the CCAs that somebody may be shown."""
    return tuple(one for one in known_ccas() if principal.sees(one.cca))


def chosen(principal: Principal, cca: str | None) -> tuple[KnownCca, ...]:
    """Return the one CCA that was chosen, or all that are open when none was.

    Raises:
        NotAllowed: the chosen one is closed to them, or there is none of that name.
    """
    found = open_to(principal)
    if cca is None:
        return found
    found = tuple(one for one in found if one.cca == cca)
    if not found:
        raise NotAllowed(f"The token {principal.name} opens no CCA named {cca}.")
    return found
