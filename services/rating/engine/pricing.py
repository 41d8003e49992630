"""Prices a group of accounts at once: quantities in, cents of every printed line out.

First all lines of quantity times price in one go, then the few that look at lines before them, in
print order. A total is the sum of rounded lines, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import reduce
from typing import Final, overload

import numpy as np

from services.rating.components import Adder, Minimum, Tiered
from services.rating.components.tiered import spread
from services.rating.engine.cents import (
    LARGEST,
    PICO_PER_CENT,
    Factors,
    reduced,
    rounded_products,
    shares,
)
from services.rating.engine.rows import Amounts, Marks
from services.rating.engine.sheet import DEMAND_BUCKETS, PriceSheet, Source, Step, energy_source
from services.rating.holds import DeterminantMissing
from services.rating.rounding import MICRO, shared_cents
from shared.contracts.usage import Bucket
from shared.platform.values import value

ACCOUNTS_AT_ONCE: Final = 8_192
"""Accounts whose lines stay in the processor's cache while they are priced."""


@value(frozen=True, slots=True, eq=False)
class GroupQuantities:
    """What a group of accounts used: a column for each account.

    Attributes:
        energy_micro: a row for each column of the sheet, 1e-6 kWh to be priced (net, for net
            metering).
        received_micro: the same for energy from the customer; `None` without generation.
        demand_micro: by bucket the highest demand of the billing period, 1e-6 kW; a bucket that
            was not measured is not in it.
    """

    energy_micro: Amounts
    received_micro: Amounts | None = None
    demand_micro: Mapping[Bucket, Amounts] = field(default_factory=dict)

    @property
    def accounts(self) -> int:
        """How many accounts."""
        return int(self.energy_micro.shape[1])

    def slices(self, size: int) -> Iterator[tuple[slice, GroupQuantities]]:
        """Give pieces of so many accounts."""
        for first in range(0, self.accounts, size):
            piece = slice(first, first + size)
            received = self.received_micro
            yield (
                piece,
                GroupQuantities(
                    self.energy_micro[:, piece],
                    None if received is None else received[:, piece],
                    {bucket: row[piece] for bucket, row in self.demand_micro.items()},
                ),
            )


@value(frozen=True, slots=True, eq=False)
class PricedGroup:
    """The lines of a group of accounts.

    Attributes:
        sheet: what the lines are.
        cents: a row for each line of the sheet, a column for each account; signed.
        reached: of lines of higher tiers, which accounts reached them.
    """

    sheet: PriceSheet
    cents: Amounts
    reached: Mapping[int, Marks]

    @property
    def totals(self) -> Amounts:
        """Each account's total: the sum of its rounded lines."""
        total: Amounts = self.cents.sum(axis=0)
        return total

    @property
    def printed(self) -> Marks:
        """Which lines each account's bill has: quiet ones only when they come to something."""
        printed = np.ones(self.cents.shape, dtype=np.bool_)
        for number, line in enumerate(self.sheet.lines):
            if line.quiet:
                printed[number] = self.reached.get(number, self.cents[number] != 0)
        return printed

    def lines_of(self, account: int) -> dict[str, int]:
        """The printed lines of one account: name and signed cents."""
        one = slice(account, account + 1)
        reached = {number: marks[one] for number, marks in self.reached.items()}
        bill = PricedGroup(self.sheet, self.cents[:, one], reached)
        return {
            line.line_id: cents
            for line, cents, printed in zip(
                self.sheet.lines, bill.cents[:, 0].tolist(), bill.printed[:, 0], strict=True
            )
            if printed
        }


def price_group(
    sheet: PriceSheet,
    quantities: GroupQuantities,
    user_tax_micro: Amounts | int | None = None,
    bank_cents: Amounts | int = 0,
) -> PricedGroup:
    """Price every account of a group.

    Args:
        sheet: the compiled plan.
        quantities: what they used.
        user_tax_micro: the city's rate in millionths: one for all, or one for each account; that
            of the sheet's parts when `None`.
        bank_cents: credits that net metering has carried to this bill, likewise.

    Raises:
        DeterminantMissing: the plan prices a demand that was not measured.
    """
    accounts = quantities.accounts
    cents = np.zeros((len(sheet.lines), accounts), dtype=np.int64)
    reached: dict[int, Marks] = {n: np.zeros(accounts, dtype=np.bool_) for n in sheet.higher_tiers}
    if accounts <= ACCOUNTS_AT_ONCE:
        _Pricing(sheet, quantities, cents, reached).run(user_tax_micro, bank_cents)
        return PricedGroup(sheet, cents, reached)
    for piece, some in quantities.slices(ACCOUNTS_AT_ONCE):
        marks = {number: each[piece] for number, each in reached.items()}
        work = _Pricing(sheet, some, cents[:, piece], marks)
        work.run(_of(user_tax_micro, piece), _of(bank_cents, piece))
    return PricedGroup(sheet, cents, reached)


