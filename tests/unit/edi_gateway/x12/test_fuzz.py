"""Thousands of files damaged by chance; `python -m benchmarks.fuzz` reads a million."""

from __future__ import annotations

import os
import resource

import pytest

from tests.unit.edi_gateway.x12.fuzzing import hold, mutation

MUTATIONS = int(os.environ.get("CCAX_FUZZ_MUTATIONS", "20000"))
PARTS = 10
GROWTH_MAX_KB = 96 * 1024


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
