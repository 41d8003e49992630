"""Tells what happened on a billing day: for people as a table, for programs as JSON.

Sums are whole cents, so a caller can set them beside the services' own ledger without rounding.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Deliberate:
    """Something made wrong on purpose: which kind, about which account and document."""

    kind: str
    account: str
    document: str


@dataclass(frozen=True, slots=True)
class CcaSums:
    """One CCA's day, in cents: charged, taken back by cancels, rejected by 824, and paid."""

    cca: str
    invoices: int
    charged_cents: int
    cancelled_cents: int
    rejected_cents: int
    paid_cents: int
    payment_lines: int
    paid_in_full: int
    paid_short: int
    reversed: int
    trace: str
    bank_account: str

    @property
    def net_cents(self) -> int:
        """What the customers owe after cancels: charged less cancelled."""
        return self.charged_cents - self.cancelled_cents


@dataclass(frozen=True, slots=True)
class DayReport:
    """What the utility saw on one billing day; `balanced` means that all of it was as expected."""

    utility: str
    day: str
    settled: str
    seed: int
    accounts: int
    sent: dict[str, int]
    received: dict[str, int]
    enrolled: int
    enrollments_rejected: int
    usage_sent: int
    charged: int
    uncharged: tuple[str, ...]
    cancelled: int
    advice_sent: tuple[str, ...]
    advice_received: tuple[str, ...]
    ccas: tuple[CcaSums, ...]
    deliberate: tuple[Deliberate, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether everything the utility can see is as it should be."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values; amounts are whole cents."""
        totals = {
            name: sum(getattr(cca, name) for cca in self.ccas)
            for name in ("charged_cents", "cancelled_cents", "net_cents", "paid_cents")
        }
        ccas = [asdict(cca) | {"net_cents": cca.net_cents} for cca in self.ccas]
        return asdict(self) | {"ccas": ccas, "totals": totals, "balanced": self.balanced}


def amount(cents: int) -> str:
    """Write cents as dollars for people: 1,234.56."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def counts_table(report: DayReport) -> Table:
    """Build the table of what was sent and what came back."""
    table = Table(title=f"{report.utility.upper()} billing day {report.day}", title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    rows = [
        *((f"{set_id} sent", count) for set_id, count in sorted(report.sent.items())),
        *((f"{set_id} received", count) for set_id, count in sorted(report.received.items())),
        ("accounts enrolled", report.enrolled),
        ("enrolments rejected", report.enrollments_rejected),
        ("usages charged", report.charged),
        ("usages not charged", len(report.uncharged)),
        ("charges cancelled", report.cancelled),
    ]
    for what, count in rows:
        table.add_row(what, f"{count:,}")
    return table


def money_table(report: DayReport) -> Table:
    """Build the table of charges and payments for each CCA, in dollars."""
    table = Table(title="Charged and paid, $", title_justify="left", padding=(0, 0))
    table.add_column("CCA")
    for name in ("charges", "charged", "cancelled", "rejected", "paid", "short", "reversed"):
        table.add_column(name, justify="right", no_wrap=True)
    for cca in report.ccas:
        table.add_row(
            cca.cca,
            f"{cca.invoices:,}",
            amount(cca.charged_cents),
            amount(cca.cancelled_cents),
            amount(cca.rejected_cents),
            amount(cca.paid_cents),
            f"{cca.paid_short:,}",
            f"{cca.reversed:,}",
        )
    return table


def faults_table(report: DayReport) -> Table:
    """Build the table of what was made wrong on purpose."""
    table = Table(title="Made wrong on purpose", title_justify="left")
    for name in ("kind", "account", "document"):
        table.add_column(name)
    for one in report.deliberate:
        table.add_row(one.kind, one.account, one.document)
    return table


def save(text: str, path: Path) -> None:
    """Write a report's text to a file."""
    path.write_text(text, encoding="utf-8")
