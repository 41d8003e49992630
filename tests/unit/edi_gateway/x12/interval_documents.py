"""Interval 867 documents for tests, worded by hand in the three ways utilities time readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.edi_gateway.x12 import Anchor, IntervalLayout

PACIFIC = "America/Los_Angeles"
ACTUAL, ESTIMATED = 0, 1
SUMMER_DAY, SPRING_DAY, AUTUMN_DAY = (2026, 7, 1), (2026, 3, 8), (2026, 11, 1)

HEAD = """BPT*00*U1*20261101*C1
REF*12*1234567890
REF*Q5**9876543210
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
N1*8R*JANE DOE"""


def layout(anchor: Anchor, zone: str = PACIFIC) -> IntervalLayout:
    """Return a layout with an actual and two estimated codes."""
    return IntervalLayout(anchor, zone, (("32", ACTUAL), ("KA", ESTIMATED), ("A5", ESTIMATED)))


def midnight(day: tuple[int, int, int], zone: str = PACIFIC) -> datetime:
    """Return where a local day begins, in UTC."""
    return datetime(*day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def meter(
    anchor: Anchor, start: datetime, quantities: list[str], minutes: int = 15, zone: str = PACIFIC,
    code: str = "32", meter_type: str = "",
) -> list[str]:  # fmt: skip
    """Return the lines of one PTD loop."""
    at = [
        (start + timedelta(minutes=minutes * n)).astimezone(ZoneInfo(zone)).strftime("%Y%m%d%H%M")
        for n in range(len(quantities) + 1)
    ]
    lines = ["PTD*PM***OZ*EL"]
    if anchor is Anchor.FIRST_START:
        lines.append(f"DTM*150****DT*{at[0]}")
    if anchor is Anchor.FIRST_END:
        lines.append(f"DTM*151****DT*{at[1]}")
    lines += ["REF*MG*M400", f"REF*MT*{meter_type or f'KH{minutes:03d}'}"]
    for number, quantity in enumerate(quantities, start=1):
        lines.append(f"QTY*{code}*{quantity}*KH")
        if anchor is Anchor.EACH_END:
            lines.append(f"DTM*151****DT*{at[number]}")
    if anchor is Anchor.LAST_END:
        lines.append(f"DTM*151****DT*{at[-1]}")
    return lines


def document(*meters: list[str]) -> str:
    """Return the lines of an interval 867 between ST and SE."""
    return "\n".join([HEAD, *(line for lines in meters for line in lines)])
