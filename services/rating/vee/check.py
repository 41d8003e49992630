"""Runs all checks over the usage of a batch: readings as matrices, periods one by one.

Nothing is read or written here, so the same usage and history give the same findings on any day.
Usage that ends something (a cancel) repeats old numbers and is not checked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

from services.rating.intervals.block import MICRO_DECIMALS, IntervalBlock, day_lengths, kwh_text
from services.rating.vee.figures import Figures, figures_of
from services.rating.vee.finding import MESSAGE_LENGTH_MAX, CheckFinding
from services.rating.vee.interval_checks import (
    INTERVAL_CHECKS,
    MINUTES_IN_HOUR,
    gaps,
    shortfall,
)
from services.rating.vee.matrix import Matrix, stretches
from services.rating.vee.period_checks import (
    AGAINST_PAST,
    PERIOD_CHECKS,
    Period,
    PeriodCheck,
    Said,
)
from services.rating.vee.rules import InForce, Settings
from shared.contracts.parts import Purpose
from shared.contracts.usage import Bucket, MeterUsage, UsageItem
from shared.platform.values import value

if TYPE_CHECKING:
    from services.rating.vee.matrix import Mask

COMPLETENESS: Final = "VEE_COMPLETENESS"
_ONE_DAY: Final = timedelta(days=1)


@value(frozen=True, slots=True)
class Subject:
    """One 867 to be checked, with its readings and the class of its customer."""

    item: UsageItem
    customer_class: str
    blocks: tuple[IntervalBlock, ...] = ()

    @property
    def meter_numbers(self) -> frozenset[str]:
        """The meters it tells of."""
        return frozenset(meter.meter_number for meter in self.item.meters)


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a batch came to: figures to keep for later, and findings."""

    figures: tuple[Figures, ...] = ()
    findings: tuple[CheckFinding, ...] = ()
    subjects: tuple[Subject, ...] = ()
    """What was looked at: all but cancels."""

    def by_transaction(self) -> dict[UUID, tuple[CheckFinding, ...]]:
        """The findings of each 867."""
        found: dict[UUID, tuple[CheckFinding, ...]] = {}
        for one in self.findings:
            found[one.transaction_id] = (*found.get(one.transaction_id, ()), one)
        return found


@dataclass(frozen=True, slots=True)
class _Row:
    """One channel, and where it comes from."""

    subject: Subject
    block: IntervalBlock
    meter: MeterUsage | None


@dataclass(frozen=True, slots=True)
class _Ended:
    """Usage that corrections of the same batch end: by its name, or by its meter and days."""

    names: frozenset[str]
    periods: frozenset[tuple[str, str, date, date]]

    @classmethod
    def by(cls, subjects: Iterable[Subject]) -> _Ended:
        """What the corrections among some usage end."""
        items = [one.item for one in subjects if one.item.purpose is not Purpose.ORIGINAL]
        return cls(
            names=frozenset(item.original_usage_id for item in items if item.original_usage_id),
            periods=frozenset(
                (item.account_number, meter.meter_number, meter.period_start, meter.period_end)
                for item in items
                if not item.original_usage_id and item.purpose is Purpose.CANCEL
                for meter in item.meters
            ),
        )

    def covers(self, one: Figures) -> bool:
        """Whether these figures are of usage that is ended."""
        if one.usage_id in self.names:
            return True
        if not self.periods:
            return False
        period = (one.account_number, one.meter_number, one.period_start, one.period_end)
        return period in self.periods


@dataclass
class _History:
    """Periods of meters, which grows while a batch is worked through."""

    known: dict[tuple[str, str], list[Figures]] = field(default_factory=dict)
    together: dict[UUID, list[Figures]] = field(default_factory=dict)
    """The meters of one 867."""

    @classmethod
    def of(cls, past: Iterable[Figures]) -> _History:
        history = cls()
        for one in past:
            history.add(one)
        return history

    def add(self, one: Figures) -> None:
        self.known.setdefault((one.account_number, one.meter_number), []).append(one)
        self.together.setdefault(one.transaction_id, []).append(one)

    def before(self, now: Figures) -> list[Figures]:
        """Earlier periods of the meter, latest first."""
        known = self.known.get((now.account_number, now.meter_number))
        if not known:
            return []
        found = [
            one
            for one in known
            if one.period_end <= now.period_start and one.transaction_id != now.transaction_id
        ]
        return sorted(found, key=lambda one: one.period_end, reverse=True)

    def siblings(self, last: Figures, present: Collection[str]) -> tuple[str, ...]:
        """Meters that an 867 told of to its end, and that are not there now."""
        beside = {
            one.meter_number
            for one in self.together[last.transaction_id]
            if one.period_end == last.period_end
        }
        return tuple(sorted(beside - set(present)))

    def twin(self, now: Figures) -> Figures | None:
        """The same meter and period from another 867, by totals."""
        known = self.known.get((now.account_number, now.meter_number))
        if not known:
            return None
        days = (now.period_start, now.period_end)
        for one in known:
            same = (one.period_start, one.period_end) == days and not one.from_intervals
            if same and one.transaction_id != now.transaction_id:
                return one
        return None


