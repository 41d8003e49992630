"""Reads one transaction against its guide: builds the tree and says everything that is wrong.

This is the reference: plain, exact, and the explainer of every refusal. Structure errors carry
AK3-04 codes, element errors AK4-03 codes, and any of them gives the transaction AK5-02 code 5.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from services.edi_gateway.x12.document import Loop, Segment, Transaction
from services.edi_gateway.x12.findings import Finding, Severity, has_errors
from services.edi_gateway.x12.matching import CompiledMap, Step, compiled_map
from services.edi_gateway.x12.rules import Guide, LoopRule, SegmentRule, SetMap
from services.edi_gateway.x12.values import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.edi_gateway.x12.delimiters import Delimiters
    from services.edi_gateway.x12.values import Problem

ERRORS_MAX = 200
WARNINGS_MAX = 50
"""How many findings of a transaction are kept: enough to mend it, bounded for a broken file."""

UNKNOWN_SEGMENT = "1"
UNEXPECTED_SEGMENT = "2"
MISSING_SEGMENT = "3"
LOOP_TOO_OFTEN = "4"
SEGMENT_TOO_OFTEN = "5"
NOT_IN_SET = "6"
WRONG_ORDER = "7"
HAS_ELEMENT_ERRORS = "8"

SET_NOT_SUPPORTED = "1"
SEGMENTS_IN_ERROR = "5"


def validate(
    guide: Guide, texts: Sequence[str], delimiters: Delimiters, place: str = ""
) -> tuple[Transaction | None, tuple[Finding, ...]]:
    """Read the segments of one ST-SE; the transaction is None when any finding is an error.

    `texts` are the segments from ST to SE without terminators. Offsets in the findings are 0: the
    caller knows where the transaction stands in its file.
    """
    head = texts[0].split(delimiters.element) if texts else [""]
    opening = Segment(tuple(head))
    set_id, number = opening.element(1).strip(), opening.element(2).strip()
    set_map = guide.set_map(set_id)
    if set_map is None:
        message = f"Transaction set {set_id or '(none)'} is not in guide {guide.name}."
        finding = Finding(
            *("error", "transaction", SET_NOT_SUPPORTED, f"{place or set_id}/ST01", message, 1),
            segment_id="ST",
            element=1,
            value=set_id,
        )
        return None, (finding,)
    walk = _Walk(compiled_map(set_map, delimiters.component), guide, delimiters)
    walk.place = place or set_id
    walk.run(texts)
    findings = tuple(walk.findings)
    if has_errors(findings):
        return None, findings
    return Transaction(set_id, number, tuple(walk.segments), walk.root), findings


def explainer(
    guide: Guide, set_map: SetMap, delimiters: Delimiters, place: str, loops: list[Loop]
) -> _Walk:
    """Return what reports problems of a document that another reads; `loops` are those open now."""
    walk = _Walk(compiled_map(set_map, delimiters.component), guide, delimiters, loops)
    walk.place = place
    return walk


class _Walk:
    """One document being read: where we stand, the loops open, how often each child came."""

    def __init__(
        self,
        compiled: CompiledMap,
        guide: Guide,
        delimiters: Delimiters,
        loops: list[Loop] | None = None,
    ) -> None:
        self.compiled = compiled
        self.guide = guide
        self.delimiters = delimiters
        self.place = ""
        self.segments: list[Segment] = []
        self.findings: list[Finding] = []
        self._counts: list[dict[int, int]] = [{}]
        self._loops = loops or [Loop("ST", [], [])]
        self.root = self._loops[0]
        self._errors = 0
        self._warnings = 0

    def run(self, texts: Sequence[str]) -> None:
        """Walk all segments from ST to SE."""
        compiled, separator = self.compiled, self.delimiters.element
        component = self.delimiters.component
        loops, counts, segments = self._loops, self._counts, self.segments
        at = self._begin(texts[0])
        for position, text in enumerate(texts[1:], start=2):
            fields = tuple(text.split(separator))
            segment = Segment(fields, position, component)
            segments.append(segment)
            step = compiled.step(at, fields)
            if step is None:
                self._report_unplaced(at, segment)
                continue
            if step.required:
                self._report_missing(step, segment)
            if step.leaves:
                del loops[-step.leaves :]
                del counts[-step.leaves :]
            seen = counts[-1]
            times = seen[step.key] = seen.get(step.key, 0) + 1
            if step.enters:
                inner = Loop(fields[0], [segment], [])
                loops[-1].children.append(inner)
                loops.append(inner)
                counts.append({})
            else:
                loops[-1].segments.append(segment)
            if times > step.max_use:
                self._report_too_often(step, segment)
            problems = step.check.problems(text, fields)
            if problems:
                self.report(problems, segment)
            at = step.place
        if at != compiled.end:
            self._report_end()

    def _begin(self, text: str) -> int:
        """Read the ST and return its place."""
        fields = tuple(text.split(self.delimiters.element))
        segment = Segment(fields, 1, self.delimiters.component)
        self.segments.append(segment)
        self.root.segments.append(segment)
        place = self.compiled.start
        self.report(self.compiled.check(place).problems(text, fields), segment)
        return place

    def report(self, problems: Sequence[Problem], segment: Segment) -> None:
        """Say what is wrong in one segment that has its place."""
        for problem in problems:
            leeway = problem.leeway
            self._add(
                problem.severity if leeway is None else self.guide.policy.weight(leeway),
                problem.code,
                problem.message,
                segment,
                problem,
            )

    def _report_unplaced(self, at: int, segment: Segment) -> None:
        """Say why a segment has no place; one that the set does not know may be only told."""
        name = segment.id
        weight = self.guide.policy.unknown_segments
        if name in self.compiled.map.segment_ids:
            weight = "error"
            code, why = WRONG_ORDER, f"may not follow {self.compiled.check(at).rule.id} here"
        elif name in self.guide.segment_ids:
            code, why = NOT_IN_SET, f"does not belong in a {self.compiled.map.set_id}"
        else:
            code, why = UNKNOWN_SEGMENT, "is unknown to this guide"
        self._loops[-1].segments.append(segment)  # kept where it was sent; no translator asks
        self._add(weight, code, f"Segment {name} {why}.", segment, value=name)

    def _report_missing(self, step: Step, segment: Segment) -> None:
        for up, child in step.required:
            if child.key not in self._counts[-1 - up]:
                self._missing(up, child, segment)

    def _missing(self, up: int, child: SegmentRule | LoopRule, segment: Segment) -> None:
        """Say what is missing; its loop is the one that lacks it, or itself when it is a loop."""
        opening = child.opening
        around = self._loops[-1 - up]
        loop_id = opening.id if isinstance(child, LoopRule) else self._loop_id(around)
        keys = f"*{'|'.join(sorted(opening.keys))}" if opening.keys else ""
        message = f"Required {opening.id}{keys} ({child.name}) is missing before {segment.id}."
        absent = Segment((opening.id,), segment.position)
        self._add("error", MISSING_SEGMENT, message, absent, loop_id=loop_id, up=up)

    def _loop_id(self, loop: Loop) -> str:
        return "" if loop is self.root else loop.id

    def _report_too_often(self, step: Step, segment: Segment) -> None:
        code = LOOP_TOO_OFTEN if isinstance(step.child, LoopRule) else SEGMENT_TOO_OFTEN
        what = "Loop" if step.enters else "Segment"
        times = self._counts[-2 if step.enters else -1][step.key]
        message = (
            f"{what} {segment.id} ({step.child.name}) may come {step.max_use} times, "
            f"this is number {times}."
        )
        self._add("error", code, message, segment, value=str(times))

    def _report_end(self) -> None:
        position = len(self.segments)
        self._add(
            "error", MISSING_SEGMENT, "The trailer SE is missing.", Segment(("SE",), position)
        )

    def _add(
        self,
        severity: Severity,
        code: str,
        message: str,
        segment: Segment,
        problem: Problem | None = None,
        value: str = "",
        loop_id: str | None = None,
        up: int = 0,
    ) -> None:
        """Keep a finding about a segment that stands, or is missing, `up` loops further out."""
        if severity == "error":
            self._errors += 1
            if self._errors > ERRORS_MAX:
                return
        else:
            self._warnings += 1
            if self._warnings > WARNINGS_MAX:
                return
        element = problem.element if problem is not None else 0
        suffix = f"{element:02d}" if element else ""
        if problem is not None:
            value = problem.value or ("" if problem.code == MISSING else segment.element(element))
        self.findings.append(
            Finding(
                severity=severity,
                level="element" if element else "segment",
                code=code,
                place=f"{self._path(up)}/{segment.id}{suffix}",
                message=message,
                segment_position=segment.position,
                segment_id=segment.id,
                loop_id=self._loop_id(self._loops[-1]) if loop_id is None else loop_id,
                element=element,
                component=problem.component if problem is not None else 0,
                data_element=problem.data_element if problem is not None else "",
                value=value,
            )
        )

    def _path(self, up: int) -> str:
        parts = [self.place]
        loops = self._loops[: len(self._loops) - up]
        for parent, child in pairwise(loops):
            number = [loop.id for loop in parent.children].count(child.id)
            parts.append(f"{child.id}[{number}]")
        return "/".join(parts)