@overload
def _of(amounts: Amounts | int, piece: slice) -> Amounts | int: ...
@overload
def _of(amounts: None, piece: slice) -> None: ...
def _of(amounts: Amounts | int | None, piece: slice) -> Amounts | int | None:
    """Some accounts' amounts; one for all stays as it is."""
    return amounts[piece] if isinstance(amounts, np.ndarray) else amounts


class _Pricing:
    """One pass over a piece of a group; fills `cents` and `reached` in place."""

    def __init__(
        self,
        sheet: PriceSheet,
        quantities: GroupQuantities,
        cents: Amounts,
        reached: Mapping[int, Marks],
    ) -> None:
        self.sheet = sheet
        self.cents = cents
        self.reached = reached
        self.given = _given(sheet, quantities)
        self.left: Amounts | None = None

    def run(self, user_tax_micro: Amounts | int | None, bank_cents: Amounts | int) -> None:
        sheet, products = self.sheet, self.sheet.products
        self.cents[products.line_rows] = rounded_products(
            self.given[products.source_rows], products.factors, half_even=sheet.half_even
        )
        for line, cents in sheet.constants:
            self.cents[line] = cents
        for step in sheet.steps:
            self._work_out(step, user_tax_micro, bank_cents)

    def _work_out(
        self, step: Step, user_tax_micro: Amounts | int | None, bank_cents: Amounts | int
    ) -> None:
        match step.kind:
            case "user_tax":
                self._user_tax(step, user_tax_micro)
            case "percent":
                self._percent(step)
            case "cap":
                self._cap(step)
            case "minimum":
                self._minimum(step)
            case "tiers":
                self._tiers(step)
            case "bank":
                self._bank(step, bank_cents)

    def _sum(self, lines: list[int] | slice) -> Amounts:
        added: Amounts = np.add.reduce(self.cents[lines], axis=0)
        return added

    def _percent(self, step: Step) -> None:
        component = step.component
        if isinstance(component, Adder):
            base = self._sum(self.sheet.before(step.line))
            rate = component.rate_micro or 0
            self.cents[step.line] = shares(base, rate, half_even=self.sheet.half_even)

    def _cap(self, step: Step) -> None:
        base, amount = self._sum(self.sheet.before(step.line)), self.cents[step.line]
        self.cents[step.line] = np.where(base + amount < 0, -np.maximum(base, 0), amount)

    def _minimum(self, step: Step) -> None:
        sheet, component = self.sheet, step.component
        if not isinstance(component, Minimum):  # pragma: no cover  a sheet holds them together
            return
        priced = sheet.parts[sheet.lines[step.line].part]
        count = priced.part.period_days if component.per == "day" else 1
        price = priced.span.plan.pricing.micro(component.price)
        least = shared_cents(count * MICRO, price, (1, 1), half_even=sheet.half_even)
        earlier = [n for lines in sheet.generation[: sheet.lines[step.line].part] for n in lines]
        billed = self._sum(sheet.before(step.line)) + self._sum(earlier)
        self.cents[step.line] = np.maximum(least - billed, 0)

    def _tiers(self, step: Step) -> None:
        sheet, component = self.sheet, step.component
        if not isinstance(component, Tiered):  # pragma: no cover  a sheet holds them together
            return
        number = sheet.lines[step.line].part
        priced = sheet.parts[number]
        season = priced.part.season
        energy = self.given[sheet.sources.index(energy_source(sheet, number, step.bucket))]
        total = self.given[sheet.sources.index(("total", number))]
        ends = [limit.micro(priced.part) for limit in component.limits[season]]
        tiers = _spread(energy, total, ends)
        prices = [priced.span.plan.pricing.micro(p) for p in component.prices[season][step.bucket]]
        factors = Factors.of([reduced(price, PICO_PER_CENT) for price in prices])
        lines = slice(step.line, step.line + len(prices))
        self.cents[lines] = rounded_products(tiers, factors, half_even=sheet.half_even)
        for tier in range(1, len(prices)):
            self.reached[step.line + tier][:] = tiers[tier] != 0

    def _bank(self, step: Step, bank_cents: Amounts | int) -> None:
        rules = self.sheet.parts[-1].span.plan.nem
        if rules is None or rules.carry_over == "none":
            return
        bill = self._sum([n for lines in self.sheet.generation for n in lines if n != step.line])
        applied = np.where((bank_cents > 0) & (bill != 0), -np.minimum(bank_cents, bill), 0)
        moved = np.where(bill < 0, -bill, np.where(bank_cents < 0, -bank_cents, applied))
        self.cents[step.line] = moved

    def _user_tax(self, step: Step, rates_micro: Amounts | int | None) -> None:
        """Tax the part's lines; with generation no more than what the whole bill asks for."""
        sheet = self.sheet
        part = sheet.lines[step.line].part
        base = np.maximum(self._sum(sheet.generation_rows[part]), 0)
        if sheet.nets:
            if self.left is None:
                everything = [n for lines in sheet.generation for n in lines]
                self.left = np.maximum(self._sum(everything), 0)
            taxed = np.minimum(base, self.left)
            self.left = self.left - taxed
            if sheet.parts[part].span.plan.nem is not None:
                base = taxed
        rates = sheet.parts[part].tax.rate_micro if rates_micro is None else rates_micro
        self.cents[step.line] = shares(base, rates, half_even=sheet.half_even, signed=False)


