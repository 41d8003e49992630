"""Logs come out in one form, carry the ids of the work, and never show customers' data."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.platform.telemetry import configure_logging, log_context, logger


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


class TestJsonLogs:
    def test_a_line_carries_the_ids_of_the_work(self, capsys: pytest.CaptureFixture[str]) -> None:
        configure_logging("json")

        with log_context(correlation_id="c-1", file_id="f-1"):
            logger("test").info("file archived", size=12)

        line = json.loads(capsys.readouterr().err)
        assert line["event"] == "file archived"
        assert (line["correlation_id"], line["file_id"], line["size"]) == ("c-1", "f-1", 12)

    def test_a_librarys_line_comes_out_the_same_way(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging("json")

        with log_context(message_id="m-1"):
            logging.getLogger("some.library").warning("it is %s", "slow")

        line = json.loads(capsys.readouterr().err)
        assert (line["event"], line["level"], line["message_id"]) == (
            "it is slow",
            "warning",
            "m-1",
        )

    @pytest.mark.parametrize("log_format", ["json", "console"])
    def test_a_traceback_shows_no_values(
        self, log_format: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configure_logging(log_format)

        def bill(customer: str) -> None:
            raise RuntimeError(f"a bug in a name of {len(customer)} letters")

        try:
            bill("jane doe".upper())
        except RuntimeError:
            logger("test").exception("billing failed")

        shown = capsys.readouterr().err
        assert "a bug in a name of 8 letters" in shown
        assert "JANE DOE" not in shown
