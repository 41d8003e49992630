"""Holds our verdicts to pyx12's over tens of thousands of documents, on every core: a nightly run.

    python -m benchmarks.differential [--documents 24000] [--first 0]

Documents are grown from the maps of every guide and spoiled in every way that a rule can be broken;
`tests/unit/edi_gateway/x12/comparing.py` says how. Each difference that is meant is counted; every
other one is printed with its document.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from typing import Annotated, Final, NamedTuple

import typer

from services.edi_gateway.x12 import DEFAULT_GUIDE, load_guide
from tests.unit.edi_gateway.x12.comparing import BATCH, Tally, compare
from tests.unit.edi_gateway.x12.intended import DIFFERENCES

GUIDES: Final = (DEFAULT_GUIDE, "pge", "sce", "sdge")


class Task(NamedTuple):
    """One batch to compare."""

    set_id: str
    seed: int
    guide: str


def tasks(documents: int, first: int) -> list[Task]:
    """Spread so many documents over guides and sets."""
    kinds = [(guide, one) for guide in GUIDES for one in sorted(load_guide(guide).sets)]
    rounds = -(-documents // (len(kinds) * BATCH))
    return [
        Task(set_id, seed, guide)
        for seed in range(first, first + rounds)
        for guide, set_id in kinds
    ]


def compared(task: Task) -> Tally:
    """Compare one batch."""
    return compare(*task)


def table(title: str, counted: Counter[str], names: list[str]) -> str:
    """Return counts as lines, rarest last."""
    lines = [f"  {counted[name]:>8,}  {name}" for name in sorted(names, key=lambda n: -counted[n])]
    return "\n".join([title, *lines])


def main(
    documents: Annotated[int, typer.Option(help="How many documents at least.")] = 24_000,
    first: Annotated[int, typer.Option(help="Number of the first batch, its seed.")] = 0,
) -> None:
    """Compare them all, and end with 1 when a difference is not one that is meant."""
    began, tally = time.perf_counter(), Tally()
    with multiprocessing.get_context("spawn").Pool() as pool:
        for one in pool.imap_unordered(compared, tasks(documents, first)):
            tally.add(one)
            for text in one.unexplained:
                print(text, "\n", flush=True)
    reasons = {one.name: f"{one.name}: {one.reason}" for one in DIFFERENCES}
    named = Counter({reasons[name]: many for name, many in tally.differences.items()})
    print(table("Ways of damage", tally.ways, list(tally.ways)))
    print(table("Codes in our 997s", tally.codes, list(tally.codes)))
    print(table("Differences that are meant", named, list(reasons.values())))
    print(
        f"{tally.documents:,} documents from seed {first} under {len(GUIDES)} guides, "
        f"{tally.accepted:,} accepted, {tally.whole:,} compared to their end, "
        f"{len(tally.unexplained)} differences not meant, {time.perf_counter() - began:,.0f} s"
    )
    raise SystemExit(1 if tally.unexplained else 0)


if __name__ == "__main__":
    typer.run(main)
