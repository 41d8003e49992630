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
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.remittance.bank.tables import bank_tables
from services.remittance.ledger.tables import ledger_tables
from services.remittance.statements.tables import account_class, monthly_statement
from services.remittance.workbench.tables import workbench_tables
from shared.platform.columns import SCOPE_COLUMNS, cents, day, moment, scope, word
from shared.platform.database import metadata
from shared.platform.mailbox import mailbox_tables

SCHEMA = "remittance"
METADATA = metadata(SCHEMA)
MAILBOX = mailbox_tables(METADATA)


sent_document = Table(
    "sent_document",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    *scope(),
    word("invoice_number"),
    word("original_invoice_number", nullable=True),
    word("purpose"),
    cents("amount_cents", nullable=True),
    word("account_number"),
    word("service_agreement_id", nullable=True),
    word("usage_id", nullable=True),
    day("dated_on"),
    Column("period_start", Date),
    Column("period_end", Date),
    word("effect"),  # opened | cancelled | waiting (→ cancelled, refused) | refused
    Column("receivable_id", Uuid),
    cents("effect_cents"),
    word("note"),
    Column("message_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    moment("entered_at"),
    Index(
        "ix_sent_document_waiting",
        "original_invoice_number",
        *SCOPE_COLUMNS,
        postgresql_where=text("effect = 'waiting'"),
    ),
    Index("ix_sent_document_receivable_id", "receivable_id"),
)
"""Every 810 that we sent, and what it did to the books."""

receivable = Table(
    "receivable",
    METADATA,
    Column("receivable_id", Uuid, primary_key=True),
    *scope(),
    word("invoice_number"),
    word("account_number"),
    word("service_agreement_id", nullable=True),
    word("usage_id", nullable=True),
    day("dated_on"),
    Column("period_start", Date),
    Column("period_end", Date),
    cents("charged_cents"),
    moment("opened_at"),
    UniqueConstraint("invoice_number", *SCOPE_COLUMNS),
    Index("ix_receivable_account", "account_number", *SCOPE_COLUMNS, "dated_on"),
    Index("ix_receivable_usage", "usage_id", *SCOPE_COLUMNS),
)
"""Money owed for one original 810; its id is the outbound transaction of that 810."""

receivable_balance = Table(
    "receivable_balance",
    METADATA,
    Column("receivable_id", Uuid, ForeignKey(receivable.c.receivable_id), primary_key=True),
    cents("cancelled_cents"),
    cents("applied_cents"),
    cents("account_money_cents"),
    cents("write_off_cents"),
    cents("written_off_cents"),
    cents("open_cents"),
    word("standing"),  # sent | accepted | rejected
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
    word("kind"),  # charged | cancelled | applied | written_off
    cents("cents"),
    Column("account_money", Boolean, nullable=False),
    Column("document_id", Uuid, nullable=False),
    Column("sequence", Integer),
    Column("posting_id", Uuid, nullable=False),
    day("effective_on"),
    moment("entered_at"),
    day("period"),
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
    *scope(),
    word("source"),  # 997 | 824 | 810 (sent again)
    Column("transaction_id", Uuid, nullable=False),
    word("invoice_number"),
    word("standing"),
    Column("sending", Integer, nullable=False),
    Column("reasons", JSONB, nullable=False),
    moment("entered_at"),
    UniqueConstraint(
        *("source", "transaction_id", "invoice_number", "standing", "sending"),
        name="uq_verdict_said",
    ),
    Index("ix_verdict_invoice", "invoice_number", *SCOPE_COLUMNS),
)
"""What the utility said of our 810s, whether or not the 810 is known yet."""

remittance = Table(
    "remittance",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    *scope(),
    word("trace_number"),
    cents("total_cents"),
    day("settled_on"),
    Column("line_count", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    word("state"),  # arriving → posting → posted, or arriving → held
    word("held_code", nullable=True),
    word("held_message", nullable=True),
    cents("lines_total_cents", nullable=True),
    Column("content", LargeBinary),
    Column("placed_through", Integer, nullable=False, server_default=text("0")),
    Column("file_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid, nullable=False),
    moment("received_at"),
    moment("decided_at", nullable=True),
    moment("posted_at", nullable=True),
    Index("ix_remittance_trace", "trace_number", *SCOPE_COLUMNS),
    Index("ix_remittance_received", *SCOPE_COLUMNS, "received_at"),
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
    moment("received_at"),
)
"""The messages a long 820 came in; each counts once."""

remittance_line = Table(
    "remittance_line",
    METADATA,
    Column("transaction_id", Uuid, ForeignKey(remittance.c.transaction_id), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sequence", Integer, nullable=False),
    word("kind"),  # payment | adjustment | fee
    cents("amount_cents"),
    cents("invoiced_cents", nullable=True),
    word("invoice_number", nullable=True),
    word("account_number", nullable=True),
    word("usage_id", nullable=True),
    cents("adjustment_cents", nullable=True),
    Column("adjusting_cents", BigInteger, nullable=False, server_default=text("0")),
    cents("discount_cents", nullable=True),
    word("reason_code", nullable=True),
    word("reason_text", nullable=True),
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
    *scope(),
    word("kind"),
    cents("amount_cents"),
    word("invoice_number", nullable=True),
    word("usage_id", nullable=True),
    word("account_number", nullable=True),
    Column("adjusting_cents", BigInteger, nullable=False, server_default=text("0")),
    Column("offered_cents", BigInteger, nullable=False, server_default=text("0")),
    word("reason_code", nullable=True),
    word("outcome"),
    Column("receivable_id", Uuid),
    cents("applied_cents"),
    cents("unapplied_cents"),
    cents("adjusted_cents"),
    Column("discount_cents", BigInteger, nullable=False, server_default=text("0")),
    word("credit_account"),
    cents("open_cents", nullable=True),
    Column("flagged", Boolean, nullable=False),
    word("explanation"),
    Column("moves", Integer, nullable=False),
    Column("in_parts", Boolean, nullable=False, server_default=text("false")),
    moment("placed_at"),
    CheckConstraint(
        "applied_cents + unapplied_cents + adjusted_cents = amount_cents", name="conserved"
    ),
    Index("ix_line_place_invoice", "invoice_number", *SCOPE_COLUMNS),
    Index("ix_line_place_usage", "usage_id", *SCOPE_COLUMNS),
    Index("ix_line_place_receivable_id", "receivable_id"),
    Index(
        "ix_line_place_waiting",
        "transaction_id",
        postgresql_where=text("unapplied_cents <> 0"),
    ),
    Index(
        "ix_line_place_unapplied",
        *SCOPE_COLUMNS,
        "place_number",
        postgresql_where=text("unapplied_cents <> 0"),
    ),
    Index(
        "ix_line_place_account_waiting",
        "account_number",
        *SCOPE_COLUMNS,
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
    word("outcome"),
    Column("receivable_id", Uuid),
    cents("applied_cents"),
    cents("unapplied_cents"),
    cents("adjusted_cents"),
    Column("discount_cents", BigInteger, nullable=False, server_default=text("0")),
    cents("open_cents", nullable=True),
    Column("flagged", Boolean, nullable=False),
    word("explanation"),
    Column("caused_by", Uuid, nullable=False),
    moment("placed_at"),
    UniqueConstraint("transaction_id", "sequence", "number"),
)
"""Every place a line ever had, and the message that moved it there; only added to."""

journal_entry = Table(
    "journal_entry",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("posting_id", Uuid, nullable=False),
    *scope(),
    day("period"),
    word("kind"),  # charged | cancelled | applied | adjusted | written_off | deposited
    word("ledger_account"),
    word("jurisdiction"),
    word("account_number"),
    cents("debit_cents"),
    cents("credit_cents"),
    Column("document_id", Uuid, nullable=False),
    Column("sequence", Integer),
    day("effective_on"),
    moment("entered_at"),
    CheckConstraint(
        "debit_cents >= 0 AND credit_cents >= 0 AND (debit_cents = 0) <> (credit_cents = 0)",
        name="one_side",
    ),
    CheckConstraint(
        "(ledger_account = 'taxes_payable') = (jurisdiction <> '')", name="jurisdiction"
    ),
    CheckConstraint("extract(day FROM period) = 1", name="first_day"),
    Index("ix_journal_entry_account", *SCOPE_COLUMNS, "ledger_account", "account_number"),
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
    *scope(),
    word("write_off_id"),
    word("purpose"),
    word("account_number"),
    word("service_agreement_id", nullable=True),
    word("invoice_number", nullable=True),
    word("usage_id", nullable=True),
    cents("amount_cents"),
    day("written_off_on"),
    word("reason_code", nullable=True),
    word("reason_text", nullable=True),
    Column("message_id", Uuid, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    moment("reported_at"),
    Index("ix_reported_write_off_account", "account_number", *SCOPE_COLUMNS),
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
