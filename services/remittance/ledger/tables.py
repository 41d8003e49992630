"""The tables of the ledger: taxes of receivables, write-offs, closed months and export batches.

All of them are only added to. The journal itself and the balances of receivables stand in
`services/remittance/store.py`, which makes these tables with its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
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

from shared.platform.columns import SCOPE_COLUMNS, cents, day, moment, scope, word


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """All tables of the ledger.

    Attributes:
        receivable_tax: what of a receivable is tax, by who is owed it; without cancels.
        write_off: what people decided to write off, and took back; in cents signed as the charge,
            with the utility's write-off (248) it follows, if it follows one.
        closed_period: months that are closed, by whom, and what the audit had left to say.
        closed_balance: every account's opening, movements and closing of a closed month.
        gl_batch: what accounting was given, numbered; its bytes are in `gl_batch_part`.
        gl_batch_part: the file of a batch in compressed pieces.
        worked_write_off: what people made of a utility's write-off (248), and what it compared to.
    """

    receivable_tax: Table
    write_off: Table
    closed_period: Table
    closed_balance: Table
    gl_batch: Table
    gl_batch_part: Table
    worked_write_off: Table


def ledger_tables(metadata: MetaData) -> LedgerTables:
    """Make the ledger's tables in the service's schema."""
    return LedgerTables(
        receivable_tax=_receivable_tax(metadata),
        write_off=_write_off(metadata),
        closed_period=_closed_period(metadata),
        closed_balance=_closed_balance(metadata),
        gl_batch=_gl_batch(metadata),
        gl_batch_part=_gl_batch_part(metadata),
        worked_write_off=_worked_write_off(metadata),
    )


def _receivable_tax(metadata: MetaData) -> Table:
    return Table(
        "receivable_tax",
        metadata,
        Column("receivable_id", Uuid, ForeignKey("remittance.receivable.receivable_id")),
        word("code"),
        word("jurisdiction"),
        cents("cents"),
        PrimaryKeyConstraint("receivable_id", "code", "jurisdiction"),
    )


def _write_off(metadata: MetaData) -> Table:
    return Table(
        "write_off",
        metadata,
        Column("write_off_id", Uuid, primary_key=True),
        *scope(),
        Column(
            "receivable_id", Uuid, ForeignKey("remittance.receivable.receivable_id"), nullable=False
        ),
        cents("cents"),
        Column("takes_back", Uuid, ForeignKey("remittance.write_off.write_off_id"), unique=True),
        word("reason"),
        word("decided_by"),
        Column("approved_by", Text),
        day("effective_on"),
        moment("decided_at"),
        Column("reported_in", Uuid),
        Column("reported_sequence", Integer),
        CheckConstraint("cents <> 0", name="moves_money"),
        CheckConstraint("approved_by <> decided_by", name="two_people"),
        ForeignKeyConstraint(
            ("reported_in", "reported_sequence"),
            [
                "remittance.reported_write_off.transaction_id",
                "remittance.reported_write_off.sequence",
            ],
        ),
        Index("ix_write_off_receivable_id", "receivable_id"),
        Index("ix_write_off_scope", *SCOPE_COLUMNS, "decided_at"),
    )


def _closed_period(metadata: MetaData) -> Table:
    return Table(
        "closed_period",
        metadata,
        *scope(),
        Column("month", Date),
        word("closed_by"),
        moment("closed_at"),
        word("note"),
        Column("entries", BigInteger, nullable=False),
        Column("not_entered", Integer, nullable=False),
        Column("held_payments", Integer, nullable=False),
        PrimaryKeyConstraint(*SCOPE_COLUMNS, "month"),
        CheckConstraint("extract(day FROM month) = 1", name="first_day"),
    )


def _closed_balance(metadata: MetaData) -> Table:
    key = (*SCOPE_COLUMNS, "month")
    return Table(
        "closed_balance",
        metadata,
        *scope(),
        Column("month", Date),
        word("ledger_account"),
        word("jurisdiction"),
        cents("opening_cents"),
        cents("debit_cents"),
        cents("credit_cents"),
        cents("closing_cents"),
        PrimaryKeyConstraint(*key, "ledger_account", "jurisdiction"),
        ForeignKeyConstraint(key, [f"remittance.closed_period.{name}" for name in key]),
        CheckConstraint("opening_cents + debit_cents - credit_cents = closing_cents", name="adds"),
    )


def _gl_batch(metadata: MetaData) -> Table:
    return Table(
        "gl_batch",
        metadata,
        *scope(),
        Column("number", Integer),
        day("month"),
        Column("after_entry_id", BigInteger, nullable=False),
        Column("through_entry_id", BigInteger, nullable=False),
        Column("entries", BigInteger, nullable=False),
        cents("debit_cents"),
        cents("credit_cents"),
        Column("sha256", LargeBinary, nullable=False),
        Column("size", BigInteger, nullable=False),
        word("mapping"),
        word("made_by"),
        moment("made_at"),
        PrimaryKeyConstraint(*SCOPE_COLUMNS, "number"),
        UniqueConstraint(*SCOPE_COLUMNS, "month", "after_entry_id"),
        CheckConstraint("debit_cents = credit_cents", name="balanced"),
        CheckConstraint("after_entry_id < through_entry_id", name="range"),
    )


def _gl_batch_part(metadata: MetaData) -> Table:
    key = (*SCOPE_COLUMNS, "number")
    return Table(
        "gl_batch_part",
        metadata,
        *scope(),
        Column("number", Integer),
        Column("part", Integer),
        Column("content", LargeBinary, nullable=False),
        PrimaryKeyConstraint(*key, "part"),
        ForeignKeyConstraint(key, [f"remittance.gl_batch.{name}" for name in key]),
    )


def _worked_write_off(metadata: MetaData) -> Table:
    key = ("transaction_id", "sequence")
    return Table(
        "worked_write_off",
        metadata,
        Column("transaction_id", Uuid),
        Column("sequence", Integer),
        word("decision"),  # followed | dismissed
        word("comparison"),  # agrees | differs | unknown_account
        cents("open_cents"),
        word("reason"),
        word("worked_by"),
        moment("worked_at"),
        PrimaryKeyConstraint(*key),
        ForeignKeyConstraint(key, [f"remittance.reported_write_off.{name}" for name in key]),
    )
