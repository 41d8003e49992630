"""Builds large documents without searching them for garbage again and again.

Python looks for garbage after every few hundred new objects. A document of thousands of segments
is nothing but new objects that all stay, so a third of its reading time would be that search.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def uncollected() -> Iterator[None]:
    """Put the search for garbage off to the end of the block; for milliseconds, not for longer."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
