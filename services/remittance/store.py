"""The tables of remittance: what was charged, what was announced as paid, and the books.

One schema, `remittance`, that no other service can read. Rows about money are only ever added:
`receivable_entry`, `placement` and `journal_entry` are the truth; `receivable_balance` and
`line_place` are projections of them, written in the same unit of work, from which lists are read.
Amounts are integer cents.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.remittance.bank.tables import bank_tables
from services.remittance.ledger.tables import ledger_tables
from services.remittance.statements.tables import account_class, monthly_statement
from services.remittance.workbench.tables import workbench_tables
from shared.platform.database import metadata
from shared.platform.mailbox import mailbox_tables

SCHEMA = "remittance"
METADATA = metadata(SCHEMA)
MAILBOX = mailbox_tables(METADATA)

_SCOPE = ("cca", "utility", "environment")


def _word(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _scope() -> tuple[Column[str], ...]:
    """Whose money a row is about.

    It stands behind the business key in indexes: a table has few scopes and many numbers, and an
    index that begins with the scope is chosen wrongly while a fresh table has no statistics.
    """
    return tuple(_word(name) for name in _SCOPE)


def _cents(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


sent_document = Table(
    "sent_document",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    *_scope(),
    _word("invoice_number"),
    _word("original_invoice_number", nullable=True),
    _word("purpose"),
    _cents("amount_cents", nullable=True),
    _word("account_number"),
    _word("service_agreement_id", nullable=True),
    _word("usage_id", nullable=True),
    Column("dated_on", Date, nullable=False),
    Column("period_start", Date),
    Column("period_end", Date),
    _word("effect"),  # opened | cancelled | waiting (→ cancelled, refused) | refused
    Column("receivable_id", Uuid),
    _cents("effect_cents"),
    _word("note"),
    Column("message_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    _moment("entered_at"),
    Index(
        "ix_sent_document_waiting",
        "original_invoice_number",
        *_SCOPE,
        postgresql_where=text("effect = 'waiting'"),
    ),
    Index("ix_sent_document_receivable_id", "receivable_id"),
)
"""Every 810 that we sent, and what it did to the books."""

receivable = Table(
    "receivable",
    METADATA,
    Column("receivable_id", Uuid, primary_key=True),
    *_scope(),
    _word("invoice_number"),
    _word("account_number"),
    _word("service_agreement_id", nullable=True),
    _word("usage_id", nullable=True),
    Column("dated_on", Date, nullable=False),
    Column("period_start", Date),
    Column("period_end", Date),
    _cents("charged_cents"),
    _moment("opened_at"),
    UniqueConstraint("invoice_number", *_SCOPE),
    Index("ix_receivable_account", "account_number", *_SCOPE, "dated_on"),
    Index("ix_receivable_usage", "usage_id", *_SCOPE),
)
"""Money owed for one original 810; its id is the outbound transaction of that 810."""

receivable_balance = Table(
    "receivable_balance",
    METADATA,
    Column("receivable_id", Uuid, ForeignKey(receivable.c.receivable_id), primary_key=True),
    _cents("cancelled_cents"),
    _cents("applied_cents"),
    _cents("account_money_cents"),
    _cents("write_off_cents"),
    _cents("written_off_cents"),
    _cents("open_cents"),
    _word("standing"),  # sent | accepted | rejected
)
"""Projection of `receivable_entry`, `write_off` and `verdict`.

charged - cancelled - applied - written off = open. `write_off_cents` is what people decided to
write off; in effect (`written_off_cents`) is what of it payments that name the charge leave open.
"""

receivable_entry = Table(
    "receivable_entry",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("receivable_id", Uuid, ForeignKey(receivable.c.receivable_id), nullable=False),
    _word("kind"),  # charged | cancelled | applied | written_off
    _cents("cents"),
    Column("account_money", Boolean, nullable=False),
    Column("document_id", Uuid, nullable=False),
    Column("sequence", Integer),
    Column("posting_id", Uuid, nullable=False),
    Column("effective_on", Date, nullable=False),
    _moment("entered_at"),
    Column("period", Date, nullable=False),
    Index("ix_receivable_entry_receivable_id", "receivable_id"),
    Index("ix_receivable_entry_document_id", "document_id", "sequence"),
)
"""Changes of what is open, only added to; their sum is the open amount.

