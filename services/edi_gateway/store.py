"""The tables of the EDI gateway: files and their bytes, what is in them, and what became of it.

One schema, `edi`, that no other service can read. Files, control numbers and ledger entries are
only ever added to; the states on `transaction` are a projection of the ledger, kept so that a list
of a million transactions can be filtered without reading their histories.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.platform.columns import moment
from shared.platform.database import metadata
from shared.platform.mailbox import mailbox_tables

SCHEMA = "edi"
METADATA = metadata(SCHEMA)
MAILBOX = mailbox_tables(METADATA)


def _word(name: str, *, nullable: bool = False, default: str | None = None) -> Column[object]:
    return Column(
        name,
        Text,
        nullable=nullable,
        server_default=None if default is None else text(f"'{default}'"),
    )


file = Table(
    "file",
    METADATA,
    Column("id", Uuid, primary_key=True),
    _word("direction"),  # inbound | outbound
    _word("utility"),
    _word("cca", nullable=True),  # outbound files are of one CCA; 997s and inbound files of none
    _word("environment"),
    _word("name"),
    _word("origin"),  # sftp | remote | api | own
    _word("sha256"),
    Column("size", BigInteger, nullable=False),
    moment("at"),
    # inbound: received → read | refused | failed, or duplicate | incomplete;
    # outbound: ready → delivered
    _word("state"),
    _word("set_id", nullable=True),
    _word("refusal", nullable=True),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("duplicate_of", Uuid, nullable=True),
    Column("transactions_total", Integer, nullable=False, server_default=text("0")),
    Column("transactions_done", Integer, nullable=False, server_default=text("0")),
    moment("read_at", nullable=True),
    moment("delivered_at", nullable=True),
    moment("deliver_after", nullable=True),
    moment("picked_up_at", nullable=True),
    Column("deliveries", Integer, nullable=False, server_default=text("0")),
    # head of the hash chain of the file's ledger entries
    Column("chain_length", Integer, nullable=False, server_default=text("0")),
    _word("chain_hash", default=""),
    Index(None, "state", "at"),
    Index(None, "sha256"),
    Index(None, "name"),
    Index(None, "at", "id"),
)
"""One file, in or out; its id is the correlation id of everything it sets in motion."""

file_chunk = Table(
    "file_chunk",
    METADATA,
    Column("file_id", Uuid, ForeignKey(file.c.id), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("key_id", Text),
    Index(None, "key_id", postgresql_where=text("key_id IS NOT NULL")),
)
"""The archive: the exact bytes of every file, in pieces, in the database like everything else.

