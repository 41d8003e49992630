from __future__ import annotations

import subprocess
import sys

ASK = """
import gc
from shared.platform.collector import THRESHOLDS, set_aside
set_aside()
assert gc.get_freeze_count() > 1_000
assert gc.get_threshold() == THRESHOLDS
cycle = []
cycle.append(cycle)
del cycle
assert gc.collect() >= 1
"""


class TestWhatLivesAsLongAsTheProcess:
    def test_is_set_aside_and_later_rubbish_still_collected(self) -> None:
        subprocess.run([sys.executable, "-c", ASK], check=True)
