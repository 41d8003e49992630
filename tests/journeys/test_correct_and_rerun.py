"""What was rated wrongly is put right by a person at a desk, and the books agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from services.rating.rerun.asked import CodeMapping, RerunAsked, RerunFilter, mapping_job
from services.rating.rerun.store_jobs import JobState
from services.rating.rerun.views import RerunView, show_job
from services.rating.scope import Scope
from services.rating.service import RatingService
from services.rating.store_activation import TariffKey
from services.rating.tariffs.files import PLANS_FOLDER
from shared.contracts.parts import Environment
from tests.journeys import papers
from tests.journeys.exchange import Exchange, billed, elements
from tests.journeys.papers import ADA, BRUNO, MONTH, MONTH_USD, Paid

MCE = Scope("mce", "pge", Environment.TEST)
SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
NEW = Decimal("57.68")
"""On-peak at 0.18700 instead of 0.20782: 18.70 + 41.93 - 3.10 + 0.15."""
CORRECTED = TariffKey.plan("mce", "MCE-E-TOU-C", "2026-06-01-corrected")


def rating_of(exchange: Exchange) -> RatingService:
    assert exchange.running.rating is not None
    return exchange.running.rating


async def correct_the_card(exchange: Exchange, folder: Path) -> None:
    """The CCA publishes on 30 June what has been right since 1 June."""
    text = SHEET.replace('version = "2026-04-01"', 'version = "2026-06-01-corrected"')
    text = text.replace("effective_from = 2026-04-01", "effective_from = 2026-06-01")
    text = text.replace("known_from = 2026-04-01", "known_from = 2026-06-30")
    (folder / "sheet").mkdir()
    (folder / "sheet" / "card.toml").write_text(text.replace("20782", "18700"))
    await rating_of(exchange).import_tariffs(folder / "sheet", "jane")
    await rating_of(exchange).activate_tariff(CORRECTED, "joe", "checked against the card")


async def job_at(exchange: Exchange, job: RerunView, state: JobState) -> RerunView:
    """The job once it is there."""

    async def there() -> bool:
        return (await look(exchange, job)).state is state

    await exchange.until(there)
    await exchange.settle()
    return await look(exchange, job)


async def look(exchange: Exchange, job: RerunView) -> RerunView:
    async with rating_of(exchange).database.read() as session:
        return await show_job(session, MCE, job.job_id, 1_000_000)


async def dry_run(exchange: Exchange, asked: RerunAsked) -> RerunView:
    """Counts and money, as Ann sees them before she starts anything."""
    rating = rating_of(exchange)
    asked_for = await rating.reruns.ask(MCE, asked, "journey-1", "ann")
    async with rating.database.read() as session:
        job = await show_job(session, MCE, asked_for.job_id, 1_000_000)
    return await job_at(exchange, job, JobState.PLANNED)


async def start(exchange: Exchange, job: RerunView) -> RerunView:
    """Ann has seen it and says go."""
    await rating_of(exchange).reruns.start(MCE, job.job_id, "ann", "looks right")
    return await job_at(exchange, job, JobState.DONE)


class TestATariffCorrectedForThePast:
    async def test_is_put_right_by_cancels_and_rebills_and_the_books_agree(
        self, enrolled: Exchange, tmp_path: Path
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"))
        first = await enrolled.invoice_of("USE1")
        await enrolled.send(
            "pge",
            "820",
            papers.payment("pge", "mce", "T1", MONTH_USD, [Paid(MONTH_USD, ADA.account, first)]),
        )
        await correct_the_card(enrolled, tmp_path)

        asked = RerunAsked(
            filter=RerunFilter(plan_id="MCE-E-TOU-C", plan_version="2026-04-01"),
            reason="card corrected on 30 June",
        )
        job = await dry_run(enrolled, asked)
        assert job.plan is not None
        assert (job.plan.sent, job.plan.unsent) == (2, 0)
        assert len(enrolled.documents("pge", "810")) == 2
        done = await start(enrolled, job)

        assert done.progress.outcomes == {"rebilled": 2}
        documents = enrolled.documents("pge", "810")
        assert len(documents) == 6
        cancels = [each for each in documents if elements(each, "BIG")[0][7] == "01"]
        assert {elements(each, "TDS")[0][0] for each in cancels} == {"5976"}
        assert elements(cancels[0], "REF", "OI") == [("OI", first)]
        assert (await enrolled.state("inbound", "867", "USE1"))["rated"] == "charged"
        rebills = [each for each in documents[2:] if elements(each, "BIG")[0][7] == "00"]
        assert [elements(each, "TDS")[0][0] for each in rebills] == ["5768"] * 2
        assert job.plan.new == 2 * NEW
        journal = await enrolled.journal()
        assert journal == {
            "accounts_receivable": 2 * NEW,
            "cash_in_transit": Decimal(MONTH_USD),
            "unapplied": -Decimal(MONTH_USD),
            **billed(2 * NEW, "0.30"),
        }

        invoices = [elements(each, "BIG")[0][1] for each in rebills]
        accounts = [elements(each, "REF", "12")[0][1] for each in rebills]
        lines = [
            Paid(f"-{MONTH_USD}", ADA.account, first),
            *(Paid(str(NEW), *of) for of in zip(accounts, invoices, strict=True)),
        ]
        total = str(2 * NEW - Decimal(MONTH_USD))
        await enrolled.send("pge", "820", papers.payment("pge", "mce", "T2", total, lines))
        assert await enrolled.journal() == {
            "cash_in_transit": 2 * NEW,
            **billed(2 * NEW, "0.30"),
        }
        assert [await enrolled.open_usd(invoice) for invoice in (first, *invoices)] == [0, 0, 0]

    async def test_a_second_time_changes_nothing(self, enrolled: Exchange, tmp_path: Path) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        await correct_the_card(enrolled, tmp_path)
        asked = RerunAsked(filter=RerunFilter(rate_code="E-TOU-C"), reason="card corrected")
        await start(enrolled, await dry_run(enrolled, asked))

        rating = rating_of(enrolled)
        again = await rating.reruns.ask(MCE, asked, "journey-2", "ann")
        async with rating.database.read() as session:
            job = await show_job(session, MCE, again.job_id, 1_000_000)
        job = await job_at(enrolled, job, JobState.PLANNED)

        assert job.plan is not None
        assert [(each.effect, each.items) for each in job.plan.effects] == [("unchanged", 1)]
        assert len(enrolled.documents("pge", "810")) == 3


class TestARateCodeThatNoPlanKnows:
    async def test_of_ten_accounts_is_mapped_once_and_all_are_charged(
        self, exchange: Exchange
    ) -> None:
        people = [
            replace(
                ADA,
                name=f"PERSON {number}",
                account=f"41000001{number:02d}",
                meter=f"MX{number}",
                rate_code="H2ETOUCN",
            )
            for number in range(10)
        ]
        requests = [papers.request(who, f"ENROL-{who.account}") for who in people]
        await exchange.send("pge", "814", *requests)
        reads = [papers.usage(who, f"USE-{who.account}", MONTH) for who in people]
        await exchange.send("pge", "867", *reads)
        held = await exchange.state("inbound", "867", f"USE-{people[0].account}")
        assert (held["rated"], held["exception_code"]) == ("held", "RATE_NOT_FOUND")

        mapping = CodeMapping(
            rate_code="H2ETOUCN", plan_code="E-TOU-C", effective_from=date(2026, 1, 1)
        )
        job = await dry_run(exchange, mapping_job(mapping, "renamed by the utility"))
        assert job.plan is not None
        assert (job.plan.unsent, job.plan.new) == (10, 10 * Decimal(MONTH_USD))
        await start(exchange, job)

        totals = [elements(each, "TDS")[0][0] for each in exchange.documents("pge", "810")]
        assert totals == ["5976"] * 10


LINES = (
    (*("SAC", "C", "", "EU", "ENC001", "2078", "", "", "0.20782", "KH", "100"), "", "", "1"),
    (*("SAC", "C", "", "EU", "ENC001", "4193", "", "", "0.10482", "KH", "400"), "", "", "2"),
    (*("SAC", "A", "", "EU", "ENC003", "310", "", "", "0.0062", "KH", "500"), "", "", "3"),
    ("TXI", "ET", "0.15", "", "", "", "A"),
)
"""What a utility that holds MCE's card computes for `MONTH`."""


