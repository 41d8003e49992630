"""Draws the reports' charts; each place links to what it is the sum of."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from services.remittance.statements.positions import BUCKETS
from services.remittance.statements.statement import Statement
from services.remittance.statements.views import AgedView, DaysToCashView, ShortView, TaxView
from shared.contracts.measures import from_cents
from shared.platform.web.charts import Chart, Number, Series


def dollars(amount: Number) -> str:
    """Write dollars to the cent."""
    return f"{amount:,.2f}"


def months_chart(history: Sequence[Statement], cca: str) -> Chart:
    """Billed and paid month by month, and what was owed at the end."""
    return Chart(
        name="months",
        title="Billed, paid and owed by month",
        labels=[f"{each.month:%Y-%m}" for each in history],
        series=[
            Series("billed", [from_cents(each.billed_cents) for each in history]),
            Series("paid", [from_cents(-each.paid_cents) for each in history]),
            Series(
                "owed at the end", [from_cents(each.closing_cents) for each in history], kind="line"
            ),
        ],
        unit="dollars",
        of_label="Month",
        links=[f"/reports/?cca={cca}&month={each.month:%Y-%m}" for each in history],
        number=dollars,
    )


def aging_chart(rows: Sequence[AgedView]) -> Chart:
    """What is open by age, a series for each class."""
    names = {"residential": "residential", "commercial": "commercial", "": "class not said"}
    classes = [name for name in names if any(row.customer_class == name for row in rows)]
    return Chart(
        name="ages",
        title="Open by days since the bill",
        labels=[f"{each} days" for each in BUCKETS],
        series=[
            Series(
                names[name],
                [
                    sum((row.open[place] for row in rows if row.customer_class == name), Decimal(0))
                    for place in range(len(BUCKETS))
                ],
            )
            for name in classes
        ],
        unit="dollars",
        of_label="Age",
        stacked=True,
        number=dollars,
    )


def taxes_chart(rows: Sequence[TaxView]) -> Chart:
    """Billed and collected taxes of a month, by jurisdiction."""
    return Chart(
        name="taxes",
        title="Taxes billed and collected in the month",
        labels=[row.jurisdiction.title() for row in rows],
        series=[
            Series("billed, less cancelled", [row.billed + row.cancelled for row in rows]),
            Series("collected", [row.collected for row in rows]),
        ],
        unit="dollars",
        of_label="Owed to",
        number=dollars,
    )


def short_chart(rows: Sequence[ShortView]) -> Chart:
    """What is missing, by reason."""
    return Chart(
        name="reasons",
        title="Missing by reason",
        labels=[row.reason.replace("_", " ") for row in rows],
        series=[Series("missing", [row.open for row in rows])],
        unit="dollars",
        of_label="Reason",
        number=dollars,
    )


def cash_chart(row: DaysToCashView, query: str) -> Chart:
    """How many bills were paid after how many days."""
    return Chart(
        name=f"days-{row.cca}",
        title=f"{row.cca}: days from bill to cash",
        labels=[each.label for each in row.bins],
        series=[Series("bills", [each.charges for each in row.bins])],
        unit="bills",
        of_label="Days",
        links=[
            f"/reports/charges{query}&days_from={each.days_from}"
            + (f"&days_to={each.days_to}" if each.days_to is not None else "")
            for each in row.bins
        ],
    )
