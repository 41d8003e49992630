"""The three tables every service keeps its messages in: outbox, inbox and dead letters.

They live in the service's own schema and history, so that a message and the work it tells about
are committed in one unit of work.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY


@dataclass(frozen=True, slots=True)
class MailboxTables:
    """The mailbox tables of one service."""

    outbox: Table
    inbox: Table
    dead_letters: Table


def mailbox_tables(metadata: MetaData) -> MailboxTables:
    """Declare the mailbox tables on a service's metadata; call once, in its store module."""
    return MailboxTables(
        outbox=_outbox(metadata), inbox=_inbox(metadata), dead_letters=_dead_letters(metadata)
    )


def _outbox(metadata: MetaData) -> Table:
    """Messages this service has said.

    `awaiting` names the consumers whose receipt is missing, `dead` those that gave the message
    up. `due_at` is when it is to be published (or, once published, published again).
    """
    waiting = text("published_at IS NULL AND handled_at IS NULL")
    published = text("published_at IS NOT NULL AND handled_at IS NULL")
    return Table(
        "outbox",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", Uuid, nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("correlation_id", Uuid, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("size", Integer, nullable=False),
        Column("awaiting", ARRAY(Text), nullable=False),
        Column("dead", ARRAY(Text), nullable=False, server_default=text("'{}'")),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("put_at", DateTime(timezone=True), nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("published_at", DateTime(timezone=True)),
        Column("handled_at", DateTime(timezone=True)),
        Index("ix_outbox_unpublished", "seq", postgresql_where=waiting),
        Index("ix_outbox_unacknowledged", "due_at", postgresql_where=published),
        Index("ix_outbox_correlation_id", "correlation_id"),
        Index("ix_outbox_handled_at", "handled_at"),
    )


def _inbox(metadata: MetaData) -> Table:
    """Messages this service has handled; the key makes a second delivery harmless."""
    return Table(
        "inbox",
        metadata,
        Column("message_id", Uuid, primary_key=True),
        Column("type", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("handled_at", DateTime(timezone=True), nullable=False),
        Index("ix_inbox_handled_at", "handled_at"),
    )


def _dead_letters(metadata: MetaData) -> Table:
    """Messages this service gave up, kept with the reason until somebody replays them."""
    return Table(
        "dead_letters",
        metadata,
        Column("message_id", Text, primary_key=True),
        Column("type", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("reason", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("died_at", DateTime(timezone=True), nullable=False),
        Column("resolved_at", DateTime(timezone=True)),
        Index("ix_dead_letters_open", "died_at", postgresql_where=text("resolved_at IS NULL")),
    )