A piece with a `key_id` is sealed with that key: its file names bank accounts.
"""

interchange = Table(
    "interchange",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("file_id", Uuid, ForeignKey(file.c.id), nullable=False),
    Column("position", Integer, nullable=False),
    _word("direction"),
    _word("utility"),
    _word("environment"),
    _word("sender"),
    _word("receiver"),
    _word("control_number"),
    _word("version"),
    _word("sha256"),
    _word("state"),  # accepted | rejected | copy | conflict
    _word("note", nullable=True),  # TA105 of a rejected interchange
    Index(None, "file_id"),
    Index(None, "control_number", "sender", "receiver"),
)

functional_group = Table(
    "functional_group",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("interchange_id", Uuid, ForeignKey(interchange.c.id), nullable=False),
    Column("file_id", Uuid, ForeignKey(file.c.id), nullable=False),
    Column("position", Integer, nullable=False),
    _word("direction"),
    _word("utility"),
    _word("environment"),
    _word("functional_id"),
    _word("control_number"),
    _word("version"),
    _word("state"),  # inbound: accepted | rejected …; outbound: sent → accepted | rejected | …
    Column("sets_included", Integer, nullable=False),
    Column("sets_accepted", Integer, nullable=False, server_default=text("0")),
    # inbound: our 997's file; outbound: the partner's 997 transaction
    Column("acknowledged_by", Uuid, nullable=True),
    moment("acknowledged_at", nullable=True),
    moment("at"),
    Index(None, "file_id"),
    Index(None, "control_number", "utility", "direction"),
    Index(
        "ix_functional_group_unacknowledged",
        "at",
        postgresql_where=text("acknowledged_at IS NULL AND functional_id <> 'FA'"),
    ),
)

transaction = Table(
    "transaction",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("file_id", Uuid, ForeignKey(file.c.id), nullable=False),
    Column("group_id", Uuid, ForeignKey(functional_group.c.id), nullable=False),
    Column("position", Integer, nullable=False),  # order within the file, from 1
    _word("direction"),
    _word("utility"),
    _word("cca", nullable=True),
    _word("environment"),
    _word("set_id"),
    _word("control_number"),
    _word("business_key", nullable=True),
    _word("account_number", nullable=True),
    Column("amount", Numeric(16, 2), nullable=True),
    Column("start_offset", BigInteger, nullable=False),
    Column("end_offset", BigInteger, nullable=False),
    Column("segments", Integer, nullable=False),
    _word("content_sha256"),  # ST/SE and their control numbers left out
    moment("at"),
    # Separate questions, separate answers; '-' where a question does not arise for the set.
    _word("valid"),  # accepted | accepted_with_errors | rejected | copy | conflict
    _word("delivered", default="-"),  # waiting | delivered
    _word("acknowledged", default="-"),  # waiting | accepted | accepted_with_errors | rejected
    _word("applied", default="-"),  # waiting | applied | refused | exception
    _word("rated", default="-"),  # waiting | charged | held | not_billed | cancelled | cancels
    _word("paid", default="-"),  # waiting | paid | short | over | reversed | rejected | cancelled
    _word("exception_code", nullable=True),
    _word("exception_text", nullable=True),
    Column("duplicate_of", Uuid, nullable=True),
    Column("answers_id", Uuid, nullable=True),
    # outbound: once more for each time it was sent again because the utility had rejected it
    Column("sending", Integer, nullable=False, server_default=text("1")),
    Index(None, "file_id", "position"),
    Index(None, "at", "id"),
    Index(None, "answers_id"),
    Index(None, "control_number"),
    Index(None, "account_number", "at"),
    Index(
        "uq_transaction_inbound_business_key",
        "utility",
        "environment",
        "set_id",
        "business_key",
        unique=True,
        postgresql_where=text(
            "direction = 'inbound' AND business_key IS NOT NULL"
            " AND valid IN ('accepted', 'accepted_with_errors')"
        ),
    ),
    Index(
        "ix_transaction_rating",
        "utility",
        "cca",
        postgresql_where=text("rated = 'waiting'"),
    ),
    Index(
        "ix_transaction_enrolling",
        "utility",
        "cca",
        postgresql_where=text("applied = 'waiting'"),
    ),
    Index(
        "ix_transaction_exception",
        "at",
        postgresql_where=text("exception_code IS NOT NULL"),
    ),
)
"""One ST–SE, in or out, with the projection of its ledger."""

identifier = Table(
    "identifier",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    _word("kind"),
    _word("value"),
    Column("transaction_id", Uuid, ForeignKey(transaction.c.id), nullable=False),
    Index(None, "value", "kind"),
    Index(None, "transaction_id"),
)
"""Every business identifier by which somebody may ask for a transaction."""

finding = Table(
    "finding",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("file_id", Uuid, ForeignKey(file.c.id), nullable=False),
    Column("transaction_id", Uuid, nullable=True),
    _word("severity"),
    _word("level"),
    _word("code"),
    _word("place"),
    _word("value", nullable=True),
    _word("message"),
    Column("byte_offset", BigInteger, nullable=True),
    # what AK3 and AK4 of the 997 need to name the place
    Column("segment_position", Integer, nullable=False, server_default=text("0")),
    _word("segment_id", default=""),
    _word("loop_id", default=""),
    Column("element", Integer, nullable=False, server_default=text("0")),
    Column("component", Integer, nullable=False, server_default=text("0")),
    _word("data_element", default=""),
    Index(None, "file_id"),
    Index(None, "transaction_id"),
)

entry = Table(
    "entry",
    METADATA,
    Column("file_id", Uuid, ForeignKey(file.c.id), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    moment("at"),
    Column("transaction_id", Uuid, nullable=True),
    _word("kind"),
    _word("actor"),
    _word("message"),
    Column("data", JSONB, nullable=False),
    _word("previous_hash"),
    _word("hash"),
    Index(None, "transaction_id", "at"),
)
"""The tracking ledger: append-only, each entry carrying the hash of the one before it."""

control_number = Table(
    "control_number",
    METADATA,
    Column("utility", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # interchange | group
    Column("last", BigInteger, nullable=False),
)

outbound_document = Table(
    "outbound_document",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    _word("utility"),
    _word("cca"),
    _word("environment"),
    _word("set_id"),
    _word("document_number"),
    Column("answers_id", Uuid, nullable=True),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid, nullable=False),
    _word("payload"),  # the contract item as JSON, exactly as it arrived
    moment("at"),
    Column("file_id", Uuid, ForeignKey(file.c.id), nullable=True),
    UniqueConstraint("set_id", "utility", "environment", "document_number"),
    Index("ix_outbound_document_pending", "at", postgresql_where=text("file_id IS NULL")),
    Index(None, "answers_id", "set_id"),
    Index(None, "file_id"),
)
"""What the other services asked us to send; a row without a file waits for the next interchange."""

partner_key = Table(
    "partner_key",
    METADATA,
    Column("id", Uuid, primary_key=True),
    _word("utility"),
    _word("public_key"),
    _word("fingerprint"),
    _word("comment", default=""),
    moment("added_at"),
    moment("revoked_at", nullable=True),
    UniqueConstraint("utility", "fingerprint"),
)

api_token = Table(
    "api_token",
    METADATA,
    Column("id", Uuid, primary_key=True),
    _word("name"),
    _word("role"),
    Column("ccas", ARRAY(Text), nullable=True),  # null: every CCA
    _word("secret_hash"),
    moment("created_at"),
    Column("expires_on", Date, nullable=True),
    moment("revoked_at", nullable=True),
    moment("last_used_at", nullable=True),
    Column("service_account", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("name"),
)
