"""Thousands of files damaged by chance; `python -m benchmarks.fuzz` reads a million."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Iterator

import pytest

from tests.unit.edi_gateway.x12.fuzzing import hold, mutation

MUTATIONS = int(os.environ.get("CCAX_FUZZ_MUTATIONS", "20000"))
PARTS = 10
GROWTH_MAX_KB = 96 * 1024


@pytest.fixture
def _no_garbage_of_others() -> Iterator[None]:
    """A file's time is the codec's own: what other tests have left is cleared away before."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_no_garbage_of_others")
@pytest.mark.parametrize("part", range(PARTS))
class TestDamagedByChance:
    def test_nothing_raises_hangs_or_is_lost(self, part: int) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(part, MUTATIONS, PARTS):
            try:
                hold(mutation(number))
            except Exception:
                print(f"mutation({number})")  # noqa: T201 - shown with the failure
                raise

        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_MAX_KB
