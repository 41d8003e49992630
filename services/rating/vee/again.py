"""Looks at our own copy again once its gaps are filled: an estimate may itself be out of the way.

California's Attachment VEE asks for the checks again after estimating. What is found concerns our
copy alone; the usage that is billed does not rest on it, so nothing is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from services.rating.intervals.block import ACTUAL, ESTIMATED, MISSING, kwh_text
from services.rating.vee.estimate import LIKE_DAYS, LINEAR, OPEN, PROFILE, VALID, Channel, Estimate
from services.rating.vee.finding import MESSAGE_LENGTH_MAX, CheckFinding
from services.rating.vee.interval_checks import INTERVAL_CHECKS
from services.rating.vee.matrix import Matrix
from shared.contracts.usage import Direction

if TYPE_CHECKING:
    from services.rating.intervals.block import IntervalBlock
    from services.rating.vee.check import Subject
    from services.rating.vee.matrix import Mask
    from services.rating.vee.rules import Settings

COPY_CODE: Final = "VEE_COPY"
OURS: Final = (LINEAR, LIKE_DAYS, PROFILE)
"""Quality codes of what we estimated."""
_NOT_AGAIN: Final = frozenset({"VEE_ESTIMATED"})
"""Checks that ask how much is estimated, and not whether a value can be."""


def check_again(
    subject: Subject,
    block: IntervalBlock,
    channel: Channel,
    filled: Estimate,
    unit: int,
    settings: Settings,
) -> Iterator[CheckFinding]:
    """What the checks of readings say of a filled channel, where it is filled.

    Args:
        subject: the 867 with the gap.
        block: the channel as it came.
        channel: what was to be filled.
        filled: the same, filled.
        unit: what a unit of its values is, in 1e-6 kWh.
        settings: what each check does for a class.
    """
    if settings(COPY_CODE, subject.customer_class) is None:
        return
    matrix = _matrix(block, channel, filled, unit)
    ours: Mask = np.isin(filled.codes, OURS)[None, :]
    for code, (look, words) in INTERVAL_CHECKS.items():
        rule = settings(code, subject.customer_class)
        if rule is None or code in _NOT_AGAIN:
            continue
        marks = look(matrix, rule.limits, subject.customer_class) & ours
        places = np.flatnonzero(marks[0])
        if not len(places):
            continue
        values = matrix.micro[0][places]
        lowest, highest = kwh_text(int(values.min())), kwh_text(int(values.max()))
        message = f"our estimates, {words}: {len(places)} intervals, {lowest} to {highest} kWh"
        yield CheckFinding(
            transaction_id=subject.item.transaction_id,
            account_number=subject.item.account_number,
            meter_number=block.meter_number,
            code=COPY_CODE,
            mode="warn",
            first_day=matrix.day(int(places[0])),
            last_day=matrix.day(int(places[-1])),
            intervals=len(places),
            numbers={"check": code, "lowest_kwh": lowest, "highest_kwh": highest},
            message=message[:MESSAGE_LENGTH_MAX],
        )


def _matrix(block: IntervalBlock, channel: Channel, filled: Estimate, unit: int) -> Matrix:
    quality = np.full(filled.codes.shape, ESTIMATED, dtype=np.uint8)
    quality[filled.codes == VALID] = ACTUAL
    quality[filled.codes == OPEN] = MISSING
    return Matrix(
        minutes=channel.minutes,
        first_day=channel.days[0].day,
        lengths=tuple(len(day.values) for day in channel.days),
        micro=np.where(quality == MISSING, 0, filled.values * unit)[None, :],
        quality=quality[None, :],
        delivered=np.array([block.direction is Direction.DELIVERED]),
    )
