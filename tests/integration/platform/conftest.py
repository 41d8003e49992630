"""Logs of the plumbing as in production, so that a test shows what an operator would see."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.platform.telemetry import configure_logging


@pytest.fixture(autouse=True)
def _logs_as_in_production() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("json", "WARNING")
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
