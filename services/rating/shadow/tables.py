"""The tables of shadow bills: how much may differ, and what each check of a bill found."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB


@dataclass(frozen=True, slots=True)
class ShadowTables:
    """All tables of shadow bills.

    Attributes:
        tolerances: how much may differ before a person must look; the last one of a CCA counts.
        checks: every time a bill was checked, and each difference that was found.
    """

    tolerances: Table
    checks: Table


def shadow_tables(metadata: MetaData) -> ShadowTables:
    """Declare the tables of shadow bills among a service's others."""
    return ShadowTables(tolerances=_tolerances(metadata), checks=_checks(metadata))


def _tolerances(metadata: MetaData) -> Table:
    return Table(
        "shadow_tolerances",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("cca", Text, nullable=False),
        Column("utility", Text, nullable=False),
        Column("quantity_micro", BigInteger, nullable=False),
        Column("price_micro", BigInteger, nullable=False),
        Column("line_cents", BigInteger, nullable=False),
        Column("total_cents", BigInteger, nullable=False),
        Column("set_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("set_at", DateTime(timezone=True), nullable=False),
    )


def _checks(metadata: MetaData) -> Table:
    return Table(
        "shadow_checks",
        metadata,
        Column("check_id", BigInteger, Identity(always=True), primary_key=True),
        Column(
            "transaction_id", ForeignKey("rating.reported_invoices.transaction_id"), nullable=False
        ),
        Column("state", Text, nullable=False),
        Column("usage_transaction_id", Uuid),
        Column("plan_id", Text),
        Column("plan_version", Text),
        Column("ours_cents", BigInteger),
        Column("theirs_cents", BigInteger, nullable=False),
        Column("differences", JSONB, nullable=False),
        Column("checked_at", DateTime(timezone=True), nullable=False),
        Index("ix_shadow_checks_transaction_id", "transaction_id", "check_id"),
    )
