"""A scripted back office for the simulator's own tests: it answers at once, and wrongly on request.

It stands on the simulator's own reader and writer, which is enough to test the utility's
behaviour; whether both really speak X12 is shown where the simulator meets the services.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO

from simulator.plan import DayPlan
from simulator.x12 import (
    Envelope,
    Group,
    Segment,
    Transaction,
    element,
    read_interchanges,
    write_interchange,
)

PRICE = Decimal("0.10000")


@dataclass(slots=True)
class BackOffice:
    """A mailbox with a back office behind it; `habits` names the things it does wrong."""

    plan: DayPlan
    habits: frozenset[str] = frozenset()
    outbound: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)
    enrolled: set[str] = field(default_factory=set)
    invoices: dict[str, tuple[str, list[Segment]]] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    payments: list[Transaction] = field(default_factory=list)
    control: int = 0

    async def put(self, name: str, data: bytes) -> None:
        self.uploads[name] = data
        if data in self.seen:
            return
        self.seen.add(data)
        for interchange in read_interchanges(data):
            for group in interchange.groups:
                self._handle(group)

    async def waiting(self) -> list[str]:
        return sorted(self.outbound)

    async def take(self, name: str) -> bytes:
        return self.outbound[name]

    async def remove(self, name: str) -> None:
        del self.outbound[name]

    def _handle(self, group: Group) -> None:
        for transaction in group.transactions:
            self.received[transaction.set_id] += 1
        if group.functional_id == "FA":
            return
        bad = [one for one in group.transactions if _garbled(one)]
        good = [one for one in group.transactions if not _garbled(one)]
        self._receipt(group, bad)
        if group.functional_id == "GE":
            self._send("814", [self._enrol(one) for one in good])
        elif group.functional_id == "PT":
            self._send("810", [text for one in good if (text := self._charge(one))])
        elif group.functional_id == "RA":
            self.payments += good

    def _receipt(self, group: Group, bad: list[Transaction]) -> None:
        if "silent" in self.habits and group.functional_id == "PT":
            return
        loops: list[Segment] = []
        for one in bad:
            loops += [("AK2", one.set_id, one.control), ("AK5", "R", "5")]
        count = len(group.transactions)
        verdict = "A" if not bad else "P"
        body = [
            ("AK1", group.functional_id, str(group.control)),
            *loops,
            ("AK9", verdict, str(count), str(count), str(count - len(bad))),
        ]
        self._send("997", [body])
        if "receipts twice" in self.habits:
            self._send("997", [body])

    def _enrol(self, request: Transaction) -> list[Segment]:
        account = _reference(request, "12")
        body: list[Segment] = [
            ("BGN", "11", f"R{self.control}", "20260706", "", "", element(request.segments[0], 2)),
            ("LIN", "1", "SH", "EL", "SH", "CE"),
        ]
        if account in self.enrolled:
            return [*body, ("ASI", "U", "021"), ("REF", "7G", "ABN", "ALREADY ENROLLED")]
        self.enrolled.add(account)
        return [*body, ("ASI", "WQ", "021"), ("REF", "12", account)]

    def _charge(self, used: Transaction) -> list[Segment] | None:
        bpt = used.segments[0]
        if bpt[1] == "01":
            number, lines = self.invoices[element(bpt, 9)]
            head = ("BIG", "20260706", f"K{number}", "", "", element(bpt, 2), "", "ME", "01")
            return [head, ("REF", "OI", number), *lines]
        account = _reference(used, "12")
        measures = [s for s in used.segments if s[0] == "MEA"]
        total = Decimal(next(m[3] for m in measures if m[7] == "51"))
        parts = [Decimal(m[3]) for m in measures if m[7] != "51"] or [total]
        if sum(parts) != total or account not in self.enrolled:
            return None
        if _reference(used, "NH") == "ZZ-99":
            return None
        number = f"I{bpt[2]}"
        lines = self._lines(used, parts)
        self.invoices[bpt[2]] = (number, lines)
        if "forgets one" in self.habits and bpt[2].endswith("3"):
            return None
        return [("BIG", "20260706", number, "", "", bpt[2], "", "ME", "00"), *lines]

    def _lines(self, used: Transaction, parts: list[Decimal]) -> list[Segment]:
        total = 0
        body: list[Segment] = []
        for place, part in enumerate(parts, 1):
            cents = int((part * PRICE * 100).quantize(Decimal(1), ROUND_HALF_UP))
            total += cents
            money = ("C", "", "EU", "ENC001", str(cents), "", "", str(PRICE), "KH", str(part))
            body.append(("SAC", *money, "", "", str(place), "", "GENERATION"))
        if "adds wrongly" in self.habits:
            total += 1
        parties = [s for s in used.segments if s[0] == "N1" and s[1] in {"8S", "SJ"}]
        period = [s for s in used.segments if s[0] == "DTM" and s[1] in {"150", "151"}]
        return [
            ("REF", "12", _reference(used, "12")),
            ("REF", "Q5", "", _reference(used, "Q5", 3)),
            *parties,
            ("IT1", "1", "", "", "", "", "SV", "ELECTRIC", "C3", "ACCOUNT"),
            ("TXI", "UT", "0.25", "", "", "", "", "A"),
            *period,
            *body,
            ("TDS", str(total + 25)),
        ]

    def _send(self, set_id: str, transactions: list[list[Segment]]) -> None:
        if not transactions:
            return
        self.control += 2 if "skips numbers" in self.habits else 1
        indicator = "P" if "wrong environment" in self.habits else self.plan.usage_indicator
        envelope = Envelope(
            *("ZZ", "CCAEXCHANGE", "01", self.plan.identity.duns),
            *(self.control, self.plan.day, indicator),
        )
        stream = BytesIO()
        write_interchange(stream, envelope, self.plan.style, set_id, transactions)
        name = f"{self.plan.utility.upper()}_{set_id}_{self.control:09d}.edi"
        self.outbound[name] = stream.getvalue()


def _garbled(transaction: Transaction) -> bool:
    for segment in transaction.segments:
        if segment[0] == "QTY":
            return not segment[2].replace(".", "").isdigit()
    return False


def _reference(transaction: Transaction, qualifier: str, position: int = 2) -> str:
    for segment in transaction.segments:
        if segment[0] == "REF" and segment[1] == qualifier:
            return element(segment, position)
    raise AssertionError(qualifier)
