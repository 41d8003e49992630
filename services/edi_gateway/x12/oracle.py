"""Asks pyx12, document by document, what it finds wrong: the second opinion our verdicts answer to.

Its own driver reads the maps again for every file and keeps only what its 997 prints. This one
reads them once and keeps every note, so that a test can hold thousands of documents against it.
Reader, walker and segment checks are pyx12's own. Headers and trailers of interchange and group are
compared by `read_reference_envelopes`; `guide.reference_verdict` asks pyx12 about a whole file.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any, TypeAlias

import pyx12.codes
import pyx12.map_if
import pyx12.map_index
import pyx12.map_walker
import pyx12.params
import pyx12.x12file

from services.edi_gateway.x12.differences import complete_folder, lineage
from services.edi_gateway.x12.guide import DEFAULT_GUIDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP_PATH = "/ISA_LOOP/GS_LOOP"
ENVELOPE = frozenset({"ISA", "TA1", "GS", "GE", "IEA"})

Pyx12: TypeAlias = Any
"""An object of pyx12; the library's classes are not meant for others' annotations."""


@dataclass(frozen=True, slots=True)
class ReferenceNote:
    """One thing pyx12 finds wrong in a segment: an AK3 when `element` is 0, an AK4 otherwise.

    `loop_id` is the id of the segment that opens the loop, empty at the top. `beside` tells, for
    whoever must say why two readers differ, that a loop is called missing while one of the same
    place in the map is being entered.
    """

    position: int
    segment_id: str
    loop_id: str
    code: str
    element: int = 0
    component: int = 0
    data_element: str = ""
    value: str = ""
    beside: bool = False


@dataclass(slots=True)
class ReferenceSet:
    """What pyx12 finds wrong in one ST-SE: AK5 `codes`, `notes`, or a `fault` of pyx12 itself.

    `loops` names, for each segment from the ST, the loop it was given a place in; empty when it has
    none. Filled while the document is read, and only read afterwards.
    """

    codes: list[str] = field(default_factory=list)
    notes: list[ReferenceNote] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    fault: str = ""

    @property
    def accepted(self) -> bool:
        """Whether pyx12 has nothing to say against the document."""
        return not (self.codes or self.notes or self.fault)


def read_reference(
    data: bytes, name: str = DEFAULT_GUIDE, folder: Path | None = None
) -> list[ReferenceSet]:
    """Return what pyx12 finds in every ST-SE of a file that has sound envelopes.

    External code sets advise in our guides, so pyx12 is told to leave them out.
    """
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    source = pyx12.x12file.X12Reader(StringIO(data.decode("latin-1"), newline=""))
    found: list[ReferenceSet] = []
    root: Pyx12 = None
    walk: _Walk | None = None
    for segment in source:
        name_of = segment.get_seg_id()
        said = source.pop_errors()
        if name_of == "GS":
            version, group = segment.get_value("GS08"), segment.get_value("GS01")
            root = _map_of(name, folder, source.icvn, version, group)
        elif name_of == "ST":
            found.append(ReferenceSet())
            walk = _Walk(root, found[-1])
        if walk is not None and name_of not in ENVELOPE:
            walk.take(segment, source.get_seg_count(), said)
    return found


def read_reference_envelopes(data: bytes) -> dict[str, set[str]]:
    """Return what pyx12's reader says of the envelopes: TA1 codes as `isa`, AK9's as `gs`, AK5's.

    The codes of AK5 stand under `st`. Only trailers are compared with their headers here.
    """
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    source = pyx12.x12file.X12Reader(StringIO(data.decode("latin-1"), newline=""))
    codes: dict[str, set[str]] = {"isa": set(), "gs": set(), "st": set()}
    for _ in source:
        for level, code, *_ in source.pop_errors():
            codes.setdefault(level, set()).add(code)
    source.cleanup()
    for level, code, *_ in source.pop_errors():
        codes.setdefault(level, set()).add(code)
    return codes


@cache
def _map_of(name: str, folder: Path | None, interchange: str, version: str, group: str) -> Pyx12:
    """Return the map that pyx12's index names for a group, loaded once."""
    param = pyx12.params.params()
    with complete_folder(lineage(name, folder)) as place:
        path = str(place)
        advising = (code_set for code_set, _ in pyx12.codes.list_external_codesets(path))
        param.set("exclude_external_codes", ",".join(advising))
        file = pyx12.map_index.map_index(path).get_filename(interchange, version, group)
        return pyx12.map_if.load_map_file(file, param, path)


