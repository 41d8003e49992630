"""Spoils good documents in every way that a rule of a guide can be broken, one named way at a time.

Where `damage.py` strikes anywhere, this knows the rule of each place: it makes a value one sign too
long, breaks a relation between two elements, or repeats a loop once too often. So every code of
the 997 is met often, and a report can say how often.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.edi_gateway.x12.matching import CompiledMap, Step
from services.edi_gateway.x12.rules import LoopRule

if TYPE_CHECKING:
    from services.edi_gateway.x12.rules import ElementRule, Guide, SegmentRule
    from tests.unit.edi_gateway.x12.growing import Grower

UNKNOWN = ("ZZZ*1", "QQ*A*B", "X9", "zz*1", "TOOLONG*1", "5d*1")
BAD_DATES = ("20261301", "20260229", "20260431", "2026010", "20260100", "17991231", "2026A101")
BAD_TIMES = ("2460", "1299", "1", "12000", "123099", "12A0")
BAD_NUMBERS = ("A", "1-2", "1.2.3", "--1", "1E5", "5.", "$5", "+5", "1,000")
CONTROLS = "\x07\t\x01\x1f\x16"
MAX_USE_TRIED = 20


@dataclass(frozen=True, slots=True)
class Spot:
    """One segment of a document: where it stands in the lines, and by which step it came there."""

    at: int
    fields: tuple[str, ...]
    rule: SegmentRule
    step: Step


class Spoiler:
    """Spoils documents of one guide."""

    def __init__(self, guide: Guide, grower: Grower, chance: random.Random) -> None:
        """Take the guide, a grower for segments of other places, and the chance."""
        self._guide = guide
        self._grower = grower
        self._chance = chance
        self._compiled = {name: CompiledMap(one, ">") for name, one in guide.sets.items()}

    def spoil(self, set_id: str, body: str, way: str) -> str:
        """Return the document spoiled in this way; as it was when it offers no place for it."""
        compiled = self._compiled[set_id]
        lines = body.split("\n")
        found = spots(compiled, lines)
        self._chance.shuffle(found)
        for spot in found:
            spoiled = WAYS[way](self, compiled, lines, spot)
            if spoiled is not None and spoiled != lines:
                return "\n".join(line for line in spoiled if line)
        return body

    # --- segments ---------------------------------------------------------------------------------

    def drop(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Leave a segment out."""
        return [*lines[: spot.at], *lines[spot.at + 1 :]]

    def repeat(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Send a segment twice."""
        return [*lines[: spot.at], lines[spot.at], *lines[spot.at :]]

    def neighbours(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Swap a segment with the next."""
        at = spot.at
        if at + 1 >= len(lines):
            return None
        return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]

    def move(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Send a segment somewhere else."""
        rest = [*lines[: spot.at], *lines[spot.at + 1 :]]
        rest.insert(self._chance.randrange(len(rest) + 1), lines[spot.at])
        return rest

    def unknown(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Add a segment that no map knows."""
        return self._with(lines, spot.at + 1, self._chance.choice(UNKNOWN))

    def foreign(self, compiled: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Add a segment of another set."""
        others = [one for one in self._compiled.values() if one is not compiled]
        return self._with(lines, spot.at + 1, self._any_segment(self._chance.choice(others)))

    def misplaced(self, compiled: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Add a good segment of this set somewhere."""
        return self._with(lines, spot.at, self._any_segment(compiled))

    def too_often(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a segment or a loop once more than it may come."""
        times = spot.step.max_use
        if times > MAX_USE_TRIED:
            return None
        block = [lines[spot.at]]
        return [*lines[: spot.at], *block * times, *lines[spot.at :]]

    def parties(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send loops that have one place between them in another order."""
        if not isinstance(spot.step.child, LoopRule):
            return None
        beside = [at for at, line in enumerate(lines) if line.startswith(f"{spot.rule.id}*")]
        other = self._chance.choice(beside)
        swapped = list(lines)
        swapped[spot.at], swapped[other] = lines[other], lines[spot.at]
        return swapped

    # --- elements ---------------------------------------------------------------------------------

    def missing(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Empty a required element."""
        return self._element(
            lines, spot, lambda rule, value: "" if rule.required and value else None
        )

    def code(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a code that is on no list, in a place that no code decides."""
        return self._element(
            lines, spot, lambda rule, _: "Q" * max(rule.min_length, 1) if rule.codes else None
        )

    def short(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a value one sign too short."""
        return self._element(
            lines,
            spot,
            lambda rule, _: "7" * (rule.min_length - 1) if rule.min_length > 1 else None,
        )

    def long(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a value one sign too long."""
        return self._element(
            lines,
            spot,
            lambda rule, _: None if rule.components else "7" * (rule.max_length + 1),
        )

    def date(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a day that no calendar has."""
        return self._of_type(lines, spot, ("DT",), BAD_DATES)

    def time(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a time that no clock shows."""
        return self._of_type(lines, spot, ("TM",), BAD_TIMES)

    def number(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send what is no number."""
        return self._of_type(lines, spot, ("R", "N0", "N2", "N"), BAD_NUMBERS)

    def formed(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a date in another form than its qualifier names."""
        values = ("20260101-20260131", "20261399", "1200", "260101", "99999999")
        return self._element(
            lines,
            spot,
            lambda rule, _: self._chance.choice(values) if rule.data_element == "1251" else None,
        )

    def control(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a control character within a value."""
        sign = self._chance.choice(CONTROLS)
        return self._element(lines, spot, lambda _, value: value[:1] + sign + value[1:] or None)

    def blank(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a value with a blank behind."""
        return self._element(lines, spot, lambda _, value: f"{value} " if value else None)

    def accent(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a letter with an accent, or a sign that X12 does not have."""
        sign = self._chance.choice("\xc9\xd1\xfc^`")
        return self._of_type(lines, spot, ("AN", "ID"), (f"A{sign}B",))

    def relation(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Fill and empty elements that depend on each other."""
        if not spot.rule.notes:
            return None
        fields = list(spot.fields) + [""] * (len(spot.rule.elements) + 1 - len(spot.fields))
        for number in self._chance.choice(spot.rule.notes).elements:
            rule = spot.rule.elements[number - 1]
            if self._chance.random() < 1 / 2 and not rule.required:
                fields[number] = "" if fields[number] else self._grower.value(rule, "D8")
        return self._with(lines, spot.at, "*".join(fields).rstrip("*"), instead=True)

    def exclusive(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send elements together that exclude each other."""
        notes = [note for note in spot.rule.notes if note.kind == "E"]
        if not notes:
            return None
        fields = [*spot.fields, *[""] * (len(spot.rule.elements) + 1 - len(spot.fields))]
        for number in self._chance.choice(notes).elements:
            fields[number] = fields[number] or self._grower.value(spot.rule.elements[number - 1])
        return self._with(lines, spot.at, "*".join(fields).rstrip("*"), instead=True)

    def trailing(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Add separators behind the last element."""
        many = self._chance.randint(1, len(spot.rule.elements) + 3)
        return self._with(lines, spot.at, lines[spot.at] + "*" * many, instead=True)

    def extra(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Add an element that the segment does not have."""
        gap = len(spot.rule.elements) + 2 - len(spot.fields)
        return self._with(lines, spot.at, lines[spot.at] + "*" * gap + "EXTRA", instead=True)

    def component(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Add a component to an element that is no composite."""
        return self._element(
            lines, spot, lambda rule, value: None if rule.components else f"{value}>K"
        )

    def composite(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a composite with too many components, or without its first."""
        composites = [rule for rule in spot.rule.elements if rule.components]
        if not composites:
            return None
        rule = self._chance.choice(composites)
        value = self._grower.value(rule)
        spoiled = (
            value + ">" * len(rule.components) + self._chance.choice(("", "K")),
            ">" + value,
            ">",
        )
        fields = [*spot.fields, *[""] * (rule.number + 1 - len(spot.fields))]
        fields[rule.number] = self._chance.choice(spoiled)
        return self._with(lines, spot.at, "*".join(fields), instead=True)

    def emptied(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str]:
        """Send a segment without any element."""
        return self._with(lines, spot.at, spot.rule.id, instead=True)

    def key(self, _: CompiledMap, lines: list[str], spot: Spot) -> list[str] | None:
        """Send a wrong code where the code says what the segment is."""
        if not spot.rule.keys:
            return None
        fields = [spot.rule.id, self._chance.choice(("QQ", "", "8S", "00")), *spot.fields[2:]]
        return self._with(lines, spot.at, "*".join(fields), instead=True)

    # --- by hand ----------------------------------------------------------------------------------

    def _with(self, lines: list[str], at: int, line: str, *, instead: bool = False) -> list[str]:
        return [*lines[:at], line, *lines[at + 1 if instead else at :]]

    def _any_segment(self, compiled: CompiledMap) -> str:
        rules = [rule for rule in _rules(compiled.map.root) if rule.id not in ("ST", "SE")]
        return self._grower.segment(self._chance.choice(rules))

    def _of_type(
        self, lines: list[str], spot: Spot, kinds: Sequence[str], values: Sequence[str]
    ) -> list[str] | None:
        numbers = [rule.number for rule in spot.rule.elements if rule.data_type in kinds]
        if not numbers or 1 in numbers:
            return None
        fields = [*spot.fields, *[""] * (len(spot.rule.elements) + 1 - len(spot.fields))]
        fields[self._chance.choice(numbers)] = self._chance.choice(values)
        return self._with(lines, spot.at, "*".join(fields).rstrip("*"), instead=True)

    def _element(
        self, lines: list[str], spot: Spot, change: Callable[[ElementRule, str], str | None]
    ) -> list[str] | None:
        """Change one element or component that was sent and does not say what the segment is."""
        fields = list(spot.fields)
        numbers = [n for n in range(2 if spot.rule.keys else 1, len(fields)) if fields[n]]
        self._chance.shuffle(numbers)
        for number in numbers:
            if number > len(spot.rule.elements):
                continue
            rule = spot.rule.elements[number - 1]
            parts = fields[number].split(">") if rule.components else [fields[number]]
            which = self._chance.randrange(len(parts))
            inner = rule.components[which] if which < len(rule.components) else rule
            changed = change(inner, parts[which])
            if changed is not None:
                parts[which] = changed
                fields[number] = ">".join(parts)
                return self._with(lines, spot.at, "*".join(fields), instead=True)
        return None


Way = Callable[[Spoiler, CompiledMap, list[str], Spot], "list[str] | None"]

WAYS: dict[str, Way] = {
    way.__name__: way
    for way in (
        Spoiler.drop, Spoiler.repeat, Spoiler.neighbours, Spoiler.move, Spoiler.unknown,
        Spoiler.foreign, Spoiler.misplaced, Spoiler.too_often, Spoiler.parties, Spoiler.missing,
        Spoiler.code, Spoiler.short, Spoiler.long, Spoiler.date, Spoiler.time, Spoiler.number,
        Spoiler.formed, Spoiler.control, Spoiler.blank, Spoiler.accent, Spoiler.relation,
        Spoiler.exclusive, Spoiler.trailing, Spoiler.extra, Spoiler.component, Spoiler.composite,
        Spoiler.emptied, Spoiler.key,
    )
}  # fmt: skip


def spots(compiled: CompiledMap, lines: Sequence[str]) -> list[Spot]:
    """Every segment that has a place, in order."""
    at, found = compiled.start, []
    for number, line in enumerate(lines):
        fields = tuple(line.split("*"))
        step = compiled.step(at, fields)
        if step is not None:
            found.append(Spot(number, fields, step.check.rule, step))
            at = step.place
    return found


def _rules(loop: LoopRule) -> list[SegmentRule]:
    found: list[SegmentRule] = []
    for child in loop.children:
        found += _rules(child) if isinstance(child, LoopRule) else [child]
    return found
