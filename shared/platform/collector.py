"""Fits a process that has started for long work: what is alive is set aside, memory is kept.

The garbage collector visits everything that is alive whenever enough was made: hundreds of
thousands of modules, models and compiled statements, a tenth of a second in which nobody else gets
a turn. What is there when a service has started is set aside once; from then on it visits what came
since, and seldomer, because a batch makes thousands of objects that end with it by themselves.

The memory of such a batch is given back to the kernel when it ends and asked for again by the next
one, a page at a time; a twentieth of the time of charging went into that. A service keeps it.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Final

THRESHOLDS: Final = (200_000, 20, 50)
"""Objects alive beyond those at the last look before the next one at the young ones, such looks
before one at the older, and so on. Four messages of 500 accounts in work are some 140,000 objects,
which all end with them: a look at them takes up to 30 ms and finds nothing.
"""


_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT: Final = {_TRIM_THRESHOLD: 64 << 20, _MMAP_THRESHOLD: 32 << 20}
"""For glibc's `mallopt`: bytes kept at the end of the heap, and what is too large for the heap."""


def settle_in() -> None:
    """Set aside and keep memory: for a service; call once, before it works."""
    set_aside()
    keep_memory()


def keep_memory() -> bool:
    """Keep freed memory for the next batch; tells whether the C library knows how (glibc does)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(name, size) for name, size in _KEPT.items())


def set_aside() -> None:
    """Set everything alive aside; call once, when a process has started and before it works."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
