"""Remembers what ought to come back: who is accepted, what is charged, what is turned down.

Filled while the day is lived and compared with the correspondence when it is balanced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.report import Deliberate
from simulator.world import Mischief

if TYPE_CHECKING:
    from simulator.world import Usage

NEVER_CHARGED = frozenset(
    {Mischief.UNKNOWN_RATE, Mischief.BROKEN_ELEMENT, Mischief.BUCKETS_DO_NOT_ADD}
)


@dataclass(slots=True)
class Expectations:
    """What the utility expects of the day.

    `requests` are the ids of enrolment requests and `refused` those among them that must be
    rejected; `usage` is every 867 sent that is not a cancel, `chargeable` the ids among them
    that must be charged; `cancelled` are the ids whose charge must be taken back; `sent_again`
    are control numbers of files sent twice.
    """

    requests: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    usage: dict[str, Usage] = field(default_factory=dict)
    chargeable: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    sent_again: set[int] = field(default_factory=set)
    deliberate: list[Deliberate] = field(default_factory=list)

    def note(self, kind: str, account: str, document: str) -> None:
        """Write down something made wrong on purpose."""
        self.deliberate.append(Deliberate(kind, account, document))

    def expect_usage(self, used: Usage, mischief: Mischief | None, *, known: bool) -> None:
        """Expect a charge for this usage, or none; `known` says whether its account is enrolled."""
        self.usage[used.id] = used
        if not known:
            self.note(Mischief.UNKNOWN_ACCOUNT, used.account.number, used.id)
        elif mischief in NEVER_CHARGED:
            self.note(str(mischief), used.account.number, used.id)
        else:
            self.chargeable.add(used.id)