class TestABillThatTheUtilityComputed:
    async def test_is_checked_once_its_usage_comes_and_is_applied(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "810", papers.utility_bill(ADA, "PGE1", "USE1", LINES, "5976"))
        assert (await enrolled.state("inbound", "810", "PGE1"))["applied"] == "waiting"

        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))

        assert (await enrolled.state("inbound", "810", "PGE1"))["applied"] == "applied"
        assert (await enrolled.entries("PGE1"))[-2:] == ["ShadowBillWaits", "ShadowBillAgrees"]

    async def test_at_another_price_is_an_exception_with_every_difference(
        self, enrolled: Exchange
    ) -> None:
        dear = ("SAC", "C", "", "EU", "ENC001", "2500", "", "", "0.25", *LINES[0][9:])
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))

        bill = papers.utility_bill(ADA, "PGE1", "USE1", [dear, *LINES[1:]], "6398")
        await enrolled.send("pge", "810", bill)

        state = await enrolled.state("inbound", "810", "PGE1")
        assert (state["applied"], state["exception_code"]) == ("exception", "SHADOW_BILL_DIFFERS")
        found = await enrolled.rows(
            "SELECT kind FROM rating.shadow_differences WHERE is_current ORDER BY difference_id"
        )
        assert [each["kind"] for each in found] == ["price", "amount", "total"]
