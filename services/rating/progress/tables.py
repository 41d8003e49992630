"""The tables of progress: where the bill of each usage stands, and how many stand where.

`bills` says where a row stands now; the facts behind it are usage, charges, reviews and the
gateway's messages. `batch_counts` is what adding up `bills` and the register would give, kept with
them in the same statement, so that a look at a batch does not read a million rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from shared.platform.columns import SCOPE_COLUMNS, moment, scope


@dataclass(frozen=True, slots=True)
class ProgressTables:
    """All tables of progress.

    Attributes:
        bills: one row for each 867 that is not a copy: where its bill stands, and until when it
            still reaches the customer.
        counts: for each batch, how many bills stand where and why; beside it, under `covered`, how
            many agreements have a bill, and under `roster` how many more than in the month before
            are to have one.
    """

    bills: Table
    counts: Table


def progress_tables(metadata: MetaData) -> ProgressTables:
    """Declare the tables of progress among a service's others."""
    return ProgressTables(bills=_bills(metadata), counts=_counts(metadata))


def _bills(metadata: MetaData) -> Table:
    return Table(
        "bills",
        metadata,
        Column("transaction_id", ForeignKey("rating.usage.transaction_id"), primary_key=True),
        *scope(),
        Column("purpose", Text, nullable=False),
        Column("account_number", Text, nullable=False),
        Column("service_agreement_id", Text, nullable=False),
        Column("is_expected", Boolean, nullable=False),
        Column("bill_cycle", Text, nullable=False),
        Column("month", Date, nullable=False),
        Column("stage", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("is_open", Boolean, nullable=False),
        Column("charge_id", Uuid),
        moment("due_at", nullable=True),
        Column("basis", Text),
        moment("warned_at", nullable=True),
        moment("missed_at", nullable=True),
        Column("sending", Integer, nullable=False, server_default=text("1")),
        moment("sent_at", nullable=True),
        moment("answered_at", nullable=True),
        Column("answer", Text),
        # Of an agreement's month: what it has besides, and what an account page shows.
        Index("ix_bills_account_number", "account_number", "month", *SCOPE_COLUMNS),
        Index("ix_bills_due_at", "due_at", "transaction_id", postgresql_where=text("is_open")),
        Index(
            "ix_bills_batch",
            *("bill_cycle", "month", *SCOPE_COLUMNS, "due_at"),
            postgresql_where=text("is_open"),
        ),
    )


def _counts(metadata: MetaData) -> Table:
    return Table(
        "batch_counts",
        metadata,
        Column("what", Text, nullable=False),
        Column("month", Date, nullable=False),
        Column("bill_cycle", Text, nullable=False),
        Column("reason", Text, nullable=False),
        *scope(),
        Column("count", BigInteger, nullable=False),
        PrimaryKeyConstraint("what", "month", "bill_cycle", "reason", *SCOPE_COLUMNS),
    )
