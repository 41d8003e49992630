"""`make bench`: measure the whole loop on files made here, embedded and distributed.

    python -m benchmarks [--accounts 20000] [--how embedded --how distributed]

Figures go to the screen; `docs/performance.md` keeps those measured, with machine and date.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.loop import Figures, distributed, embedded


class How(StrEnum):
    """How the exchange runs while it is measured."""

    EMBEDDED = "embedded"
    DISTRIBUTED = "distributed"


def main(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of the monthly 867.")] = 20_000,
    how: Annotated[list[How] | None, typer.Option(help="One way only (repeat for more).")] = None,
) -> None:
    """Send one 814 and one monthly 867 through the whole loop and tell time and memory."""
    console = Console()
    ways = {How.EMBEDDED: embedded, How.DISTRIBUTED: distributed}
    for way in how or list(How):
        console.print(_table(way, ways[way](accounts)))


def _table(way: How, figures: Figures) -> Table:
    table = Table("what", "figure", title=f"{way}: {figures.accounts:,} accounts, monthly 867")
    table.add_row("814 in → every 814 response delivered", f"{figures.enrolling_s:.1f} s")
    table.add_row("867 in → 997 delivered", f"{figures.acknowledging_s:.1f} s")
    table.add_row("867 in → every 810 delivered", f"{figures.charging_s:.1f} s")
    table.add_row("accounts charged a second", f"{figures.accounts / figures.charging_s:,.0f}")
    table.add_row("size of the 867", f"{figures.usage_bytes / 1e6:.1f} MB")
    for name, peak_mb in figures.peak_mb.items():
        table.add_row(f"peak memory: {name}", f"{peak_mb:,.0f} MB")
    return table


if __name__ == "__main__":
    typer.run(main)
