"""Whether the command line writes files, refuses nonsense and tells success by its status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.__main__ import app
from simulator.plan import Connection, DayPlan
from simulator.x12 import read_interchanges
from tests.unit.simulator.back_office import BackOffice


@asynccontextmanager
async def open_for_business(office: BackOffice, home: Path) -> AsyncIterator[None]:
    """Let a back office serve the two folders of a mailbox while the block runs."""

    async def serve() -> None:
        while True:
            for file in sorted((home / "inbound").glob("*.edi")):
                await office.put(file.name, file.read_bytes())
                file.unlink()
            for name in await office.waiting():
                partial = home / "outbound" / f"{name}.part"
                partial.write_bytes(await office.take(name))
                partial.rename(home / "outbound" / name)
                await office.remove(name)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(serve())
    yield
    task.cancel()


def options_for(connection: Connection, report: Path) -> list[str]:
    return [
        *("--host", connection.host, "--port", str(connection.port), "--accounts", "60"),
        *("--key", str(connection.key), "--host-key", str(connection.host_key), "--days", "2"),
        *("--error-rate", "0.2", "--patience", "1", "--report", str(report)),
    ]


class TestWriteCommand:
    @pytest.mark.parametrize(("kind", "set_id"), [("enrol", "814"), ("usage", "867")])
    def test_writes_one_file_with_a_transaction_an_account(
        self, tmp_path: Path, kind: str, set_id: str
    ) -> None:
        out = tmp_path / "out.edi"
        options = ["--kind", kind, "--accounts", "250", "--out", str(out), "--delimiters", "sce"]
        result = CliRunner().invoke(app, ["write", *options])

        assert result.exit_code == 0, result.output
        (interchange,) = read_interchanges(out.read_bytes())
        sets = [one.set_id for one in interchange.groups[0].transactions]
        assert sets == [set_id] * 250

    def test_refuses_an_unknown_kind(self, tmp_path: Path) -> None:
        options = ["--kind", "poetry", "--out", str(tmp_path / "out.edi")]

        assert CliRunner().invoke(app, ["write", *options]).exit_code == 2


class TestDayCommand:
    async def test_lives_two_days_over_sftp_and_ends_well(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        office = BackOffice(DayPlan("pge", connection))
        options = options_for(connection, tmp_path / "report.json")
        async with open_for_business(office, tmp_path / "home"):
            result = await asyncio.to_thread(CliRunner().invoke, app, ["day", *options])

        assert result.exit_code == 0, result.output
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["balanced"]
        assert [day["day"] for day in report["days"]] == ["2026-07-06", "2026-07-07"]
        assert sum(day["enrolled"] for day in report["days"]) == 60
        assert all(day["totals"]["paid_cents"] > 0 for day in report["days"])

    async def test_ends_with_status_one_when_charges_do_not_add_up(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        office = BackOffice(DayPlan("pge", connection), frozenset({"adds wrongly"}))
        options = options_for(connection, tmp_path / "report.json")
        async with open_for_business(office, tmp_path / "home"):
            result = await asyncio.to_thread(CliRunner().invoke, app, ["day", *options])

        assert result.exit_code == 1
        assert "not balanced" in result.output
        assert not json.loads((tmp_path / "report.json").read_text())["balanced"]

    def test_says_that_the_host_cannot_be_reached(self, tmp_path: Path) -> None:
        options = ["--key", str(tmp_path / "none"), "--port", "1", "--trust-any-host-key"]
        result = CliRunner().invoke(app, ["day", *options])

        assert result.exit_code == 2
        assert "could not reach" in result.output

    def test_refuses_an_unknown_phase(self, tmp_path: Path) -> None:
        options = ["--key", str(tmp_path / "none"), "--phases", "enrol,dance"]

        assert CliRunner().invoke(app, ["day", *options]).exit_code == 2
