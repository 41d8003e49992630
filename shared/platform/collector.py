"""Keeps Python from looking again and again through what lives as long as the process.

The garbage collector visits everything that is alive whenever enough was made: hundreds of
thousands of modules, models and compiled statements, a tenth of a second in which nobody else gets
a turn. What is there when a service has started is set aside once; from then on it visits what came
since, and seldomer, because a batch makes thousands of objects that end with it by themselves.
"""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 20, 50)
"""Objects made before a look at the young ones, such looks before one at the older, and so on."""


def set_aside() -> None:
    """Set everything alive aside; call once, when a process has started and before it works."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
