"""What the utility estimated is marked on every line it is charged by, to the printed text."""

from __future__ import annotations

from dataclasses import replace

from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA

TEXT = 14


class TestAnEstimatedRead:
    async def test_is_told_in_the_text_of_every_line_it_is_charged_by(
        self, enrolled: Exchange
    ) -> None:
        guessed = replace(papers.MONTH, read="KA")

        await enrolled.send("pge", "867", papers.usage(ADA, "USE1", guessed))

        (charge,) = enrolled.documents("pge", "810")
        assert [line[TEXT] for line in elements(charge, "SAC")] == [
            "GENERATION ON PEAK SUMMER ESTIMATED",
            "GENERATION OFF PEAK SUMMER ESTIMATED",
            "COST RELIEF CREDIT ESTIMATED",
        ]
        assert elements(charge, "TDS") == [(papers.MONTH_USD.replace(".", ""),)]

    async def test_a_measured_month_says_nothing_of_it(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))

        (charge,) = enrolled.documents("pge", "810")
        assert not any("ESTIMATED" in line[TEXT] for line in elements(charge, "SAC"))
