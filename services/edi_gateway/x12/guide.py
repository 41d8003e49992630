"""Loads an implementation guide: the folder of maps that says what a utility's documents hold.

Guides are data in pyx12's map format, so that they can be read, compared and checked with a tool
others maintain. This is the only file that touches pyx12: its loader reads the folder, and its
nodes are turned into our own rules and dropped. A guide that extends another is made complete
first (`differences.py`). A guide that cannot be loaded is our fault, not a partner's, so it raises.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from io import StringIO
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pyx12.codes
import pyx12.map_if
import pyx12.map_index
import pyx12.params
import pyx12.x12n_document

from services.edi_gateway.x12.differences import (
    GUIDES_FOLDER,
    GuideFile,
    complete_folder,
    editions,
    inserted,
    lineage,
)
from services.edi_gateway.x12.rules import (
    UNLIMITED,
    ElementRule,
    Guide,
    LoopRule,
    OldForms,
    SegmentRule,
    SetMap,
    SyntaxKind,
    SyntaxNote,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAPS_FOLDER = GUIDES_FOLDER
DEFAULT_GUIDE = "uig_004010"
INTERCHANGE_VERSION = "00401"
TRANSACTION_PATH = "/ISA_LOOP/GS_LOOP/ST_LOOP"
FIRST_KEY = 1
DATE = "DT"
TRAILER = "SE"
CONTROL_NUMBER = "329"
CONTROL_NUMBER_FORM_MAX = 35
"""How long a padded control number may be before it is no control number any more."""

SHORT_DATE_LENGTH = 6

MapNode: TypeAlias = Any
"""A node of pyx12's map tree; the library ships no types."""


@dataclass(frozen=True, slots=True)
class ReferenceVerdict:
    """What pyx12's own walker says of a whole file; `fault` tells that it broke down instead."""

    accepted: bool
    fault: str = ""


class UnusableGuideError(Exception):
    """A guide folder cannot be loaded or holds something this codec does not support."""


@lru_cache(maxsize=16)
def load_guide(name: str = DEFAULT_GUIDE, folder: Path | None = None) -> Guide:
    """Load a guide by its folder name, once per process.

    Raises UnusableGuideError with the file and the reason when the folder is missing or broken.
    """
    try:
        guides = lineage(name, folder)
        with complete_folder(guides) as path:
            return _read_guide(guides, path, folder)
    except UnusableGuideError:
        raise
    except Exception as error:  # pyx12 raises many unrelated types; all mean the same here
        message = f"Guide {name} in {folder or MAPS_FOLDER} cannot be loaded: {error}"
        raise UnusableGuideError(message) from error


def edition_for(guide: Guide, functional_id: str, version: str) -> Guide:
    """Return the guide that reads a group: the guide itself, or its edition of that version.

    When neither covers the version the guide itself is returned, and `check_group` refuses.
    """
    if guide.covers(functional_id, version):
        return guide
    for name in guide.editions:
        other = load_guide(name, guide.folder)
        if other.covers(functional_id, version):
            return other.under(guide.policy)
    return guide


def _read_guide(guides: tuple[GuideFile, ...], path: Path, folder: Path | None) -> Guide:
    """Turn a complete map folder into rules."""
    name = guides[0].name
    index = pyx12.map_index.map_index(str(path))
    entries = [e for e in index.maps if e["icvn"] == INTERCHANGE_VERSION and e["fic"]]
    files = {str(entry["abbr"]): str(entry["map_file"]) for entry in entries}
    nodes = {set_id: _load_map(path, file) for set_id, file in files.items()}
    groups = {
        str(entry["fic"]): frozenset(str(e["abbr"]) for e in entries if e["fic"] == entry["fic"])
        for entry in entries
    }
    sets = {
        set_id: _set_map(set_id, node, frozenset(g for g, s in groups.items() if set_id in s))
        for set_id, node in nodes.items()
    }
    if not sets:
        message = f"Guide {name} in {path} lists no maps for version {INTERCHANGE_VERSION}."
        raise UnusableGuideError(message)
    return Guide(
        name=name,
        versions={
            functional_id: frozenset(str(e["vriic"]) for e in entries if e["fic"] == functional_id)
            for functional_id in groups
        },
        groups=groups,
        sets=sets,
        segment_ids=frozenset().union(*(one.segment_ids for one in sets.values())),
        lineage=tuple(guide.name for guide in guides),
        editions=editions(guides),
        folder=folder,
        old_forms=_old_forms(sets, inserted(guides)),
    )


def _old_forms(sets: dict[str, SetMap], extra_elements: dict[str, int]) -> OldForms | None:
    """Say where the dates of these maps may have six digits; None when none may."""
    short: dict[str, frozenset[int]] = {}
    for segment in (segment for one in sets.values() for segment in _segments(one.root)):
        numbers = frozenset(
            element.number
            for element in segment.elements
            if element.data_type == DATE and element.min_length == SHORT_DATE_LENGTH
        )
        if numbers:
            short[segment.id] = short.get(segment.id, frozenset()) | numbers
    return OldForms(short, extra_elements) if short else None


