"""Large clean X12 files for measuring, made here: no utility's data, no file kept in the project.

Monthly 867, 814 and 820 are worded by the simulated utility; interval 867 and 810 are worded here.
The same size gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from simulator import documents
from simulator.batches import write_file
from simulator.payments import Outcome, PaymentLine, Remittance
from simulator.plan import Connection, DayPlan
from simulator.x12 import STYLES, write_interchange

SEED = 7
FIRST_DAY = date(2026, 7, 6)
ZONE = ZoneInfo("America/Los_Angeles")
INTERVAL_MINUTES = 15
INTERVAL_DAYS = 30
LINES_PER_PAYMENT = 500
LAYOUTS = ("each_end", "first_start", "first_end")

Segment = tuple[str, ...]


def monthly_867(accounts: int) -> bytes:
    """Word a monthly 867 of so many accounts."""
    return _simulated("867", accounts)


def enrollment_814(accounts: int) -> bytes:
    """Word an 814 that enrols so many accounts."""
    return _simulated("814", accounts)


def remittance_820(accounts: int, in_one: int = LINES_PER_PAYMENT) -> bytes:
    """Word an 820 that pays so many accounts, at most `in_one` of them in a transaction."""
    plan, chance = _plan(accounts), Random(SEED)
    lines = [
        PaymentLine(
            f"PGE{index:09d}", f"{4_000_000_000 + index}", f"U{index:012d}", cents, cents,
            Outcome.FULL,
        )
        for index, cents in enumerate(chance.randrange(500, 90_000) for _ in range(accounts))
    ]  # fmt: skip
    texts = (
        documents.payment(
            plan.identity,
            Remittance(
                cca=plan.identity.ccas[0],
                trace=f"T{first:09d}",
                posted=FIRST_DAY,
                settled=FIRST_DAY + timedelta(days=1),
                lines=tuple(lines[first : first + in_one]),
            ),
        )
        for first in range(0, accounts, in_one)
    )
    return _written(plan, "820", texts)


def charges_810(accounts: int) -> bytes:
    """Word an 810 of two charge lines and a tax for so many accounts."""
    return _written(_plan(accounts), "810", (_charge(index) for index in range(accounts)))


def interval_867(accounts: int, layout: str = "each_end", days: int = INTERVAL_DAYS) -> bytes:
    """Word an interval 867 of so many accounts, in one of the three layouts."""
    plan = _plan(accounts)
    texts = (_interval(index, layout, days) for index in range(accounts))
    return _written(plan, "867", texts)


def at_least(size: int, make: Callable[[int], bytes], sample: int = 8) -> bytes:
    """Make a file of at least `size` bytes with a maker of this module."""
    each = (len(make(2 * sample)) - len(make(sample))) / sample
    return make(int(size / each * 1.1) + 1)


def _plan(accounts: int) -> DayPlan:
    return DayPlan(
        utility="pge",
        connection=Connection("", 0, "pge", Path()),
        accounts=accounts,
        seed=SEED,
        day=FIRST_DAY,
        environment="test",
        delimiters="standard",
    )


def _simulated(set_id: str, accounts: int) -> bytes:
    stream = BytesIO()
    write_file(_plan(accounts), set_id, stream)
    return stream.getvalue()


def _written(plan: DayPlan, set_id: str, texts: Iterable[Sequence[Segment]]) -> bytes:
    stream = BytesIO()
    write_interchange(stream, plan.envelope(9), STYLES["standard"], set_id, texts)
    return stream.getvalue()


def _parties(index: int) -> tuple[Segment, ...]:
    return (
        ("N1", "8S", "PACIFIC GAS AND ELECTRIC", "1", "006912877", "", "41"),
        ("N1", "SJ", "MARIN CLEAN ENERGY", "1", "968500001", "", "40"),
        ("N1", "8R", f"CUSTOMER {index}"),
    )


def _charge(index: int) -> tuple[Segment, ...]:
    chance = Random(index)
    kwh, rate = chance.randrange(50_000, 900_000), chance.choice([12_345, 9_876, 15_001])
    cents = kwh * rate // 10**6
    tax = chance.randrange(10, 400)
    quantity, price = f"{kwh / 1000:.3f}", f"{rate / 100_000:.5f}"
    line = ("SAC", "C", "", "EU", "ENC001", str(cents), "", "", price, "KH", quantity, "", "")
    return (
        ("BIG", "20260707", f"PGE{index:09d}", "", "", f"U{index:012d}", "", "ME", "00"),
        ("REF", "12", f"{4_000_000_000 + index}"),
        ("REF", "BLT", "LDC"),
        ("REF", "PC", "DUAL"),
        ("REF", "Q5", "", f"{8_000_000_000 + index}"),
        *_parties(index),
        ("IT1", "1", "", "", "", "", "SV", "ELECTRIC", "C3", "ACCOUNT"),
        ("TXI", "UT", f"{tax / 100:.2f}", "", "", "", "", "A"),
        ("DTM", "150", "20260606"),
        ("DTM", "151", "20260706"),
        (*line, "1", "", "GENERATION ENERGY"),
        ("SAC", "C", "", "EU", "MSC001", "250", "", "", "", "", "", "", "", "2", "", "LOCAL FEE"),
        ("TDS", str(cents + 250 + tax)),
    )


def _interval(index: int, layout: str, days: int) -> tuple[Segment, ...]:
    chance = Random(index)
    first = datetime(2026, 6, 6, tzinfo=ZONE).astimezone(UTC)
    count = days * 24 * 60 // INTERVAL_MINUTES
    stamps = _stamps(first, count)
    head = (
        ("BPT", "00", f"I{index:012d}", "20260707", "C1"),
        ("REF", "12", f"{4_000_000_000 + index}"),
        ("REF", "Q5", "", f"{8_000_000_000 + index}"),
        ("REF", "BLT", "LDC"),
        ("REF", "PC", "DUAL"),
        *_parties(index),
        ("PTD", "PM", "", "", "OZ", "EL"),
        ("DTM", "150", "", "", "", "DT", stamps[0]) if layout != "first_end" else (),
        ("DTM", "151", "", "", "", "DT", stamps[1]) if layout == "first_end" else (),
        ("REF", "MG", f"M{index:09d}"),
        ("REF", "MT", f"KH{INTERVAL_MINUTES:03d}"),
    )
    readings: list[Segment] = []
    for number in range(count):
        watt_hours = chance.randrange(0, 2_400)
        readings.append(("QTY", "32", f"{watt_hours / 1000:.3f}", "KH"))
        if layout == "each_end":
            readings.append(("DTM", "151", "", "", "", "DT", stamps[number + 1]))
    return (*(segment for segment in head if segment), *readings)


_MEMORY: dict[tuple[datetime, int], list[str]] = {}


def _stamps(first: datetime, count: int) -> list[str]:
    known = _MEMORY.get((first, count))
    if known is None:
        step = timedelta(minutes=INTERVAL_MINUTES)
        ends = ((first + step * n).astimezone(ZONE) for n in range(count + 1))
        known = _MEMORY[first, count] = [f"{at:%Y%m%d%H%M}" for at in ends]
    return known
