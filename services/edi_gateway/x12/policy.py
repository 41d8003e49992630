"""How forgiving a partner is read: each kind of small fault refuses, or is only told.

A policy never decides what a fault is, only how much it weighs, so the same guide serves a strict
partner and a forgiving one. It is chosen in the partner's profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Weight = Literal["error", "warning"]
"""What a fault of one kind becomes: a refusal, or a warning that is kept and shown."""

Leeway = Literal["unknown_codes", "unknown_segments", "unknown_elements"]
"""The kinds of fault inside a transaction that a policy weighs."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The weight of each kind of fault; the values here hold where no partner is named.

    `unknown_codes`: a value outside a list that advises (utilities extend those over time; a list
    that decides what a document means refuses always). `unknown_segments`: a segment id that the
    transaction set does not have. `unknown_elements`: a value in an element that the guide does
    not use, or behind the last one. `wrong_counts`: SE01, GE01 or IEA01 miscounts.
    `control_numbers`: SE02, GE02 or IEA02 has the number of its header written another way, with
    other zeros or blanks; another number refuses always.
    """

    unknown_codes: Weight = "warning"
    unknown_segments: Weight = "error"
    unknown_elements: Weight = "error"
    wrong_counts: Weight = "error"
    control_numbers: Weight = "warning"

    def weight(self, leeway: Leeway) -> Weight:
        """Return the weight of a fault inside a transaction."""
        if leeway == "unknown_codes":
            return self.unknown_codes
        return self.unknown_segments if leeway == "unknown_segments" else self.unknown_elements


DEFAULT_POLICY = Policy()
