"""The tables of the usage checks: figures to compare with, findings, and our own estimated copy.

Rows are only added. The copy is laid out like the interval store, and nothing that bills reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.columns import SCOPE_COLUMNS, moment, scope, serial


@dataclass(frozen=True, slots=True)
class VeeTables:
    """All tables of the usage checks.

    Attributes:
        figures: what each 867 says of each meter, in a few numbers.
        findings: what a check found, about which meter of which 867.
        estimates: what we estimated of a series, and how.
        estimate_days: those days of it that have an estimate of ours, a row a day.
    """

    figures: Table
    findings: Table
    estimates: Table
    estimate_days: Table


def vee_tables(metadata: MetaData) -> VeeTables:
    """Declare the tables of the usage checks among a service's others."""
    return VeeTables(
        figures=_figures(metadata),
        findings=_findings(metadata),
        estimates=_estimates(metadata),
        estimate_days=_estimate_days(metadata),
    )


def _transaction(*, primary_key: bool = False) -> Column[Any]:
    return Column(
        "transaction_id",
        ForeignKey("rating.usage.transaction_id"),
        primary_key=primary_key,
        nullable=False,
    )


def _figures(metadata: MetaData) -> Table:
    return Table(
        "usage_figures",
        metadata,
        _transaction(primary_key=True),
        Column("meter_number", Text, primary_key=True),
        Column("period_start", Date, primary_key=True),
        Column("period_end", Date, nullable=False),
        *scope(),
        Column("account_number", Text, nullable=False),
        Column("delivered_micro", BigInteger, nullable=False),
        Column("received_micro", BigInteger, nullable=False),
        Column("demand_micro", BigInteger, nullable=False),
        Column("estimated", Boolean, nullable=False),
        Column("from_intervals", Boolean, nullable=False, server_default=text("false")),
        Column("minutes", Integer),
        Column("reactive_micro", BigInteger, nullable=False, server_default=text("0")),
        Column("digest", LargeBinary, nullable=False),
        Index("ix_usage_figures_account_number", "account_number", *SCOPE_COLUMNS),
    )


def _findings(metadata: MetaData) -> Table:
    return Table(
        "usage_findings",
        metadata,
        serial("finding_id"),
        _transaction(),
        *scope(),
        Column("account_number", Text, nullable=False),
        Column("meter_number", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("mode", Text, nullable=False),
        Column("first_day", Date, nullable=False),
        Column("last_day", Date, nullable=False),
        Column("intervals", Integer, nullable=False),
        Column("numbers", JSONB, nullable=False),
        Column("message", Text, nullable=False),
        moment("found_at"),
        Index("ix_usage_findings_transaction_id", "transaction_id"),
        Index("ix_usage_findings_code", "code", "found_at", *SCOPE_COLUMNS),
    )


def _estimates(metadata: MetaData) -> Table:
    return Table(
        "estimate_series",
        metadata,
        Column(
            "series_id",
            ForeignKey("rating.interval_series.series_id"),
            primary_key=True,
            autoincrement=False,
        ),
        _transaction(),
        Column("linear", Integer, nullable=False),
        Column("like_days", Integer, nullable=False),
        Column("profile", Integer, nullable=False),
        Column("left_open", Integer, nullable=False),
        Column("estimated_micro", BigInteger, nullable=False),
        Column("scaled_to_micro", BigInteger),
        Column("profile_version", Text, nullable=False),
        moment("made_at"),
        Index("ix_estimate_series_transaction_id", "transaction_id"),
    )


def _estimate_days(metadata: MetaData) -> Table:
    return Table(
        "estimate_days",
        metadata,
        Column("series_id", BigInteger, primary_key=True, autoincrement=False),
        Column("day", Date, primary_key=True),
        Column("quality", LargeBinary, nullable=False),
        Column("readings", ARRAY(Integer), nullable=False),
    )
