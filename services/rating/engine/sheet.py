"""Compiles the plan of a group of accounts into columns of arithmetic: a price sheet.

Accounts of one plan, product and period have the same lines with other quantities. A sheet says
once what each line multiplies, so that thousands of accounts are priced by a few operations on
arrays. The components say what a line is;
tests hold every amount here equal to theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from services.rating.charging import PeriodPart, line_id
from services.rating.components import (
    Adder,
    ComponentPart,
    Demand,
    Fixed,
    Minimum,
    PerUnit,
    Pricing,
    Tiered,
    TimeOfUse,
)
from services.rating.components.nem import BANK_LINE
from services.rating.cutting import PricedPart
from services.rating.engine.cents import PICO_PER_CENT, Factors, reduced
from services.rating.holds import DeterminantMissing, DeterminantUnpriced, RateNotFound
from shared.contracts.usage import Bucket

Columns = Mapping[Bucket, int]
"""Where a part's buckets stand in a matrix of energy."""
Source = tuple[Literal["energy", "total", "delivered", "received", "taxed", "demand"], int]
"""What a line multiplies: a column of energy, a part's sum of one kind, a row of demand."""
StepKind = Literal["percent", "cap", "minimum", "tiers", "bank", "user_tax"]
DEMAND_BUCKETS: Final = tuple(Bucket)
"""The order of the rows of demand."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of a sheet: its name as the component gives it, its part, and if it is a tax.

    `quiet` lines are printed only when they come to something.
    """

    line_id: str
    part: int
    tax: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What is worked out after the products, because it looks at lines before it."""

    kind: StepKind
    line: int
    component: ComponentPart | None = None
    bucket: Bucket = Bucket.TOTAL
    tiers: int = 1


@dataclass
class PriceSheet:
    """A compiled plan.

    Attributes:
        parts: days, plan and product of each part; their quantities are not used.
        columns: for each part, where its buckets stand in the matrix of energy.
        half_even: how lines are rounded.
        lines: all lines, in the order in which they depend on each other.
        steps: what is to be done after the products, in order.
        sources: what products multiply.
        constants: line and cents of what is the same for every account.
    """

    parts: tuple[PricedPart, ...]
    columns: tuple[Columns, ...]
    half_even: bool
    lines: list[SheetLine] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    constants: list[tuple[int, int]] = field(default_factory=list)
    _products: list[tuple[int, Source, tuple[int, int]]] = field(default_factory=list)

    def add_step(self, line: SheetLine, kind: StepKind, component: ComponentPart | None) -> None:
        """Add a line that looks at lines before it."""
        self.steps.append(Step(kind, len(self.lines), component))
        self.lines.append(line)

    def add_product(
        self, line: SheetLine, source: Source, price_micro: int, share: tuple[int, int] = (1, 1)
    ) -> None:
        """Add a line of quantity times price, or of a share of it."""
        if source not in self.sources:
            self.sources.append(source)
        factor = reduced(price_micro * share[0], PICO_PER_CENT * share[1])
        self._products.append((len(self.lines), source, factor))
        self.lines.append(line)

    def add_constant(self, line: SheetLine, cents: int) -> None:
        """Add a line that is the same for every account."""
        self.constants.append((len(self.lines), cents))
        self.lines.append(line)

    def add_cap(self, component: ComponentPart) -> None:
        """Let the last line, a credit, end where the generation lines before it are used up."""
        self.steps.append(Step("cap", len(self.lines) - 1, component))

    def add_tiers(self, number: int, component: Tiered, bucket: Bucket) -> None:
        """Add the lines of all tiers of one bucket."""
        part = self.parts[number].part
        tiers = len(component.prices[part.season][bucket])
        self.steps.append(Step("tiers", len(self.lines), component, bucket, tiers))
        for tier in range(1, tiers + 1):
            name = line_id(component.line_id, f"{bucket}_{tier}", part)
            self.lines.append(SheetLine(name, number, quiet=tier > 1))

    def before(self, line: int) -> list[int]:
        """The generation lines of the same part before a line."""
        part = self.lines[line].part
        return [n for n in self.generation[part] if n < line]

    @cached_property
    def generation(self) -> list[list[int]]:
        """For each part, the lines that are no taxes."""
        return [
            [n for n, line in enumerate(self.lines) if line.part == part and not line.tax]
            for part in range(len(self.parts))
        ]

    @cached_property
    def generation_rows(self) -> list[slice | list[int]]:
        """The same, as a slice where lines are neighbours."""
        return [_as_slice(lines) for lines in self.generation]

    @cached_property
    def higher_tiers(self) -> list[int]:
        """Lines of tiers above the first: printed when reached, whatever they come to."""
        return [
            step.line + tier
            for step in self.steps
            if step.kind == "tiers"
            for tier in range(1, step.tiers)
        ]

    @cached_property
    def energy_rows(self) -> list[slice | list[int]]:
        """For each part, the rows of energy that make up its whole."""
        found: list[slice | list[int]] = []
        for columns in self.columns:
            buckets = [at for bucket, at in columns.items() if bucket is not Bucket.TOTAL]
            found.append(_as_slice(sorted(buckets or columns.values())))
        return found

    @cached_property
    def nets(self) -> bool:
        """Whether credits of one part may pay for another."""
        return any(each.span.plan.nem is not None for each in self.parts)

    @cached_property
    def products(self) -> Products:
        """Lines of quantity times price, as arrays."""
        lines = [line for line, _, _ in self._products]
        sources = [self.sources.index(source) for _, source, _ in self._products]
        factors = Factors.of([factor for _, _, factor in self._products])
        return Products(lines, _as_slice(lines), _as_slice(sources), factors)


@dataclass(frozen=True, slots=True)
class Products:
    """Lines of quantity times price: which they are, what they multiply, and by what.

    Attributes:
        lines: their numbers.
        line_rows: the same, as an index.
        source_rows: the source of each, as an index.
        factors: what each is multiplied by.
    """

    lines: list[int]
    line_rows: slice | list[int]
    source_rows: slice | list[int]
    factors: Factors


def _as_slice(rows: list[int]) -> slice | list[int]:
    """Neighbours as a slice, which costs an array operation less."""
    if rows and rows == list(range(rows[0], rows[0] + len(rows))):
        return slice(rows[0], rows[-1] + 1)
    return rows


def compile_sheet(
    parts: Sequence[PricedPart], columns: Sequence[Columns], surcharge_micro: int
) -> PriceSheet:
    """Compile the lines of one plan, product and period.

    Args:
        parts: the parts of the period (their energy is not looked at).
        columns: for each part, where its buckets stand in the matrix of energy.
        surcharge_micro: the energy surcharge of the billing period.

    Raises:
        RateNotFound: there is no generation price for the product.
        DeterminantMissing: a priced bucket has no column.
        DeterminantUnpriced: a bucket has a column and no price.
    """
    sheet = PriceSheet(tuple(parts), tuple(columns), half_even=parts[0].span.plan.half_even)
    if len({each.span.plan.half_even for each in parts}) > 1:
        raise RateNotFound("the plan changes its rounding within the period")
    for number, each in enumerate(parts):
        plan = each.span.plan
        active = [c for c in plan.components if c.applies(each.product, each.part.start)]
        if not any(component.prices_energy for component in active):
            raise RateNotFound(f"{plan.plan_id} has no generation price for {each.product}")
        for component in active:
            _add_component(sheet, number, component, plan.pricing)
    if parts[-1].span.plan.nem is not None:
        name = line_id(BANK_LINE, "all", parts[-1].part)
        sheet.add_step(SheetLine(name, len(parts) - 1, quiet=True), "bank", None)
    for number, each in enumerate(parts):
        _add_taxes(sheet, number, each, surcharge_micro)
    return sheet


def _add_component(
    sheet: PriceSheet, number: int, component: ComponentPart, pricing: Pricing
) -> None:
    part = sheet.parts[number].part
    name = line_id(component.line_id, "all", part)
    match component:
        case TimeOfUse():
            _add_time_of_use(sheet, number, component, pricing)
        case PerUnit():
            kinds: dict[str, Source] = {
                "net": ("total", number),
                "delivered": ("delivered", number),
                "received": ("received", number),
            }
            price = pricing.micro(component.price)
            sheet.add_product(SheetLine(name, number), kinds[component.basis], price)
        case Demand():
            _add_demand(sheet, number, component, pricing)
        case Fixed():
            for line in component.lines(part, pricing, []):
                sheet.add_constant(SheetLine(name, number), line.signed_cents)
        case Adder():
            _add_adder(sheet, number, component, pricing)
        case Minimum():
            if part.closes:
                sheet.add_step(SheetLine(name, number, quiet=True), "minimum", component)
        case Tiered():
            _add_tiers(sheet, number, component)
        case _:  # pragma: no cover  a new kind of price without arithmetic here
            raise RateNotFound(f"{component.line_id} cannot be priced in groups")


def _add_time_of_use(
    sheet: PriceSheet, number: int, component: TimeOfUse, pricing: Pricing
) -> None:
    part = sheet.parts[number].part
    priced = component.buckets(part.season)
    _refuse_unpriced(sheet.columns[number], priced, part)
    for bucket, units in component.prices[part.season].items():
        line = SheetLine(line_id(component.line_id, bucket, part), number)
        sheet.add_product(line, energy_source(sheet, number, bucket), pricing.micro(units))


def energy_source(sheet: PriceSheet, number: int, bucket: Bucket) -> Source:
    """Where a bucket's energy stands.

    Raises:
        DeterminantMissing: the group has no such bucket.
    """
    if bucket is Bucket.TOTAL:
        return ("total", number)
    if bucket not in sheet.columns[number]:
        raise DeterminantMissing(f"the plan needs {bucket} energy, the usage has none")
    return ("energy", sheet.columns[number][bucket])


def _refuse_unpriced(columns: Columns, priced: frozenset[Bucket], part: PeriodPart) -> None:
    strange = set(columns) - priced - {Bucket.TOTAL}
    if strange and Bucket.TOTAL not in priced:
        names = ", ".join(sorted(strange))
        raise DeterminantUnpriced(f"{names} energy has no price in {part.season}")


def _add_demand(sheet: PriceSheet, number: int, component: Demand, pricing: Pricing) -> None:
    part = sheet.parts[number].part
    component.demand_buckets(part.season)
    if component.proration == "full" and not part.opens:
        return
    share = (part.days, part.period_days) if component.proration == "days" else (1, 1)
    for bucket, units in component.prices[part.season].items():
        line = SheetLine(line_id(component.line_id, bucket, part), number)
        source: Source = ("demand", DEMAND_BUCKETS.index(bucket))
        sheet.add_product(line, source, pricing.micro(units), share)


def _add_adder(sheet: PriceSheet, number: int, component: Adder, pricing: Pricing) -> None:
    part = sheet.parts[number].part
    line = SheetLine(line_id(component.line_id, "all", part), number)
    count = len(sheet.lines)
    if component.per == "percent":
        sheet.add_step(line, "percent", component)
    elif component.per == "kwh":
        sheet.add_product(line, ("total", number), pricing.micro(component.price or 0))
    else:
        free = component.model_copy(update={"never_below_zero": False})
        for made in free.lines(part, pricing, []):
            sheet.add_constant(line, made.signed_cents)
    if component.never_below_zero and len(sheet.lines) > count:
        sheet.add_cap(component)


def _add_tiers(sheet: PriceSheet, number: int, component: Tiered) -> None:
    part = sheet.parts[number].part
    _refuse_unpriced(sheet.columns[number], component.buckets(part.season), part)
    for bucket in component.prices[part.season]:
        source = energy_source(sheet, number, bucket)
        sheet.sources += [each for each in (source, ("total", number)) if each not in sheet.sources]
        sheet.add_tiers(number, component, bucket)


def _add_taxes(sheet: PriceSheet, number: int, each: PricedPart, surcharge_micro: int) -> None:
    plan = each.span.plan
    if "energy_surcharge" in plan.taxes:
        name = line_id("energy_surcharge", "all", each.part)
        line = SheetLine(name, number, tax=True, quiet=True)
        sheet.add_product(line, ("taxed", number), surcharge_micro)
    if "user_tax" in plan.taxes:
        name = line_id("user_tax", "all", each.part)
        sheet.add_step(SheetLine(name, number, tax=True, quiet=True), "user_tax", None)