`period` is that of the entries in the journal that have the same posting.
"""

verdict = Table(
    "verdict",
    METADATA,
    Column("verdict_id", BigInteger, Identity(always=True), primary_key=True),
    *_scope(),
    _word("source"),  # 997 | 824
    Column("transaction_id", Uuid, nullable=False),
    _word("invoice_number"),
    _word("standing"),
    Column("reasons", JSONB, nullable=False),
    _moment("entered_at"),
    UniqueConstraint("source", "transaction_id", "invoice_number", "standing"),
    Index("ix_verdict_invoice", "invoice_number", *_SCOPE),
)
"""What the utility said of our 810s, whether or not the 810 is known yet."""

remittance = Table(
    "remittance",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    *_scope(),
    _word("trace_number"),
    _cents("total_cents"),
    Column("settled_on", Date, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    _word("state"),  # arriving → posting → posted, or arriving → held
    _word("held_code", nullable=True),
    _word("held_message", nullable=True),
    _cents("lines_total_cents", nullable=True),
    Column("content", LargeBinary),
    Column("placed_through", Integer, nullable=False, server_default=text("0")),
    Column("file_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid, nullable=False),
    _moment("received_at"),
    _moment("decided_at", nullable=True),
    _moment("posted_at", nullable=True),
    Index("ix_remittance_trace", "trace_number", *_SCOPE),
    Index("ix_remittance_received", *_SCOPE, "received_at"),
    Index(
        "ix_remittance_posting",
        "decided_at",
        postgresql_where=text("state = 'posting'"),
    ),
)
"""One 820; `placed_through` is the last line that has its place, so a crash goes on from there."""

remittance_part = Table(
    "remittance_part",
    METADATA,
    Column("transaction_id", Uuid, ForeignKey(remittance.c.transaction_id), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("message_id", Uuid, nullable=False),
    _moment("received_at"),
)
"""The messages a long 820 came in; each counts once."""

remittance_line = Table(
    "remittance_line",
    METADATA,
    Column("transaction_id", Uuid, ForeignKey(remittance.c.transaction_id), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sequence", Integer, nullable=False),
    _word("kind"),  # payment | adjustment | fee
    _cents("amount_cents"),
    _cents("invoiced_cents", nullable=True),
    _word("invoice_number", nullable=True),
    _word("account_number", nullable=True),
    _word("usage_id", nullable=True),
    _cents("adjustment_cents", nullable=True),
    Column("adjusting_cents", BigInteger, nullable=False, server_default=text("0")),
    _cents("discount_cents", nullable=True),
    _word("reason_code", nullable=True),
    _word("reason_text", nullable=True),
    Column("posted_on", Date),
    Column("digest", LargeBinary, nullable=False),
    Index("ix_remittance_line_sequence", "transaction_id", "sequence"),
)
"""The lines of an 820 as the utility sent them; never changed."""

line_place = Table(
    "line_place",
    METADATA,
    Column("transaction_id", Uuid, ForeignKey(remittance.c.transaction_id), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("place_number", BigInteger, Identity(always=True), nullable=False),
    *_scope(),
    _word("kind"),
    _cents("amount_cents"),
    _word("invoice_number", nullable=True),
    _word("usage_id", nullable=True),
    _word("account_number", nullable=True),
    Column("adjusting_cents", BigInteger, nullable=False, server_default=text("0")),
    Column("offered_cents", BigInteger, nullable=False, server_default=text("0")),
    _word("reason_code", nullable=True),
    _word("outcome"),
    Column("receivable_id", Uuid),
    _cents("applied_cents"),
    _cents("unapplied_cents"),
    _cents("adjusted_cents"),
    Column("discount_cents", BigInteger, nullable=False, server_default=text("0")),
    _word("credit_account"),
    _cents("open_cents", nullable=True),
    Column("flagged", Boolean, nullable=False),
    _word("explanation"),
    Column("moves", Integer, nullable=False),
    Column("in_parts", Boolean, nullable=False, server_default=text("false")),
    _moment("placed_at"),
    CheckConstraint(
        "applied_cents + unapplied_cents + adjusted_cents = amount_cents", name="conserved"
    ),
    Index("ix_line_place_invoice", "invoice_number", *_SCOPE),
    Index("ix_line_place_usage", "usage_id", *_SCOPE),
    Index("ix_line_place_receivable_id", "receivable_id"),
    Index(
        "ix_line_place_waiting",
        "transaction_id",
        postgresql_where=text("unapplied_cents <> 0"),
    ),
    Index(
        "ix_line_place_unapplied",
        *_SCOPE,
        "place_number",
        postgresql_where=text("unapplied_cents <> 0"),
    ),
    Index(
        "ix_line_place_account_waiting",
        "account_number",
        *_SCOPE,
        postgresql_where=text(
            "unapplied_cents <> 0 AND invoice_number IS NULL AND usage_id IS NULL"
        ),
    ),
)
"""Where each line stands now; `place_number` is the order of entry.

