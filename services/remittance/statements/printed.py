"""Prints a monthly statement on paper: the same figures as the page, for the file and the board."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Final

from services.remittance.ledger.months import BOOKS_ZONE
from services.remittance.statements.paper import INNER, Bars, Paper, Row
from services.remittance.statements.report import Closed, Report
from services.remittance.statements.statement import LINES
from shared.contracts.measures import from_cents
from shared.platform.web.scopes import known_ccas

FIGURE: Final = 84


def usd(cents: int) -> str:
    """Write cents as dollars, e.g. `-1,234.50`."""
    return f"{from_cents(cents):,.2f}"


def name_of(cca: str) -> str:
    """Return the name of a CCA; its code when it is not in the partners' list."""
    return next((one.name.title() for one in known_ccas() if one.cca == cca), cca)


def print_statement(report: Report) -> bytes:
    """Return the statement as PDF; the same report gives the same bytes."""
    statement, closed = report.statement, report.closed
    month = f"{statement.month:%B %Y}"
    state = _named(closed)
    whose = f"{name_of(report.scope.cca)} ({report.scope.utility.upper()})"
    at = closed.at if closed else datetime.combine(statement.on, time(), tzinfo=BOOKS_ZONE)
    environment = report.scope.environment.value
    foot = f"{whose} · {state} · {month} · {environment} · US dollars"
    paper = Paper(f"Monthly statement {statement.month:%Y-%m}, {whose}", foot, at.astimezone(UTC))
    paper.title(f"Monthly statement, {month}")
    paper.words(whose)
    paper.words(_standing(report))
    _lines(paper, report)
    _proof(paper, report)
    _money(paper, report)
    _history(paper, report)
    _taxes(paper, report)
    return paper.content()


def _named(closed: Closed | None) -> str:
    if closed is None:
        return "Draft"
    return f"Statement {closed.number}" if closed.number else "Closed month"


def _standing(report: Report) -> str:
    if report.closed is None:
        return f"Draft: the month is open, and this is as of {report.statement.on:%B %-d, %Y}."
    day = report.closed.at.astimezone(BOOKS_ZONE)
    return (
        f"{_named(report.closed)}: closed by {report.closed.by}"
        f" on {day:%B %-d, %Y} and stays as it is."
    )


def _lines(paper: Paper, report: Report) -> None:
    statement = report.statement
    rows = [
        Row((f"Opening, {statement.month:%B %-d, %Y}", usd(statement.opening_cents)), strong=True)
    ]
    rows += [
        Row((f"{LINES[kind][1]}: {LINES[kind][2]}", usd(cents)))
        for kind, cents in statement.lines()
    ]
    rows.append(
        Row((f"Closing, {statement.on:%B %-d, %Y}", usd(statement.closing_cents)), strong=True)
    )
    paper.heading("What is owed")
    paper.table(("Accounts receivable", "USD"), rows, (INNER - FIGURE, FIGURE))


def _history(paper: Paper, report: Report) -> None:
    months = report.history[-12:]
    paper.heading("The months before", room=190)
    paper.bars(
        [f"{each.month:%Y-%m}" for each in months],
        [
            Bars("billed", [from_cents(each.billed_cents) for each in months]),
            Bars("paid", [from_cents(-each.paid_cents) for each in months]),
            Bars("closing", [from_cents(each.closing_cents) for each in months]),
        ],
        "USD",
    )


def _money(paper: Paper, report: Report) -> None:
    money = report.money
    paper.heading("Where the utility's money went", room=130)
    paper.table(
        ("Payments (820)", "USD"),
        [
            Row(("Announced", usd(money.announced_cents)), strong=True),
            Row(("Applied to charges", usd(money.paid_cents))),
            Row(("Waits for its charge (unapplied)", usd(money.waiting_cents))),
            Row(("Fees and adjustments of the utility", usd(money.kept_cents))),
            Row(("Difference", usd(money.difference_cents)), strong=True),
            Row(("Shown by the bank in the month", usd(money.deposited_cents))),
            Row(("In transit at the end", usd(money.in_transit_cents))),
        ],
        (INNER - FIGURE, FIGURE),
    )


def _taxes(paper: Paper, report: Report) -> None:
    if not report.taxes:
        return
    paper.heading("Taxes payable")
    paper.table(
        ("Owed to", "Opening", "Billed", "Cancelled", "Closing", "Collected"),
        list(_tax_rows(report)),
        (INNER - 5 * 70, *(70,) * 5),
    )


def _tax_rows(report: Report) -> Iterator[Row]:
    sums = [0] * 5
    for tax in report.taxes:
        figures = (
            *(tax.opening_cents, tax.billed_cents, tax.cancelled_cents),
            *(tax.closing_cents, tax.collected_cents),
        )
        sums = [before + more for before, more in zip(sums, figures, strict=True)]
        yield Row((tax.jurisdiction.title(), *(usd(cents) for cents in figures)))
    yield Row(("Together", *(usd(cents) for cents in sums)), strong=True)


def _proof(paper: Paper, report: Report) -> None:
    paper.heading("Proof")
    paper.table(
        ("Compared", "Stated", "Found", ""),
        [
            Row((tie.what, usd(tie.stated_cents), usd(tie.found_cents),
                 "ties" if tie.agrees else "DIFFERS"))
            for tie in report.ties
        ],
        (INNER - 2 * FIGURE - 54, FIGURE, FIGURE, 54),
    )  # fmt: skip