class _Walk:
    """pyx12's walker on its way through one document."""

    def __init__(self, root: Pyx12, verdict: ReferenceSet) -> None:
        """Stand at the group header, as pyx12 does before an ST."""
        self._walker = pyx12.map_walker.walk_tree()
        self._walker.forceWalkCounterToLoopStart(GROUP_PATH, f"{GROUP_PATH}/GS")
        self._node = root.getnodebypath(f"{GROUP_PATH}/GS")
        self._verdict = verdict

    def take(self, segment: Pyx12, position: int, said: list[Pyx12]) -> None:
        """Place one segment and check it; what the reader `said` of it comes first."""
        verdict = self._verdict
        verdict.codes += [code for level, code, *_ in said if level == "st"]
        if verdict.fault:
            return
        name = segment.get_seg_id() or ""
        position += name == "SE"  # pyx12's count leaves the trailer out
        verdict.notes += [
            ReferenceNote(position, name, "", code) for level, code, *_ in said if level == "seg"
        ]
        try:
            node, _, _, errors = self._walker.walk_errors(self._node, segment, position, 0, None)
            verdict.loops.append("" if node is None else str(node.parent.name))
            verdict.notes += [_structure(error, position, name, node) for error in errors]
            if node is not None:
                self._node = node
                verdict.notes += _content(node, segment, position)
        except Exception as error:  # noqa: BLE001 - a walker that breaks down has given no verdict
            verdict.fault = f"{type(error).__name__}: {error}"


def _structure(error: Pyx12, position: int, name: str, stands: Pyx12) -> ReferenceNote:
    node = error.map_node
    about = error.seg_data.get_seg_id() if error.seg_data is not None else name
    return ReferenceNote(
        position=position,
        segment_id=about or name,
        loop_id="" if node is None else _loop_id(node),
        code=error.err_cde,
        beside=node is not None and stands is not None and _is_beside(node.parent, stands.parent),
    )


def _is_beside(one: Pyx12, other: Pyx12) -> bool:
    """Whether two loops have the same place in the same loop."""
    return one is not other and one.parent is other.parent and one.pos == other.pos


def _content(node: Pyx12, segment: Pyx12, position: int) -> Iterator[ReferenceNote]:
    _, errors = node.is_valid_errors(segment)
    for error in errors:
        element, component, data_element = _element_of(error, node.id)
        yield ReferenceNote(
            position=position,
            segment_id=node.id,
            loop_id=_loop_id(node),
            code=error.err_cde,
            element=element,
            component=component,
            data_element=data_element,
            value=error.err_val or "",
        )


def _element_of(error: Pyx12, segment_id: str) -> tuple[int, int, str]:
    """Return element, component and data element of an error; pyx12 names them in three ways."""
    node = error.map_node
    if node is None:
        digits = str(error.refdes).removeprefix(segment_id)
        return int(digits), 0, ""
    if node.parent.is_composite():
        return node.parent.seq, node.seq, node.data_ele
    return node.seq, 0, node.data_ele


def _loop_id(node: Pyx12) -> str:
    """Return the id of the segment that opens the loop of a node; empty at the top."""
    loop = node if node.is_loop() else node.parent
    return "" if loop.id == "ST_LOOP" else str(loop.get_first_seg().id)
