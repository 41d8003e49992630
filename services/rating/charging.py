"""The shapes that rating works with: a part of a service period, and the lines it is charged.

They are kept apart from the components that fill them, so that a new kind of price needs to know
nothing else. Integers throughout: 1e-6 kWh, 1e-6 kW, 1e-6 dollars, cents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date, timedelta
from typing import Final

from shared.contracts.charges import ChargeUnit, LineKind
from shared.contracts.usage import Bucket
from shared.platform.values import value

LABEL_LENGTH_MAX: Final = 60
"""What utilities print of SAC15 (X12 holds 80): marks at its end must not be cut off."""

ESTIMATED_MARK: Final = " ESTIMATED"
"""What the text of a line ends in whose quantity is the utility's estimate."""

_BUCKETS_APART: Final = frozenset(bucket.value for bucket in Bucket if bucket is not Bucket.TOTAL)


@value(frozen=True, slots=True)
class PeriodPart:
    """Days `[start, end)` with one price list, and what was used in them.

    Attributes:
        start: the first day.
        end: the day after the last.
        season: the plan's season of these days.
        energy_micro: 1e-6 kWh to be priced, by bucket (including `total`): delivered, or for net
            metering delivered less received.
        total_micro: the part's whole energy to be priced.
        prorated: the energy was divided by days, not metered so.
        dated: the label names the days, because the bill has several parts.
        received_micro: 1e-6 kWh that came from the customer, by bucket; empty without generation.
        demand_micro: the highest demand of the *billing period* by bucket, in 1e-6 kW (a watt is
            1,000); empty when nobody measured it.
        period_start: first day of the whole billing period; the part's own when left out.
        period_end: its closing read date.
        earlier_cents: what the generation lines of earlier parts of the same bill come to.
        estimated: buckets of energy in which something is the utility's estimate.
        estimated_intervals: how many intervals those are; 0 for monthly usage, which does not say.
        demand_estimated: whether the demand is.
    """

    start: date
    end: date
    season: str
    energy_micro: Mapping[Bucket, int]
    total_micro: int
    prorated: bool = False
    dated: bool = False
    received_micro: Mapping[Bucket, int] = field(default_factory=dict)
    demand_micro: Mapping[Bucket, int] = field(default_factory=dict)
    period_start: date | None = None
    period_end: date | None = None
    earlier_cents: int = 0
    estimated: frozenset[Bucket] = frozenset()
    estimated_intervals: int = 0
    demand_estimated: bool = False

    @property
    def days(self) -> int:
        """The days of this part."""
        return (self.end - self.start).days

    @property
    def period_days(self) -> int:
        """The days of the whole billing period."""
        return ((self.period_end or self.end) - (self.period_start or self.start)).days

    @property
    def opens(self) -> bool:
        """Whether it is the first part of its bill."""
        return self.start == (self.period_start or self.start)

    @property
    def closes(self) -> bool:
        """Whether it is the last part of its bill."""
        return self.end == (self.period_end or self.end)

    @property
    def has_estimates(self) -> bool:
        """Whether any quantity of these days is the utility's estimate."""
        return bool(self.estimated) or self.demand_estimated

    @property
    def received_total_micro(self) -> int:
        """All energy that came from the customer."""
        return whole(self.received_micro)

    @property
    def delivered_total_micro(self) -> int:
        """All energy that went to the customer, before any netting."""
        return self.total_micro + self.received_total_micro

    @property
    def suffix(self) -> str:
        """What a label says of this part beyond its component: its days, and how they came."""
        words = ""
        if self.dated:
            last = self.end - timedelta(days=1)
            words = f" {self.start:%m/%d}-{last:%m/%d}"
        return words + (" PRORATED" if self.prorated else "")


def rests_on_estimate(line: Line, part: PeriodPart) -> bool:
    """Whether a line's own quantity is, in whole or in part, the utility's estimate.

    Where the utility marked buckets, only lines of those; where it marked a total alone, all.
    """
    if line.quantity_micro is None or line.unit not in {ChargeUnit.KWH, ChargeUnit.KW}:
        return False
    if line.unit is ChargeUnit.KW:
        return part.demand_estimated
    apart = part.estimated - {Bucket.TOTAL}
    detail = line.line_id.rsplit(".", 2)[-2]
    bucket = detail.rstrip("0123456789").rstrip("_")  # a tier is the bucket and its number
    if apart and bucket in _BUCKETS_APART:
        return bucket in apart
    return bool(part.estimated)


