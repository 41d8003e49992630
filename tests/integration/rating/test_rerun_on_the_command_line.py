"""`ccax rerun` on a database: a rate code is looked at, mapped and its usage charged."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.words import JUNE, meter, request, usage

Ccax = Callable[..., tuple[int, str]]


@pytest.fixture
def ccax(migrated_dsn: str) -> Ccax:
    """Runs `ccax rerun …` on a database of the test's own."""
    url = migrated_dsn.replace("+asyncpg", "")

    def command(*words: str) -> tuple[int, str]:
        surroundings = {"CCAX_DATABASE_URL": url, "COLUMNS": "200"}
        done = CliRunner().invoke(app, ["rerun", *words], env=surroundings)
        return done.exit_code, done.output

    return command


async def run(ccax: Ccax, *words: str) -> tuple[int, str]:
    """A command makes an event loop of its own, so it runs beside ours."""
    return await asyncio.to_thread(ccax, *words)


class TestOnTheCommandLine:
    async def test_a_rate_code_is_mapped_and_its_usage_charged(
        self, office: Office, ccax: Ccax, tmp_path: Path
    ) -> None:
        await office.tell(enrollment(request(rate_code="H2")))
        reads = meter(JUNE, {"on": "100", "off": "200"}, rate_code="H2")
        await office.tell(usage_report(usage("U1", reads)))

        listed = await run(ccax, "unmapped", "mce")
        planned = await run(
            *(ccax, "map", "mce", "H2", "E-TOU-C", "--from", "2026-01-01"),
            *("--reason", "renamed", "--as", "ann"),
        )
        found = re.search(r"job ([0-9a-f-]{36}): planned", planned[1])
        assert found is not None, planned
        started = await run(ccax, "start", "mce", found[1], "--reason", "go on", "--as", "ann")
        out = tmp_path / "result.csv"
        written = await run(ccax, "csv", "mce", found[1], "--out", str(out))

        assert "H2" in listed[1]
        assert "0 were sent and are cancelled and billed anew, 1 wait and are charged" in planned[1]
        assert (started[0], "charged: 1" in started[1]) == (0, True)
        assert (written[0], len(out.read_text().splitlines())) == (0, 2)
        assert "charge" in (await run(ccax, "show", "mce", found[1]))[1]
        assert "done" in (await run(ccax, "list", "mce"))[1]

    async def test_a_plan_is_cancelled_and_says_who(self, office: Office, ccax: Ccax) -> None:
        planned = await run(
            ccax, "plan", "mce", "--rate-code", "E-1", "--reason", "looking", "--as", "ann"
        )
        found = re.search(r"job ([0-9a-f-]{36}): planned, 0", planned[1])
        assert found is not None, planned

        status, told = await run(
            ccax, "cancel", "mce", found[1], "--reason", "nothing", "--as", "bob"
        )

        assert (status, "cancelled" in told) == (0, True)
        assert (await run(ccax, "show", "nobody", found[1]))[0] == 1
