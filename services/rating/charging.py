"""The shapes that rating works with: a part of a service period, and the lines it is charged.

They are kept apart from the components that fill them, so that a new kind of price needs to know
nothing else. Integers throughout: 1e-6 kWh, 1e-6 dollars, cents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shared.contracts.charges import ChargeUnit, LineKind
from shared.contracts.usage import Bucket

LABEL_LENGTH_MAX = 80
"""SAC15 of an 810 holds this many characters."""


@dataclass(frozen=True, slots=True)
class PeriodPart:
    """Days `[start, end)` with one price list, and the energy used in them.

    `energy_micro` holds what the 867 says of each bucket (including `total`); `total_micro` is the
    part's whole energy. `prorated` says that the energy was divided by days, not metered so.
    """

    start: date
    end: date
    season: str
    energy_micro: Mapping[Bucket, int]
    total_micro: int
    prorated: bool = False
    dated: bool = False

    @property
    def suffix(self) -> str:
        """What a label says of this part beyond its component: its days, and how they came."""
        words = ""
        if self.dated:
            last = self.end - timedelta(days=1)
            words = f" {self.start:%m/%d}-{last:%m/%d}"
        return words + (" PRORATED" if self.prorated else "")


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line; `cents` is unsigned, its kind gives the sign."""

    line_id: str
    kind: LineKind
    code: str
    label: str
    quantity_micro: int | None
    unit: ChargeUnit | None
    price_micro: int | None
    cents: int

    @property
    def signed_cents(self) -> int:
        """The amount with the sign with which it enters the total."""
        return -self.cents if self.kind is LineKind.CREDIT else self.cents


def line_id(component: str, detail: str, part: PeriodPart) -> str:
    """The name of a line that stays the same from one rating to the next."""
    return f"{component}.{detail}.{part.start:%Y%m%d}"


def label_of(words: str, part: PeriodPart) -> str:
    """The text of a line as the utility prints it: upper case, and never too long for SAC15."""
    return (words.upper()[: LABEL_LENGTH_MAX - len(part.suffix)] + part.suffix).strip()


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
    return Line(
        line_id=name,
        kind=LineKind.CREDIT if cents < 0 or price < 0 else LineKind.CHARGE,
        code=code,
        label=label_of(text, part),
        quantity_micro=quantity,
        unit=ChargeUnit.KWH,
        price_micro=abs(price),
        cents=abs(cents),
    )