def check(subjects: Sequence[Subject], past: Iterable[Figures], settings: Settings) -> Checked:
    """Check a batch of usage.

    Args:
        subjects: usage with its readings, in the order it came.
        past: figures of the accounts' other usage that is not cancelled.
        settings: what each check does for a class; `None` is off.
    """
    looked_at = [one for one in subjects if one.item.purpose is not Purpose.CANCEL]
    figures: list[Figures] = []
    findings = _of_readings(looked_at, settings)
    ended = _Ended.by(subjects)
    history = _History.of(one for one in past if not ended.covers(one))
    looks = _Looks(settings)
    for subject in looked_at:
        theirs: list[Figures] = []
        for meter in subject.item.meters:
            blocks = [b for b in subject.blocks if b.meter_number == meter.meter_number]
            now = figures_of(subject.item, meter, blocks)
            theirs.append(now)
            period = _period(subject, meter, now, blocks, history)
            for code, look, rule in looks.at(period):
                told = look(period, rule.limits)
                if told is not None:
                    findings.append(_of_period(now, code, rule, told))
        for now in theirs:
            if not ended.covers(now):
                history.add(now)
        figures += theirs
    return Checked(tuple(_once(figures)), tuple(findings), tuple(looked_at))


def _once(figures: Iterable[Figures]) -> Iterable[Figures]:
    """A meter reported twice for one period is one row; rating holds it, and says so."""
    found = {(one.transaction_id, one.meter_number, one.period_start): one for one in figures}
    return found.values()


@dataclass(slots=True)
class _Looks:
    """The checks of periods that are on, the same for everyone of a class in a batch."""

    settings: Settings
    _found: dict[tuple[str, bool], list[tuple[str, PeriodCheck, InForce]]] = field(
        default_factory=dict
    )

    def at(self, period: Period) -> Sequence[tuple[str, PeriodCheck, InForce]]:
        """Those that may find something in a period."""
        asked = (period.customer_class, bool(period.past))
        found = self._found.get(asked)
        if found is None:
            found = self._found[asked] = [
                (code, look, rule)
                for code, look in PERIOD_CHECKS.items()
                if (period.past or code not in AGAINST_PAST)
                and (rule := self.settings(code, period.customer_class))
            ]
        return found


def _period(
    subject: Subject,
    meter: MeterUsage,
    now: Figures,
    blocks: Sequence[IntervalBlock],
    history: _History,
) -> Period:
    said = meter.measured
    past = history.before(now)
    is_first = meter is subject.item.meters[0]
    digits = max([one.decimals for one in blocks]) if blocks else 0
    return Period(  # by place: names would take as long as all else here
        said,
        _has_both(meter),
        now,
        past,
        history.twin(now),
        now.from_intervals,
        10 ** (MICRO_DECIMALS - digits),
        subject.customer_class,
        history.siblings(past[0], subject.meter_numbers) if past and is_first else (),
    )


def _has_both(meter: MeterUsage) -> bool:
    """Whether there are totals and buckets."""
    said = meter.measured
    if said.plain:
        return Bucket.TOTAL in said.delivered and len(said.delivered) > 1
    return len({quantity.bucket is Bucket.TOTAL for quantity in meter.quantities}) > 1


def _of_period(now: Figures, code: str, rule: InForce, told: Said) -> CheckFinding:
    return CheckFinding(
        transaction_id=now.transaction_id,
        account_number=now.account_number,
        meter_number=now.meter_number,
        code=code,
        mode=rule.mode,
        first_day=now.period_start,
        last_day=now.period_end - _ONE_DAY,
        intervals=0,
        numbers=told.numbers,
        message=told.message[:MESSAGE_LENGTH_MAX],
    )


