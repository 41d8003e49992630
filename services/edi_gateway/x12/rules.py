"""What a guide asks of a document, as plain frozen values: segments, loops, elements, codes.

The guides are kept as pyx12 map folders; `guide.py` turns them into these. Nothing here knows
where a rule came from, so the validator can be read without knowing pyx12.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from services.edi_gateway.x12.policy import DEFAULT_POLICY, Policy

if TYPE_CHECKING:
    from pathlib import Path

VERSION_LENGTH = 6
VERSION_LENGTH_MAX = 12
"""GS08: six digits of version, release and subrelease, then up to six signs of an industry."""

UNLIMITED = 2**31 - 1

SyntaxKind = Literal["P", "R", "E", "C", "L"]


@dataclass(frozen=True, slots=True)
class ElementRule:
    """One element, or one component of a composite element.

    `codes` decide: another value is refused. `advised_codes` only advise: utilities extend these
    lists over time, so another value is a warning. Lengths count digits alone in numbers.
    """

    number: int
    name: str
    data_element: str
    data_type: str
    min_length: int
    max_length: int
    required: bool
    not_used: bool = False
    codes: frozenset[str] = frozenset()
    advised_codes: frozenset[str] = frozenset()
    components: tuple[ElementRule, ...] = ()


@dataclass(frozen=True, slots=True)
class SyntaxNote:
    """A relation between elements: P all or none, R one at least, E one at most, C and L if first.

    C: when the first is there, all others must be. L: when the first is there, one other must be.
    """

    kind: SyntaxKind
    elements: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """One place where a segment may stand. `keys` are the first-element codes that pick it out."""

    key: int
    id: str
    name: str
    position: int
    required: bool
    max_use: int
    elements: tuple[ElementRule, ...]
    notes: tuple[SyntaxNote, ...] = ()
    keys: frozenset[str] = frozenset()
    not_used: bool = False

    @property
    def opening(self) -> SegmentRule:
        """The segment by which this place is recognised: itself."""
        return self


@dataclass(frozen=True, slots=True)
class LoopRule:
    """A loop: it begins with its first child, a segment, and holds segments and loops by place."""

    key: int
    id: str
    name: str
    position: int
    required: bool
    max_use: int
    children: tuple[SegmentRule | LoopRule, ...]
    not_used: bool = False

    @property
    def opening(self) -> SegmentRule:
        """The segment that begins the loop."""
        return self.children[0].opening


@dataclass(frozen=True, slots=True, eq=False)
class SetMap:
    """The map of one transaction set: its tree from ST to SE and every segment id it knows.

    Compared by identity: a map is loaded once, and comparing whole trees would cost more than use.
    """

    set_id: str
    functional_ids: frozenset[str]
    root: LoopRule
    segment_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class OldForms:
    """How documents of an older version differ in form from what everything behind expects.

    `short_dates` are the elements, by segment id, that may hold YYMMDD instead of CCYYMMDD;
    `extra_elements` the one element, by segment id, that the newer version dropped.
    """

    short_dates: dict[str, frozenset[int]]
    extra_elements: dict[str, int]


@dataclass(frozen=True, slots=True)
class Guide:
    """An implementation guide: the maps of all its sets and the group headers it answers to.

    `groups` maps a functional identifier (GS01) to the sets that may stand in such a group,
    `versions` to the versions (GS08) in which such a group is read: a 999 is of 005010.
    `lineage` names the guide and those it extends, itself first. `editions` are the guides that
    read other versions, found in `folder`. `policy` says how forgiving it is read with.
    """

    name: str
    versions: dict[str, frozenset[str]]
    groups: dict[str, frozenset[str]]
    sets: dict[str, SetMap]
    segment_ids: frozenset[str] = field(default_factory=frozenset)
    policy: Policy = DEFAULT_POLICY
    lineage: tuple[str, ...] = ()
    editions: tuple[str, ...] = ()
    folder: Path | None = None
    old_forms: OldForms | None = None

    def under(self, policy: Policy) -> Guide:
        """Return the same guide read with another policy; what was learned of its maps stays."""
        return self if policy == self.policy else replace(self, policy=policy)

    def covers(self, functional_id: str, version: str) -> bool:
        """Whether this guide reads a group: its version, with or without an industry's suffix."""
        known = self.versions.get(functional_id, frozenset())
        if version in known:
            return True
        base, suffix = version[:VERSION_LENGTH], version[VERSION_LENGTH:]
        return base in known and suffix.isalnum() and len(version) <= VERSION_LENGTH_MAX

    def set_map(self, set_id: str) -> SetMap | None:
        """Return the map of a transaction set; None when this guide has none."""
        return self.sets.get(set_id)

    def functional_id(self, set_id: str) -> str:
        """Return the GS01 under which a set travels; empty when this guide does not know it."""
        for functional_id, sets in self.groups.items():
            if set_id in sets:
                return functional_id
        return ""