`adjusting_cents` is the part of the amount that is an adjustment whatever it finds (RMR08),
`offered_cents` a discount the line says it takes (RMR06), `discount_cents` the part of
`adjusted_cents` that is discount of a purchase of receivables. Of a line `in_parts` people have
placed some by hand: `line_part` holds its parts, and here stands their sum.
"""

placement = Table(
    "placement",
    METADATA,
    Column("placement_id", BigInteger, Identity(always=True), primary_key=True),
    Column("transaction_id", Uuid, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    _word("outcome"),
    Column("receivable_id", Uuid),
    _cents("applied_cents"),
    _cents("unapplied_cents"),
    _cents("adjusted_cents"),
    Column("discount_cents", BigInteger, nullable=False, server_default=text("0")),
    _cents("open_cents", nullable=True),
    Column("flagged", Boolean, nullable=False),
    _word("explanation"),
    Column("caused_by", Uuid, nullable=False),
    _moment("placed_at"),
    UniqueConstraint("transaction_id", "sequence", "number"),
)
"""Every place a line ever had, and the message that moved it there; only added to."""

journal_entry = Table(
    "journal_entry",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("posting_id", Uuid, nullable=False),
    *_scope(),
    Column("period", Date, nullable=False),
    _word("kind"),  # charged | cancelled | applied | adjusted | written_off | deposited
    _word("ledger_account"),
    _word("jurisdiction"),
    _word("account_number"),
    _cents("debit_cents"),
    _cents("credit_cents"),
    Column("document_id", Uuid, nullable=False),
    Column("sequence", Integer),
    Column("effective_on", Date, nullable=False),
    _moment("entered_at"),
    CheckConstraint(
        "debit_cents >= 0 AND credit_cents >= 0 AND (debit_cents = 0) <> (credit_cents = 0)",
        name="one_side",
    ),
    CheckConstraint(
        "(ledger_account = 'taxes_payable') = (jurisdiction <> '')", name="jurisdiction"
    ),
    CheckConstraint("extract(day FROM period) = 1", name="first_day"),
    Index("ix_journal_entry_account", *_SCOPE, "ledger_account", "account_number"),
    Index("ix_journal_entry_period", "period", postgresql_using="brin"),
    Index("ix_journal_entry_posting_id", "posting_id"),
    Index("ix_journal_entry_document_id", "document_id", "sequence"),
)
"""The double-entry journal; the entries of one `posting_id` balance.

`period` is the first day of the month they are booked in: that of `effective_on`, or the first
open one after it. Triggers refuse postings that do not balance, entries of a closed month, and
every change of an entry (migration `the_ledger_of_every_cca`).
"""

reported_write_off = Table(
    "reported_write_off",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    *_scope(),
    _word("write_off_id"),
    _word("purpose"),
    _word("account_number"),
    _word("service_agreement_id", nullable=True),
    _word("invoice_number", nullable=True),
    _word("usage_id", nullable=True),
    _cents("amount_cents"),
    Column("written_off_on", Date, nullable=False),
    _word("reason_code", nullable=True),
    _word("reason_text", nullable=True),
    _word("state"),  # reported
    Column("message_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    _moment("reported_at"),
    Index("ix_reported_write_off_account", "account_number", *_SCOPE),
)
"""What utilities say they wrote off (248); kept as said, compared with our balances later."""

LEDGER = ledger_tables(METADATA)
"""Taxes, write-offs, closed months and export batches."""

MONTHLY_STATEMENT = monthly_statement(METADATA)
"""What a month's statement said when the month was closed."""

ACCOUNT_CLASS = account_class(METADATA)
"""Whether an account is a household's or a business's, as its 814s say."""

BANK = bank_tables(METADATA)
"""Bank accounts, statements, movements, and what they were matched with."""

WORKBENCH = workbench_tables(METADATA)
"""What people asked for and decided at the workbench, and the parts of lines they placed."""
