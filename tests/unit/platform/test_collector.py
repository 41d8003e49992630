from __future__ import annotations

import platform
import subprocess
import sys

import pytest

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


CHURN = """
import resource
from shared.platform.collector import keep_memory
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        [b"x" * size for size in range(100_000, 100_300)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
given_back = faults()
assert keep_memory()
faults()
print(given_back, faults())
"""


class TestFreedMemory:
    @pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library's heap")
    def test_is_not_asked_of_the_kernel_again(self) -> None:
        run = subprocess.run([sys.executable, "-c", CHURN], check=True, capture_output=True)
        given_back, kept = map(int, run.stdout.split())
        assert kept < given_back / 10
