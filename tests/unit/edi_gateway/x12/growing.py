"""Grows valid documents out of a guide's own maps, so that no shape is left to our imagination.

A document is a walk over the compiled map: optional loops, segments and elements come or stay away
by chance, codes are drawn from the lists, lengths often stand at their bounds. The same chance
gives the same document.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.edi_gateway.x12.matching import CompiledMap
from services.edi_gateway.x12.rules import LoopRule

if TYPE_CHECKING:
    import random

    from services.edi_gateway.x12.rules import ElementRule, Guide, SegmentRule, SyntaxNote

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SIGNS = LETTERS + LETTERS.lower() + "     -./,()#&'!\"+:;?=%@[]_{}\\|<$"
TRIES = 40
SEGMENTS_MAX = 70
OPTIONAL_SEGMENT = 0.3
OPTIONAL_LOOP = 0.35
OPTIONAL_ELEMENT = 0.35
REPEAT = 0.25
REPEATS_MAX = 12
TEXT_MAX = 40
AT_BOUND = 0.25
LEVEL = "HL"
FORMS = ("D8", "DT", "RD8", "TM", "D6")
FORM_ELEMENT, FORMED_ELEMENT = "1250", "1251"
FIRST_DAY = date(2024, 1, 1)
DAYS = 1200


class Grower:
    """Grows documents of the sets of one guide."""

    def __init__(self, guide: Guide, chance: random.Random) -> None:
        """Take the guide, and the chance that decides everything."""
        self._guide = guide
        self._chance = chance
        self._compiled: dict[str, CompiledMap] = {}
        self._map: CompiledMap
        self._lines: list[str] = []
        self._levels: list[str] = []
        self._at = 0

    def document(self, set_id: str) -> str:
        """Return the segments between ST and SE of a new valid document, a line each."""
        set_map = self._guide.sets[set_id]
        if set_id not in self._compiled:
            self._compiled[set_id] = CompiledMap(set_map, ">")
        self._map = self._compiled[set_id]
        self._lines, self._levels, self._at = [], [], self._map.start
        for child in set_map.root.children[1:-1]:
            self._grow(child)
        return "\n".join(self._lines)

    def _grow(self, child: SegmentRule | LoopRule) -> None:
        """Let a child come as often as chance and its rule have it."""
        if child.not_used:
            return
        likely = OPTIONAL_LOOP if isinstance(child, LoopRule) else OPTIONAL_SEGMENT
        full = len(self._lines) >= SEGMENTS_MAX
        if not child.required and (full or self._chance.random() > likely):
            return
        times = 1
        if not full and child.max_use > 1 and self._chance.random() < REPEAT:
            most = min(child.max_use, REPEATS_MAX)
            at_bound = self._chance.random() < AT_BOUND and not isinstance(child, LoopRule)
            times = most if at_bound else self._chance.randint(1, min(3, most))
        for number in range(times):
            if not self._put(child.opening, must=child.required and not number):
                return
            if isinstance(child, LoopRule):
                for inner in child.children[1:]:
                    self._grow(inner)

    def _put(self, rule: SegmentRule, *, must: bool) -> bool:
        """Add a segment that a reader would give this very place; whether there is one."""
        for _ in range(TRIES):
            line = self.segment(rule)
            step = self._map.step(self._at, tuple(line.split("*")))
            if step is not None and step.place == rule.key:
                self._lines.append(self._numbered(line))
                self._at = rule.key
                return True
            if not must:
                return False
        message = f"No segment of {rule.id} ({rule.name}) would be read at its own place."
        raise AssertionError(message)

    def _numbered(self, line: str) -> str:
        """Number a level of a hierarchy, which names the one it belongs to if it names any."""
        fields = line.split("*")
        if fields[0] == LEVEL:
            if fields[2]:
                fields[2] = self._chance.choice(["", *self._levels[-1:]])
            self._levels.append(str(len(self._levels) + 1))
            fields[1] = self._levels[-1]
        return "*".join(fields)

    def segment(self, rule: SegmentRule) -> str:
        """Return a valid segment of a rule."""
        filled = {
            element.number
            for element in rule.elements
            if not element.not_used
            and (element.required or self._chance.random() < OPTIONAL_ELEMENT)
        }
        if not filled:
            filled.add(self._chance.choice([e.number for e in rule.elements if not e.not_used]))
        for _ in rule.notes * 3:
            for note in rule.notes:
                self._mend(rule, note, filled)
        values = [rule.id]
        for element in rule.elements:
            form = values[-1] if element.data_element == FORMED_ELEMENT else ""
            values.append(self.value(element, form) if element.number in filled else "")
        return "*".join(values).rstrip("*")

    def _mend(self, rule: SegmentRule, note: SyntaxNote, filled: set[int]) -> None:
        """Fill or empty elements so that one relation holds."""
        first, *others = note.elements
        there = [number for number in note.elements if number in filled]
        if note.kind == "P" and there:
            filled.update(note.elements)
        elif note.kind == "R" and not there:
            filled.add(self._chance.choice(note.elements))
        elif note.kind == "C" and first in filled:
            filled.update(others)
        elif note.kind == "L" and first in filled and len(there) == 1:
            filled.add(self._chance.choice(others))
        elif note.kind == "E" and len(there) > 1:
            needed = {element.number for element in rule.elements if element.required}
            keep = next((n for n in there if n in needed), self._chance.choice(there))
            filled.difference_update(set(there) - {keep})

    def value(self, rule: ElementRule, form: str = "") -> str:
        """Return a valid value of an element; `form` is the value of the element before."""
        if rule.components:
            return self._composite(rule)
        codes = rule.codes or rule.advised_codes
        if codes:
            return self._chance.choice(sorted(codes))
        if rule.data_element == FORM_ELEMENT:
            return self._chance.choice(FORMS)
        if rule.data_element == FORMED_ELEMENT:
            return self._formed(form)
        return self._typed(rule)

    def _composite(self, rule: ElementRule) -> str:
        parts = [
            self.value(part) if part.required or self._chance.random() < OPTIONAL_ELEMENT else ""
            for part in rule.components
            if not part.not_used
        ]
        parts[0] = parts[0] or self.value(rule.components[0])
        return ">".join(parts).rstrip(">")

    def _typed(self, rule: ElementRule) -> str:
        kind, chance = rule.data_type, self._chance
        shortest, longest = rule.min_length, rule.max_length
        if kind == "DT":
            return self._day() if longest >= len("CCYYMMDD") else self._day()[2:]
        if kind == "TM":
            lengths = [n for n in (4, 6, 7, 8) if shortest <= n <= longest]
            return self._time(chance.choice(lengths))
        length = self._length(shortest, longest)
        if kind == "R":
            return self._decimal(length)
        if kind.startswith("N"):
            sign = "-" if chance.random() < 1 / 8 else ""
            return sign + "".join(chance.choices("0123456789", k=length))
        text = "".join(chance.choices(LETTERS if kind == "ID" else SIGNS, k=length))
        return text[:-1] + chance.choice(LETTERS) if text else ""

    def _length(self, shortest: int, longest: int) -> int:
        if self._chance.random() < AT_BOUND:
            return self._chance.choice((max(shortest, 1), longest))
        return self._chance.randint(max(shortest, 1), max(shortest, min(longest, TEXT_MAX), 1))

    def _decimal(self, length: int) -> str:
        digits = "".join(self._chance.choices("0123456789", k=length))
        point = self._chance.randrange(length + 1)
        number = digits if point == length else f"{digits[:point]}.{digits[point:]}"
        return ("-" if self._chance.random() < 1 / 8 else "") + number

    def _formed(self, form: str) -> str:
        if form == "RD8":
            return f"{self._day()}-{self._day()}"
        if form == "TM":
            return self._time(4)
        if form == "D6":
            return self._day()[2:]
        long = form == "DT" and self._chance.random() < 1 / 2
        return self._day() + (self._time(4) if long else "")

    def _day(self) -> str:
        day = FIRST_DAY + timedelta(days=self._chance.randrange(DAYS))
        return day.strftime("%Y%m%d")

    def _time(self, length: int) -> str:
        chance = self._chance
        hour, minute, second = chance.randrange(24), chance.randrange(60), chance.randrange(60)
        return f"{hour:02d}{minute:02d}{second:02d}{chance.randrange(100):02d}"[:length]
