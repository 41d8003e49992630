"""The tables of shadow bills: how much may differ, what checks found, and who looks after it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

from shared.platform.columns import SCOPE_COLUMNS, moment, scope, serial


@dataclass(frozen=True, slots=True)
class ShadowTables:
    """All tables of shadow bills.

    Attributes:
        tolerances: how much may differ before a person must look; the last one of a CCA counts.
        checks: every time a bill was checked.
        differences: each difference that a check found; those of a bill's last check are current.
        acts: who looks after differences of one cause, or has explained them, and why.
    """

    tolerances: Table
    checks: Table
    differences: Table
    acts: Table


def shadow_tables(metadata: MetaData) -> ShadowTables:
    """Declare the tables of shadow bills among a service's others."""
    return ShadowTables(
        tolerances=_tolerances(metadata),
        checks=_checks(metadata),
        differences=_differences(metadata),
        acts=_acts(metadata),
    )


def _tolerances(metadata: MetaData) -> Table:
    return Table(
        "shadow_tolerances",
        metadata,
        serial("seq"),
        Column("cca", Text, nullable=False),
        Column("utility", Text, nullable=False),
        Column("quantity_micro", BigInteger, nullable=False),
        Column("price_micro", BigInteger, nullable=False),
        Column("line_cents", BigInteger, nullable=False),
        Column("total_cents", BigInteger, nullable=False),
        Column("set_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        moment("set_at"),
    )


def _checks(metadata: MetaData) -> Table:
    return Table(
        "shadow_checks",
        metadata,
        serial("check_id"),
        Column(
            "transaction_id", ForeignKey("rating.reported_invoices.transaction_id"), nullable=False
        ),
        Column("state", Text, nullable=False),
        Column("usage_transaction_id", Uuid),
        Column("plan_id", Text),
        Column("plan_version", Text),
        Column("ours_cents", BigInteger),
        Column("theirs_cents", BigInteger, nullable=False),
        moment("checked_at"),
        Index("ix_shadow_checks_transaction_id", "transaction_id", "check_id"),
    )


def _differences(metadata: MetaData) -> Table:
    current = text("is_current")
    return Table(
        "shadow_differences",
        metadata,
        serial("difference_id"),
        Column("check_id", ForeignKey("rating.shadow_checks.check_id"), nullable=False),
        *scope(),
        Column("transaction_id", Uuid, nullable=False),
        Column("invoice_number", Text, nullable=False),
        Column("account_number", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("label", Text, nullable=False),
        Column("ours", Text),
        Column("theirs", Text),
        Column("difference_cents", BigInteger, nullable=False),
        moment("since"),
        Column("is_current", Boolean, nullable=False),
        Index("ix_shadow_differences_check_id", "check_id"),
        Index("ix_shadow_differences_transaction_id", "transaction_id"),
        Index(
            "ix_shadow_differences_cause",
            *("kind", "code", "difference_id", *SCOPE_COLUMNS),
            postgresql_where=current,
        ),
        Index(
            "ix_shadow_differences_newest",
            "difference_id",
            *SCOPE_COLUMNS,
            postgresql_where=current,
        ),
    )


def _acts(metadata: MetaData) -> Table:
    return Table(
        "shadow_acts",
        metadata,
        serial("act_id"),
        *scope(),
        Column("kind", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("act", Text, nullable=False),
        Column("owner", Text),
        Column("by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        moment("at"),
        Index("ix_shadow_acts_cause", "kind", "code", *SCOPE_COLUMNS),
    )
