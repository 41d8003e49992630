"""Figures of review: what waits, how bill windows stand, when the value hold was proved."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

from shared.platform.telemetry import REGISTRY

REVIEWS_OPEN: Final = Gauge(
    "ccax_reviews_open",
    "Charges that are computed and wait for a person",
    ["cca", "utility"],
    registry=REGISTRY,
)
REVIEWS_EXPIRED: Final = Counter(
    "ccax_reviews_expired_total",
    "Charges still under review shortly before their bill window closes",
    ["cca", "utility"],
    registry=REGISTRY,
)
BILL_WINDOWS: Final = Gauge(
    "ccax_bill_windows",
    "Bills not accepted yet, by their bill window: open, closing, unanswered, missed",
    ["cca", "utility", "standing"],
    registry=REGISTRY,
)
VALUE_HOLD_PROVED: Final = Gauge(
    "ccax_value_hold_proved_timestamp_seconds",
    "When a synthetic charge was last stopped by the value hold",
    ["cca", "customer_class"],
    registry=REGISTRY,
)
VALUE_HOLD_FAILED: Final = Counter(
    "ccax_value_hold_failed_total",
    "Tests in which the value hold let a synthetic charge pass, or that were missed",
    ["cca", "customer_class"],
    registry=REGISTRY,
)
