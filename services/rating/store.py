"""The tables of the rating service: the register, usage, charges, holds and tariffs.

What happened is never overwritten: requests, entries, usage, charges and plan versions are only
added. The columns that do change say where a row stands now (`state`, `closed_at`), and what
changed them is a row of its own.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
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
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.rating.browsing.tables import saved_views, terms_counts
from services.rating.progress.tables import progress_tables
from services.rating.rerun.tables import rerun_tables
from services.rating.review.tables import review_tables
from services.rating.settlement.tables import settlement_tables
from services.rating.shadow.tables import shadow_tables
from services.rating.vee.tables import vee_tables
from shared.platform.columns import SCOPE_COLUMNS, moment, scope, serial
from shared.platform.database import metadata
from shared.platform.mailbox import mailbox_tables

SCHEMA: Final = "rating"
METADATA: Final = metadata(SCHEMA)
MAILBOX: Final = mailbox_tables(METADATA)
REVIEW: Final = review_tables(METADATA)
PROGRESS: Final = progress_tables(METADATA)
RERUN: Final = rerun_tables(METADATA)
SHADOW: Final = shadow_tables(METADATA)
SAVED_VIEWS: Final = saved_views(METADATA)
TERMS_COUNTS: Final = terms_counts(METADATA)
VEE: Final = vee_tables(METADATA)
SETTLEMENT: Final = settlement_tables(METADATA)

ACCOUNTS: Final = Table(
    "accounts",
    METADATA,
    Column("account_id", Uuid, primary_key=True),
    *scope(),
    Column("account_number", Text, nullable=False),
    moment("created_at"),
    UniqueConstraint("account_number", *SCOPE_COLUMNS),
)

AGREEMENTS: Final = Table(
    "agreements",
    METADATA,
    Column("agreement_id", Uuid, primary_key=True),
    Column("account_id", ForeignKey(ACCOUNTS.c.account_id), nullable=False),
    Column("service_agreement_id", Text, nullable=False),
    moment("created_at"),
    UniqueConstraint("account_id", "service_agreement_id"),
    Index("ix_agreements_service_agreement_id", "service_agreement_id"),
)

AGREEMENT_ENTRIES: Final = Table(
    "agreement_entries",
    METADATA,
    Column("agreement_id", ForeignKey(AGREEMENTS.c.agreement_id), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("purpose", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("requested_on", Date, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("transaction_id", Uuid, nullable=False),
    Column("rate_code", Text, nullable=False),
    Column("product", Text),
    Column("customer_name", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("bill_cycle", Text),
    Column("bill_option", Text, nullable=False),
    moment("recorded_at"),
)

METERS: Final = Table(
    "meters",
    METADATA,
    Column("agreement_id", ForeignKey(AGREEMENTS.c.agreement_id), primary_key=True),
    Column("meter_number", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    moment("recorded_at"),
    Index("ix_meters_meter_number", "meter_number"),
)

ENROLLMENT_REQUESTS: Final = Table(
    "enrollment_requests",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    *scope(),
    Column("request_id", Text, nullable=False),
    Column("is_first", Boolean, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("decision", JSONB, nullable=False),
    Column("body", JSONB, nullable=False),
    moment("decided_at"),
    Index(
        "uq_enrollment_requests_first",
        "request_id",
        *SCOPE_COLUMNS,
        unique=True,
        postgresql_where=text("is_first"),
    ),
    Index("ix_enrollment_requests_account_number", "account_number"),
)

USAGE: Final = Table(
    "usage",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), nullable=False, unique=True),
    *scope(),
    Column("usage_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("original_usage_id", Text),
    Column("account_number", Text, nullable=False),
    Column("service_agreement_id", Text),
    Column("meters", ARRAY(Text), nullable=False),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("hold_code", Text),
    Column("ended_by", Uuid),
    Column("correlation_id", Uuid, nullable=False),
    moment("received_at"),
    Index(
        "uq_usage_usage_id",
        "usage_id",
        *SCOPE_COLUMNS,
        unique=True,
        postgresql_where=text("state <> 'duplicate'"),
    ),
    Index("ix_usage_account_number", "account_number", *SCOPE_COLUMNS),
    Index(
        "ix_usage_held",
        "hold_code",
        "seq",
        *SCOPE_COLUMNS,
        postgresql_where=text("state = 'held'"),
    ),
)

INTERVAL_SERIES: Final = Table(
    "interval_series",
    METADATA,
    Column("series_id", BigInteger, Identity(always=False), primary_key=True),
    Column("transaction_id", ForeignKey(USAGE.c.transaction_id), nullable=False),
    *scope(),
    Column("account_number", Text, nullable=False),
    Column("meter_number", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("minutes", SmallInteger, nullable=False),
    Column("decimals", SmallInteger, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("estimated", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("total_micro", BigInteger, nullable=False),
    moment("received_at"),
    Index("ix_interval_series_transaction_id", "transaction_id"),
    Index("ix_interval_series_account_number", "account_number", *SCOPE_COLUMNS),
)
"""What one 867 says of one channel of a meter; its days are rows of `interval_days`."""

# One row a meter-day, at about five bytes a reading. No foreign key: its check would be a look-up
# for each of millions of rows, and series and days are only ever written together.
INTERVAL_DAYS: Final = Table(
    "interval_days",
    METADATA,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("quality", LargeBinary),
    Column("readings", ARRAY(Integer), nullable=False),
    postgresql_partition_by="RANGE (day)",
)
"""The readings of one local day of a series; `quality` only where not all of them are actual."""

HOLDS: Final = Table(
    "holds",
    METADATA,
    serial("hold_id"),
    Column("transaction_id", ForeignKey(USAGE.c.transaction_id), nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    moment("opened_at"),
    moment("closed_at", nullable=True),
    Index("ix_holds_transaction_id", "transaction_id"),
    Index("ix_holds_code", "code", "opened_at"),
    Index("ix_holds_open", "code", "opened_at", postgresql_where=text("closed_at IS NULL")),
)

CHARGES: Final = Table(
    "charges",
    METADATA,
    Column("charge_id", Uuid, primary_key=True),
    *scope(),
    Column("invoice_number", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reverses", ForeignKey("rating.charges.charge_id")),
    Column("original_invoice_number", Text),
    Column("transaction_id", ForeignKey(USAGE.c.transaction_id), nullable=False),
    Column("usage_id", Text, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("service_agreement_id", Text),
    Column("customer_name", Text, nullable=False),
    Column("invoiced_on", Date, nullable=False),
    Column("due_on", Date),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("plan_version", Text, nullable=False),
    Column("total_cents", BigInteger, nullable=False),
    Column("energy_micro", BigInteger),
    Column("explanation", JSONB, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    moment("rated_at"),
    UniqueConstraint("invoice_number", "cca", "environment"),
    Index("uq_charges_reverses", "reverses", unique=True),
    Index("ix_charges_transaction_id", "transaction_id"),
    Index("ix_charges_account_number", "account_number", *SCOPE_COLUMNS),
    Index("ix_charges_newest", "cca", "environment", "rated_at", "charge_id"),
    # The version comes last: it is compared within the index, and the newest still come first.
    Index(
        "ix_charges_plan",
        *("cca", "environment", "plan_id", "rated_at", "charge_id", "plan_version"),
    ),
    Index(
        "ix_charges_corrections",
        *("purpose", "cca", "environment", "rated_at", "charge_id"),
        postgresql_where=text("purpose <> 'original'"),
    ),
)

CHARGE_LINES: Final = Table(
    "charge_lines",
    METADATA,
    Column("charge_id", ForeignKey(CHARGES.c.charge_id), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("line_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("quantity_micro", BigInteger),
    Column("unit", Text),
    Column("price_micro", BigInteger),
    Column("amount_cents", BigInteger, nullable=False),
    # Net metering's balance is the sum of these few lines among many.
    Index(
        "ix_charge_lines_nem_bank",
        "charge_id",
        postgresql_where=text("starts_with(line_id, 'nem_bank.')"),
    ),
)

INVOICE_COUNTERS: Final = Table(
    "invoice_counters",
    METADATA,
    Column("cca", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

PLANS: Final = Table(
    "plans",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("cca", Text, primary_key=True),
    Column("plan_id", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("utility", Text, nullable=False),
    Column("rate_codes", ARRAY(Text), nullable=False),
    Column("products", ARRAY(Text), nullable=False),
    Column("cohort", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("effective_through", Date),
    Column("known_from", Date, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("imported_by", Text, nullable=False),
    moment("imported_at"),
)

TARIFF_DATA: Final = Table(
    "tariff_data",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("content", JSONB, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("imported_by", Text, nullable=False),
    moment("imported_at"),
)

TARIFF_ACTIVATIONS: Final = Table(
    "tariff_activations",
    METADATA,
    Column("seq", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("imported_by", Text, nullable=False),
    Column("activated_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("activated_at"),
    CheckConstraint("activated_by <> imported_by", name="two_people"),
)
"""What may be billed with: a version that is imported and not listed here is a draft."""

REPORTED_INVOICES: Final = Table(
    "reported_invoices",
    METADATA,
    Column("transaction_id", Uuid, primary_key=True),
    *scope(),
    Column("invoice_number", Text, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("total_cents", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    moment("received_at"),
    Index("ix_reported_invoices_account_number", "account_number", *SCOPE_COLUMNS),
    Index(
        "ix_reported_invoices_waiting",
        "account_number",
        *SCOPE_COLUMNS,
        postgresql_where=text("state = 'waiting_for_usage'"),
    ),
)