def _of_readings(subjects: Sequence[Subject], settings: Settings) -> list[CheckFinding]:
    groups: dict[tuple[object, ...], list[_Row]] = {}
    for subject in subjects:
        meters = {meter.meter_number: meter for meter in subject.item.meters}
        for block in subject.blocks:
            key = (block.minutes, block.first_day, block.last_day, subject.customer_class)
            row = _Row(subject, block, meters.get(block.meter_number))
            groups.setdefault(key, []).append(row)
    found: list[CheckFinding] = []
    for rows in groups.values():
        matrix = Matrix.of([row.block for row in rows])
        customer_class = rows[0].subject.customer_class
        rule = settings(COMPLETENESS, customer_class)
        if rule:
            found += _incomplete(rows, matrix, rule)
        for code, (look, words) in INTERVAL_CHECKS.items():
            rule = settings(code, customer_class)
            if rule:
                marks = look(matrix, rule.limits, customer_class)
                found += _marked(rows, matrix, marks, (code, words), rule)
    return found


def _marked(
    rows: Sequence[_Row], matrix: Matrix, marks: Mask, words: tuple[str, str], rule: InForce
) -> list[CheckFinding]:
    found = []
    for place in np.flatnonzero(marks.any(axis=1)).tolist():
        runs = stretches(marks[place])
        count = sum(size for _, size in runs)
        values = matrix.micro[place][marks[place]]
        numbers: dict[str, str | int] = {
            "stretches": len(runs),
            "longest": max(size for _, size in runs),
            "lowest_kwh": kwh_text(int(values.min())),
            "highest_kwh": kwh_text(int(values.max())),
            "first_at": f"{rows[place].block.starts[runs[0][0]]}Z",
        }
        message = (
            f"{words[1]}: {count} intervals in {len(runs)} stretches, "
            f"{numbers['lowest_kwh']} to {numbers['highest_kwh']} kWh"
        )
        days = (matrix.day(runs[0][0]), matrix.day(runs[-1][0] + runs[-1][1] - 1))
        found.append(_finding(rows[place], words[0], rule, days, count, numbers, message))
    return found


def _incomplete(rows: Sequence[_Row], matrix: Matrix, rule: InForce) -> list[CheckFinding]:
    """Rows with fewer readings than time had room for, or with more than an hour too many.

    A clock that does not change in spring and autumn gives an hour more or less; which clock the
    utility stamps with, the 867 has said (`intervals.missing` counts by it).
    """
    expected = np.array([_expected(row) for row in rows], dtype=np.int64)
    lacking = shortfall(matrix, expected)
    holes = gaps(matrix)
    an_hour = MINUTES_IN_HOUR // matrix.minutes
    found = []
    for place, row in enumerate(rows):
        lacks, inside = int(lacking[place]), int(holes[place].sum())
        note = row.subject.item.intervals
        short = note is not None and note.missing > 0 and max(lacks, inside) > 0
        if row.meter is None or not (short or lacks < -an_hour):
            continue
        words = f"{lacks} readings are missing" if short else f"{-lacks} readings too many"
        numbers: dict[str, str | int] = {
            "expected": int(expected[place]),
            "present": int(expected[place]) - lacks,
            "inside": inside,
        }
        message = f"{words}: {numbers['present']} came, time had room for {numbers['expected']}"
        days = (row.meter.period_start, row.meter.period_end - _ONE_DAY)
        found.append(_finding(row, COMPLETENESS, rule, days, abs(lacks), numbers, message))
    return found


def _expected(row: _Row) -> int:
    """Elapsed time over the step: 92, 96 or 100 quarter-hours a day."""
    if row.meter is None:
        return len(row.block.readings)
    last = row.meter.period_end - _ONE_DAY
    return sum(day_lengths(row.meter.period_start, last, row.block.minutes))


def _finding(
    row: _Row,
    code: str,
    rule: InForce,
    days: tuple[date, date],
    intervals: int,
    numbers: Mapping[str, str | int],
    message: str,
) -> CheckFinding:
    return CheckFinding(
        transaction_id=row.subject.item.transaction_id,
        account_number=row.subject.item.account_number,
        meter_number=row.block.meter_number,
        code=code,
        mode=rule.mode,
        first_day=days[0],
        last_day=days[1],
        intervals=intervals,
        numbers=numbers,
        message=message[:MESSAGE_LENGTH_MAX],
    )
