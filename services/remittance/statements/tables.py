"""The tables of the reports: frozen statements, and the classes that accounts are told in.

Rows are only added. A statement's figures stand beside the bytes of the printed one, so that the
audit can compare them with the journal for ever.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
)

from shared.platform.columns import SCOPE_COLUMNS, day, moment, scope, word

_CENTS = ("opening", "billed", "cancelled", "paid", "adjusted", "written_off", "closing")


def monthly_statement(metadata: MetaData) -> Table:
    """Make the table in the service's schema; `number` counts a CCA's statements from 1."""
    key = (*SCOPE_COLUMNS, "month")
    return Table(
        "monthly_statement",
        metadata,
        *scope(),
        Column("number", Integer),
        day("month"),
        *(Column(f"{name}_cents", BigInteger, nullable=False) for name in _CENTS),
        Column("content", LargeBinary, nullable=False),
        Column("sha256", LargeBinary, nullable=False),
        moment("made_at"),
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
        *scope(),
        word("account_number"),
        word("customer_class"),  # residential | commercial
        word("rate_code"),
        day("effective_on"),
        day("requested_on"),
        Index("ix_account_class_account", "account_number", *SCOPE_COLUMNS),
    )