def _given(sheet: PriceSheet, quantities: GroupQuantities) -> Amounts:
    """What the sheet's lines multiply: a row for each source, a column for each account."""
    energy = quantities.energy_micro
    given = np.empty((len(sheet.sources), quantities.accounts), dtype=np.int64)
    totals: dict[int, Amounts] = {}
    for row, source in enumerate(sheet.sources):
        kind, place = source
        if kind == "energy":
            given[row] = energy[place]
        elif kind == "demand":
            given[row] = _demand(quantities, DEMAND_BUCKETS[place])
        else:
            if place not in totals:
                totals[place] = _part_sum(energy, sheet, place)
            given[row] = _energy_of_part(sheet, quantities, source, totals[place])
    return given


def line_quantities(sheet: PriceSheet, quantities: GroupQuantities) -> dict[int, list[int]]:
    """What each line of quantity times price multiplies, in millionths: a number an account."""
    used = _given(sheet, quantities)[sheet.products.source_rows].tolist()
    return dict(zip(sheet.products.lines, used, strict=True))


def _energy_of_part(
    sheet: PriceSheet, quantities: GroupQuantities, source: Source, net: Amounts
) -> Amounts:
    """One of the sums over a part: net, received, delivered, or what the surcharge is laid on."""
    kind, part = source
    found = net
    if quantities.received_micro is None:
        found = np.zeros_like(net) if kind == "received" else net
    elif kind != "total":
        received = _part_sum(quantities.received_micro, sheet, part)
        rules = sheet.parts[part].span.plan.nem
        if kind == "received":
            found = received
        elif kind == "delivered" or (rules is not None and rules.surcharge_base == "delivered"):
            found = net + received
    return np.maximum(found, 0) if kind == "taxed" else found


def _part_sum(matrix: Amounts, sheet: PriceSheet, part: int) -> Amounts:
    added: Amounts = np.add.reduce(matrix[sheet.energy_rows[part]], axis=0)
    return added


def _demand(quantities: GroupQuantities, bucket: Bucket) -> Amounts:
    demand = quantities.demand_micro
    if bucket in demand:
        return demand[bucket]
    if bucket is not Bucket.TOTAL or not demand:
        raise DeterminantMissing(f"the plan needs {bucket} demand, the usage has none")
    return reduce(np.maximum, demand.values())


def _spread(energy: Amounts, total: Amounts, ends: list[int]) -> Amounts:
    """Divide energy over tiers as `components.tiered.spread` does, exactly."""
    largest = int(np.abs(energy).max(initial=0)) * max(*ends, int(np.abs(total).max(initial=0)))
    if largest >= LARGEST:
        pairs = zip(energy.tolist(), total.tolist(), strict=True)
        return np.array([spread(one, whole, ends) for one, whole in pairs], dtype=np.int64).T
    safe = np.maximum(total, 1)
    marks = [energy * np.minimum(end, safe) // safe for end in ends]
    edges = [np.zeros_like(energy), *(np.where(total > 0, m, energy) for m in marks), energy]
    return np.diff(np.stack(edges), axis=0)
