"""Addresses of our own pages, as forms and links carry them: nobody is led anywhere else."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

ADDRESS_LENGTH_MAX: Final = 2000

Address = Annotated[str, StringConstraints(max_length=ADDRESS_LENGTH_MAX)]


def is_own_page(address: str) -> bool:
    """Whether an address is a path of this console and cannot be read as another site's."""
    starts_here = address.startswith("/") and not address.startswith("//")
    return starts_here and address.isprintable() and "\\" not in address


def own_page(address: str, otherwise: str) -> str:
    """Return the address if it is a page of ours, else another that is."""
    return address if is_own_page(address) else otherwise
