"""The tables of the bank: accounts, files, statements, movements, and what they were matched with.

Rows are only added, but for three projections: a statement's state moves forward once its account
is known, a match is ended when another takes its place, and `bank_place` says which one counts.
Numbers of bank accounts and the bytes of files are sealed, see `shared/platform/keyring.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.platform.columns import SCOPE_COLUMNS, cents, day, moment, scope, word


@dataclass(frozen=True, slots=True)
class BankTables:
    """All tables of the bank.

    Attributes:
        account: a bank account of one CCA, for what one utility pays; its number is sealed.
        file: what a bank sent, whole and sealed.
        statement: what a file says of one account, and whether it is held.
        movement: money that came in or went out; each once, however often it was told.
        sighting: a movement as one statement tells it.
        match: payments and movements that belong together, or stand alone.
        place: which match of a payment, or of a movement, counts now.
        hand_match: what an act of the workbench put together, or (`takes_back`) let go again.
    """

    account: Table
    file: Table
    statement: Table
    movement: Table
    sighting: Table
    match: Table
    place: Table
    hand_match: Table


def bank_tables(metadata: MetaData) -> BankTables:
    """Declare the tables of the bank among remittance's others."""
    return BankTables(
        account=_account(metadata),
        file=_file(metadata),
        statement=_statement(metadata),
        movement=_movement(metadata),
        sighting=_sighting(metadata),
        match=_match(metadata),
        place=_place(metadata),
        hand_match=_hand_match(metadata),
    )


def _words(name: str) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False)


def _sealed() -> tuple[Column[str], Column[bytes]]:
    """What is encrypted, and with which key."""
    return word("key_id"), Column("sealed", LargeBinary, nullable=False)


def _account(metadata: MetaData) -> Table:
    return Table(
        "bank_account",
        metadata,
        Column("account_id", Uuid, primary_key=True),
        *scope(),
        word("name"),
        word("last_four"),
        Column("fingerprint", LargeBinary, nullable=False, unique=True),
        *_sealed(),
        word("registered_by"),
        moment("registered_at"),
        Index("ix_bank_account_scope", *SCOPE_COLUMNS),
    )


def _file(metadata: MetaData) -> Table:
    return Table(
        "bank_file",
        metadata,
        Column("file_id", Uuid, primary_key=True),
        Column("sha256", Text, nullable=False, unique=True),
        word("name"),
        word("format"),
        Column("size", Integer, nullable=False),
        *_sealed(),
        word("imported_by"),
        moment("imported_at"),
    )


def _statement(metadata: MetaData) -> Table:
    return Table(
        "bank_statement",
        metadata,
        Column("statement_id", Uuid, primary_key=True),
        Column("file_id", Uuid, ForeignKey("remittance.bank_file.file_id"), nullable=False),
        Column("position", Integer, nullable=False),
        Column("account_id", Uuid, ForeignKey("remittance.bank_account.account_id")),
        word("last_four"),
        word("reference"),
        day("as_of"),
        cents("opening_cents", nullable=True),
        cents("closing_cents", nullable=True),
        cents("moved_cents"),
        Column("movements", Integer, nullable=False),
        Column("new_movements", Integer, nullable=False),
        word("state"),  # held → accepted
        word("held_code", nullable=True),
        word("held_message", nullable=True),
        cents("difference_cents"),
        moment("decided_at"),
        UniqueConstraint("file_id", "position"),
        CheckConstraint(
            "state <> 'accepted' OR opening_cents IS NULL OR closing_cents IS NULL"
            " OR opening_cents + moved_cents = closing_cents",
            name="adds_up",
        ),
        Index("ix_bank_statement_account", "account_id", "as_of"),
    )


def _movement(metadata: MetaData) -> Table:
    return Table(
        "bank_movement",
        metadata,
        Column("movement_id", Uuid, primary_key=True),
        Column(
            "account_id", Uuid, ForeignKey("remittance.bank_account.account_id"), nullable=False
        ),
        *scope(),
        day("booked_on"),
        cents("cents"),
        Index("ix_bank_movement_account", "account_id", "booked_on"),
        Index("ix_bank_movement_scope", *SCOPE_COLUMNS),
    )


def _sighting(metadata: MetaData) -> Table:
    return Table(
        "bank_sighting",
        metadata,
        Column("statement_id", Uuid, ForeignKey("remittance.bank_statement.statement_id")),
        Column("position", Integer),
        Column(
            "movement_id", Uuid, ForeignKey("remittance.bank_movement.movement_id"), nullable=False
        ),
        word("code"),
        word("bank_reference"),
        _words("traces"),
        _words("numbers"),
        word("words"),
        PrimaryKeyConstraint("statement_id", "position"),
        Index("ix_bank_sighting_movement_id", "movement_id"),
    )


def _match(metadata: MetaData) -> Table:
    return Table(
        "bank_match",
        metadata,
        Column("match_id", Uuid, primary_key=True),
        *scope(),
        word("outcome"),
        Column("payments", ARRAY(Uuid), nullable=False),
        Column("movements", ARRAY(Uuid), nullable=False),
        cents("announced_cents"),
        cents("deposited_cents"),
        day("since"),
        word("explanation"),
        Column("act_id", Uuid, ForeignKey("remittance.act.act_id")),
        moment("decided_at"),
        moment("ended_at", nullable=True),
        CheckConstraint(
            "outcome <> 'matched' OR announced_cents = deposited_cents", name="matched_agrees"
        ),
        CheckConstraint("(outcome = 'by_hand') = (act_id IS NOT NULL)", name="decided"),
        Index(
            "ix_bank_match_current",
            *SCOPE_COLUMNS,
            "since",
            "match_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


def _place(metadata: MetaData) -> Table:
    return Table(
        "bank_place",
        metadata,
        Column("subject_id", Uuid, primary_key=True),
        Column("match_id", Uuid, ForeignKey("remittance.bank_match.match_id"), nullable=False),
        Index("ix_bank_place_match_id", "match_id"),
    )


def _hand_match(metadata: MetaData) -> Table:
    return Table(
        "bank_hand_match",
        metadata,
        Column("act_id", Uuid, ForeignKey("remittance.act.act_id"), primary_key=True),
        Column("payments", ARRAY(Uuid), nullable=False),
        Column("movements", ARRAY(Uuid), nullable=False),
        cents("announced_cents"),
        cents("deposited_cents"),
        Column("takes_back", Uuid, ForeignKey("remittance.bank_hand_match.act_id"), unique=True),
    )
