"""The tables of the reports: frozen statements, and the classes that accounts are told in.

Rows are only added. A statement's figures stand beside the bytes of the printed one, so that the
audit can compare them with the journal for ever.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.remittance.ledger.tables import SCOPE_COLUMNS

_CENTS = ("opening", "billed", "cancelled", "paid", "adjusted", "written_off", "closing")


def monthly_statement(metadata: MetaData) -> Table:
    """Make the table in the service's schema; `number` counts a CCA's statements from 1."""
    key = (*SCOPE_COLUMNS, "month")
    return Table(
        "monthly_statement",
        metadata,
        *(Column(name, Text, nullable=False) for name in SCOPE_COLUMNS),
        Column("number", Integer),
        Column("month", Date, nullable=False),
        *(Column(f"{name}_cents", BigInteger, nullable=False) for name in _CENTS),
        Column("content", LargeBinary, nullable=False),
        Column("sha256", LargeBinary, nullable=False),
        Column("made_at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint(*SCOPE_COLUMNS, "number"),
        UniqueConstraint(*key),
        ForeignKeyConstraint(
            key,
            [f"remittance.closed_period.{name}" for name in key],
            name="fk_monthly_statement_closed_period",
        ),
        CheckConstraint(
            "opening_cents + billed_cents + cancelled_cents + paid_cents + adjusted_cents"
            " + written_off_cents = closing_cents",
            name="adds",
        ),
    )


def account_class(metadata: MetaData) -> Table:
    """Make the table in the service's schema; each 814 that names a rate code has one row."""
    return Table(
        "account_class",
        metadata,
        Column("transaction_id", Uuid, primary_key=True),
        *(Column(name, Text, nullable=False) for name in SCOPE_COLUMNS),
        Column("account_number", Text, nullable=False),
        Column("customer_class", Text, nullable=False),  # residential | commercial
        Column("rate_code", Text, nullable=False),
        Column("effective_on", Date, nullable=False),
        Column("requested_on", Date, nullable=False),
        Index("ix_account_class_account", "account_number", *SCOPE_COLUMNS),
    )
