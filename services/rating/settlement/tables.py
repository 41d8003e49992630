"""The tables of the yearly settlement: runs, what each customer's year ends in, approvals, moves.

Rows are only added. A balance is still what all rows add up to: the lines of charges, and the
moves of approved runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.columns import SCOPE_COLUMNS, moment, scope, serial


@dataclass(frozen=True, slots=True)
class SettlementTables:
    """All tables of the yearly settlement.

    Attributes:
        runs: what somebody prepared, for which year and at which rate.
        ends: what each service agreement's year ends in, with the policy that says so.
        approvals: who let a run count; one a year and CCA.
        moves: what approved runs put into balances, and took out.
    """

    runs: Table
    ends: Table
    approvals: Table
    moves: Table


def settlement_tables(metadata: MetaData) -> SettlementTables:
    """Declare the tables of the yearly settlement among a service's others."""
    return SettlementTables(
        runs=_runs(metadata),
        ends=_ends(metadata),
        approvals=_approvals(metadata),
        moves=_moves(metadata),
    )


def _runs(metadata: MetaData) -> Table:
    return Table(
        "settlement_runs",
        metadata,
        serial("run_id"),
        *scope(),
        Column("ended_on", Date, nullable=False),
        Column("nsc_micro", BigInteger, nullable=False),
        Column("digest", Text, nullable=False),
        Column("prepared_by", Text, nullable=False),
        moment("prepared_at"),
        UniqueConstraint("digest", "ended_on", *SCOPE_COLUMNS),
    )


def _ends(metadata: MetaData) -> Table:
    return Table(
        "settlement_ends",
        metadata,
        Column("run_id", ForeignKey("rating.settlement_runs.run_id"), primary_key=True),
        Column("account_number", Text, primary_key=True),
        Column("service_agreement_id", Text, primary_key=True),
        Column("bills", Integer, nullable=False),
        Column("surplus_micro", BigInteger, nullable=False),
        Column("rate_micro", BigInteger, nullable=False),
        Column("balance_cents", BigInteger, nullable=False),
        Column("earned_cents", BigInteger, nullable=False),
        Column("paid_cents", BigInteger, nullable=False),
        Column("how", Text, nullable=False),
        Column("next_balance_cents", BigInteger, nullable=False),
        Column("settled_through", Date, nullable=False),
        Column("ended_cents", BigInteger, nullable=False),
        Column("policy", JSONB, nullable=False),
    )


def _approvals(metadata: MetaData) -> Table:
    return Table(
        "settlement_approvals",
        metadata,
        Column("run_id", ForeignKey("rating.settlement_runs.run_id"), primary_key=True),
        *scope(),
        Column("ended_on", Date, nullable=False),
        Column("prepared_by", Text, nullable=False),
        Column("approved_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        moment("approved_at"),
        UniqueConstraint("ended_on", *SCOPE_COLUMNS),
        CheckConstraint("approved_by <> prepared_by", name="two_people"),
    )


def _moves(metadata: MetaData) -> Table:
    return Table(
        "settlement_moves",
        metadata,
        Column("run_id", ForeignKey("rating.settlement_runs.run_id"), primary_key=True),
        Column("account_number", Text, primary_key=True),
        Column("service_agreement_id", Text, primary_key=True),
        *scope(),
        Column("settled_through", Date, nullable=False),
        Column("ended_cents", BigInteger, nullable=False),
        Column("compensation_cents", BigInteger, nullable=False),
        moment("moved_at"),
        Index("ix_settlement_moves_account_number", "account_number", *SCOPE_COLUMNS),
    )