def marked(line: Line, part: PeriodPart) -> Line:
    """The line as it is printed: its text says so where its quantity is an estimate."""
    if not rests_on_estimate(line, part):
        return line
    text = line.label.removesuffix(part.suffix)
    tail = part.suffix + ESTIMATED_MARK
    return replace(line, label=text[: LABEL_LENGTH_MAX - len(tail)] + tail)


def whole(quantities: Mapping[Bucket, int]) -> int:
    """The sum of the buckets; without buckets, the total as stated."""
    buckets = [micro for bucket, micro in quantities.items() if bucket is not Bucket.TOTAL]
    return sum(buckets) if buckets else quantities.get(Bucket.TOTAL, 0)


@value(frozen=True, slots=True)
class Line:
    """One printed line; `cents` is unsigned, its kind gives the sign.

    `rule` says in words how the amount came about; two lines that print alike are equal whatever
    the words are.
    """

    line_id: str
    kind: LineKind
    code: str
    label: str
    quantity_micro: int | None
    unit: ChargeUnit | None
    price_micro: int | None
    cents: int
    rule: str = field(default="", compare=False)

    @property
    def signed_cents(self) -> int:
        """The amount with the sign with which it enters the total."""
        return -self.cents if self.kind is LineKind.CREDIT else self.cents


@value(frozen=True, slots=True)
class Amount:
    """A signed amount and what it was made from; `None` where a line has no such thing."""

    cents: int
    rule: str
    quantity_micro: int | None = None
    unit: ChargeUnit | None = None
    price_micro: int | None = None

    @property
    def kind(self) -> LineKind:
        """A negative amount is a credit; one of zero is what its price would have made it."""
        negative = self.cents < 0
        if not self.cents:
            signs = (self.quantity_micro or 0) < 0, (self.price_micro or 0) < 0
            negative = signs[0] != signs[1]
        return LineKind.CREDIT if negative else LineKind.CHARGE


def line_id(component: str, detail: str, part: PeriodPart) -> str:
    """The name of a line that stays the same from one rating to the next."""
    return f"{component}.{detail}.{part.start.isoformat().replace('-', '')}"


def label_of(words: str, part: PeriodPart) -> str:
    """The text of a line as the utility prints it: upper case, and never too long for SAC15."""
    return (words.upper()[: LABEL_LENGTH_MAX - len(part.suffix)] + part.suffix).strip()


def amount_line(name: str, words: tuple[str, str], part: PeriodPart, amount: Amount) -> Line:
    """One generation line; quantity and price are printed without sign.

    Args:
        name: the line's stable name.
        words: SAC04 code and printed text.
        part: the days it is for.
        amount: the signed amount with its quantity, price and rule.
    """
    code, text = words
    quantity, price = amount.quantity_micro, amount.price_micro
    return Line(
        line_id=name,
        kind=amount.kind,
        code=code,
        label=label_of(text, part),
        quantity_micro=None if quantity is None else abs(quantity),
        unit=amount.unit,
        price_micro=None if price is None else abs(price),
        cents=abs(amount.cents),
        rule=amount.rule,
    )


def energy_line(
    name: str, words: tuple[str, str], part: PeriodPart, micro: tuple[int, int], cents: int
) -> Line:
    """One line of energy times price; a negative amount becomes a credit.

    Args:
        name: the line's stable name.
        words: SAC04 code and printed text.
        part: the days it is for.
        micro: quantity in 1e-6 kWh and price in 1e-6 dollars.
        cents: the rounded amount, signed.
    """
    code, text = words
    quantity, price = micro
    negative = cents < 0 or (not cents and (quantity < 0) != (price < 0))
    return Line(
        line_id=name,
        kind=LineKind.CREDIT if negative else LineKind.CHARGE,
        code=code,
        label=label_of(text, part),
        quantity_micro=abs(quantity),
        unit=ChargeUnit.KWH,
        price_micro=abs(price),
        cents=abs(cents),
        rule="net energy times price" if part.received_micro else "energy times price",
    )