def reference_verdict(
    data: bytes, name: str = DEFAULT_GUIDE, folder: Path | None = None
) -> ReferenceVerdict:
    """Ask pyx12 itself about a file: the oracle of the tests and of `validate --reference`.

    External code sets advise in our guides, so pyx12 is told to leave them out. It reads strict
    106-byte headers only and is far too slow for daily work.
    """
    with complete_folder(lineage(name, folder)) as path:
        return _walk(data, str(path))


def _walk(data: bytes, path: str) -> ReferenceVerdict:
    param = pyx12.params.params()
    advising = (code_set for code_set, _ in pyx12.codes.list_external_codesets(path))
    param.set("exclude_external_codes", ",".join(advising))
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    source = StringIO(data.decode("latin-1"), newline="")
    try:
        accepted = pyx12.x12n_document.x12n_document(param, source, None, None, map_path=path)
    except Exception as error:  # noqa: BLE001 - a walker that breaks down has given no verdict
        return ReferenceVerdict(accepted=False, fault=f"{type(error).__name__}: {error}")
    return ReferenceVerdict(accepted=bool(accepted))


def _load_map(path: Path, file: str) -> MapNode:
    return pyx12.map_if.load_map_file(file, pyx12.params.params(), str(path))


def _set_map(set_id: str, root: MapNode, functional_ids: frozenset[str]) -> SetMap:
    node = root.getnodebypath(TRANSACTION_PATH)
    keys = count(FIRST_KEY)
    loop = _loop_rule(node, root, keys)
    return SetMap(set_id, functional_ids, loop, frozenset(one.id for one in _segments(loop)))


def _segments(loop: LoopRule) -> Iterator[SegmentRule]:
    for child in loop.children:
        if isinstance(child, LoopRule):
            yield from _segments(child)
        else:
            yield child


def _loop_rule(node: MapNode, root: MapNode, keys: Iterator[int]) -> LoopRule:
    key = next(keys)
    children: list[SegmentRule | LoopRule] = []
    for child in node.childIterator():
        if child.is_loop():
            children.append(_loop_rule(child, root, keys))
        else:
            children.append(_segment_rule(child, root, keys))
    if not children or isinstance(children[0], LoopRule):
        message = (
            f"Loop {node.get_path()} does not begin with a segment; wrapper loops have no use."
        )
        raise UnusableGuideError(message)
    if node.usage == "N":  # whoever opens the loop meets its first segment
        children[0] = replace(children[0], not_used=True)
    return LoopRule(
        key=key,
        id=children[0].id,
        name=node.name or node.id,
        position=int(node.pos),
        required=node.usage == "R",
        max_use=min(node.get_max_repeat(), UNLIMITED),
        children=tuple(children),
        not_used=node.usage == "N",
    )


def _segment_rule(node: MapNode, root: MapNode, keys: Iterator[int]) -> SegmentRule:
    elements = tuple(_element_rule(child, root) for child in node.children)
    if node.id == TRAILER:
        elements = tuple(map(_any_form, elements))
    first = elements[0] if elements else None
    is_key = first is not None and first.data_type == "ID" and first.required
    return SegmentRule(
        key=next(keys),
        id=node.id,
        name=node.name or node.id,
        position=int(node.pos),
        required=node.usage == "R",
        max_use=min(node.get_max_repeat(), UNLIMITED),
        elements=elements,
        notes=tuple(
            SyntaxNote(cast("SyntaxKind", note[0]), tuple(int(n) for n in note[1:]))
            for note in node.syntax
        ),
        keys=first.codes if first is not None and is_key else frozenset(),
        not_used=node.usage == "N",
    )


def _any_form(element: ElementRule) -> ElementRule:
    """Take a trailer's control number in any length: the scan compares it with its header's."""
    if element.data_element != CONTROL_NUMBER:
        return element
    return replace(element, min_length=1, max_length=CONTROL_NUMBER_FORM_MAX)


def _element_rule(node: MapNode, root: MapNode) -> ElementRule:
    if node.is_composite():
        return ElementRule(
            number=node.seq,
            name=node.name or "",
            data_element=node.data_ele or "",
            data_type="composite",
            min_length=0,
            max_length=UNLIMITED,
            required=node.usage == "R",
            not_used=node.usage == "N",
            components=tuple(_element_rule(child, root) for child in node.children),
        )
    advised: frozenset[str] = frozenset()
    if node.external_codes is not None:
        advised = frozenset(root.ext_codes.codes[node.external_codes]["codes"])
    return ElementRule(
        number=node.seq,
        name=node.name or "",
        data_element=node.data_ele,
        data_type=node.data_type,
        min_length=node.min_len,
        max_length=node.max_len,
        required=node.usage == "R",
        not_used=node.usage == "N",
        codes=frozenset(node.valid_codes),
        advised_codes=advised,
    )
