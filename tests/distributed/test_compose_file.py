"""Whether docker-compose.yml and what belongs to it say what the program understands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from services.cli import app
from shared.platform.settings import PlatformSettings
from tests.distributed.installation import ROOT, SERVICES

COMPOSE_FILE: Final = ROOT / "docker-compose.yml"
ONE_SHOT: Final = "migrate"
DATA_DIR: Final = "/var/lib/ccax"
UNITS_S: Final = {"s": 1, "m": 60}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(COMPOSE_FILE)
    return read


@pytest.fixture(params=SERVICES)
def ours(compose: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each of the three services in turn."""
    service: dict[str, Any] = compose["services"][request.param]
    return service


class TestComposeFile:
    def test_it_keeps_to_the_published_schema(self) -> None:
        program = Path(sys.executable).with_name("check-jsonschema")
        schema = ("--builtin-schema", "vendor.compose-spec")
        done = subprocess.run(
            [program, *schema, COMPOSE_FILE], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout

    def test_it_runs_what_the_house_plan_names(self, compose: dict[str, Any]) -> None:
        services = compose["services"]
        assert set(services) == {"postgres", "rabbitmq", ONE_SHOT, *SERVICES, "proxy"}
        assert services["postgres"]["image"] == "postgres:18"
        assert services["rabbitmq"]["image"] == "rabbitmq:4-management"

    def test_every_service_that_stays_has_a_health_check(self, compose: dict[str, Any]) -> None:
        for name, service in compose["services"].items():
            check = service["healthcheck"]
            assert check == {"disable": True} if name == ONE_SHOT else check["test"], name

    def test_what_they_wait_for_can_be_waited_for(self, compose: dict[str, Any]) -> None:
        for name, service in compose["services"].items():
            for other, wait in service.get("depends_on", {}).items():
                wanted = (
                    "service_completed_successfully" if other == ONE_SHOT else "service_healthy"
                )
                assert wait["condition"] == wanted, f"{name} waits for {other}"

    def test_every_named_volume_exists_and_is_used(self, compose: dict[str, Any]) -> None:
        mounts = [
            mount.split(":")[0]
            for service in compose["services"].values()
            for mount in service.get("volumes", [])
        ]
        named = {mount for mount in mounts if not mount.startswith(".")}
        assert named == set(compose["volumes"])
        assert all((ROOT / mount).exists() for mount in mounts if mount.startswith("."))


class TestOurServices:
    def test_every_setting_is_one_the_program_knows(self, ours: dict[str, Any]) -> None:
        given = [name for name in ours["environment"] if name.startswith("CCAX_")]
        known = {f"CCAX_{name.upper()}" for name in PlatformSettings.model_fields}
        assert [name for name in given if name not in known] == []

    def test_the_settings_are_accepted(
        self, ours: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in ours["environment"].items():
            monkeypatch.setenv(name, filled(str(value)))
        settings = PlatformSettings()
        assert settings.bus == "rabbitmq"
        assert settings.database_url == "postgresql://ccax:secret@postgres:5432/ccax"
        assert settings.amqp_url == "amqp://ccax:secret@rabbitmq:5672/"

    def test_the_command_is_one_the_command_line_knows(
        self, compose: dict[str, Any], ours: dict[str, Any]
    ) -> None:
        for command in (ours["command"], compose["services"][ONE_SHOT]["command"]):
            done = CliRunner().invoke(app, [*command, "--help"])
            assert done.exit_code == 0, done.output

    def test_there_is_time_to_finish_the_work_in_hand(self, ours: dict[str, Any]) -> None:
        grace = re.fullmatch(r"(\d+)([sm])", ours["stop_grace_period"])
        assert grace is not None
        shutdown_s = float(ours["environment"]["CCAX_SHUTDOWN_S"])
        assert int(grace[1]) * UNITS_S[grace[2]] >= shutdown_s + 5

    def test_copies_and_services_share_one_data_folder(self, ours: dict[str, Any]) -> None:
        assert ours["environment"]["CCAX_DATA_DIR"] == DATA_DIR
        assert ours["volumes"] == [f"data:{DATA_DIR}", "./deploy/own:/etc/ccax:ro"]

    def test_an_installations_own_files_are_those_that_the_example_names(
        self, ours: dict[str, Any]
    ) -> None:
        for name in ("CCAX_GENERAL_LEDGER_FILE", "CCAX_DATA_KEYS_FILE"):
            assert ours["environment"][name] == f"${{{name}:-}}"
            assert f"\n# {name}=/etc/ccax/" in example()

    def test_it_has_no_rights_to_speak_of(self, ours: dict[str, Any]) -> None:
        assert ours["read_only"] is True
        assert ours["cap_drop"] == ["ALL"]
        assert ours["security_opt"] == ["no-new-privileges:true"]


class TestSettingsLeftEmpty:
    def test_a_variable_that_says_nothing_is_as_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in PlatformSettings.model_fields:
            monkeypatch.setenv(f"CCAX_{name.upper()}", "")

        settings = PlatformSettings()

        assert (settings.data_keys_file, settings.general_ledger_file) == (None, None)
        assert settings.http_port == 8080


class TestTheImage:
    def test_it_is_built_in_stages_and_does_not_run_as_root(self) -> None:
        lines = (ROOT / "Dockerfile").read_text().splitlines()
        assert sum(line.startswith("FROM ") for line in lines) > 1
        users = [line.split()[1] for line in lines if line.startswith("USER ")]
        assert users == ["ccax"]
        assert 'ENTRYPOINT ["ccax"]' in lines

    def test_its_settings_are_ones_the_program_knows(self) -> None:
        known = {f"CCAX_{name.upper()}" for name in PlatformSettings.model_fields}
        assert set(re.findall(r"CCAX_\w+", (ROOT / "Dockerfile").read_text())) <= known

    def test_only_what_the_compose_file_asks_for_is_in_the_example(self) -> None:
        asked = set(re.findall(r"\$\{(CCAX_\w+)", COMPOSE_FILE.read_text()))
        offered = set(re.findall(r"^#? ?(CCAX_\w+)=", example(), re.MULTILINE))
        assert offered == asked


def example() -> str:
    return (ROOT / ".env.example").read_text()


def filled(value: str) -> str:
    """A value of the compose file with its variables filled in."""
    return re.sub(
        r"\$\{(\w+)[^}]*\}",
        lambda found: "test" if found[1] == "CCAX_ENVIRONMENT" else "secret",
        value,
    )
