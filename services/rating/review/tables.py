"""The tables of review: settings, findings, charges under review, acts and tests.

Nothing is overwritten except where a row stands now (`reviews.state`); what changed it is a row of
its own in `review_acts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.columns import SCOPE_COLUMNS, moment, scope, serial

OPEN_REVIEW = "state IN ('waiting', 'returned')"


@dataclass(frozen=True, slots=True)
class ReviewTables:
    """All tables of review.

    Attributes:
        settings: how a CCA wants an audit, by version; never changed, never deleted.
        setting_approvals: who let a version count that loosens a hold.
        findings: what an audit found about which usage, and whether it held it.
        reviews: charges that are computed and not sent.
        acts: who did what to a review, and why.
        batch_acts: who owns or released a batch, and why.
        tests: the daily proof that the value hold fires.
    """

    settings: Table
    setting_approvals: Table
    findings: Table
    reviews: Table
    acts: Table
    batch_acts: Table
    tests: Table


def review_tables(metadata: MetaData) -> ReviewTables:
    """Declare the tables of review among a service's others."""
    return ReviewTables(
        settings=_settings(metadata),
        setting_approvals=_setting_approvals(metadata),
        findings=_findings(metadata),
        reviews=_reviews(metadata),
        acts=_acts(metadata),
        batch_acts=_batch_acts(metadata),
        tests=_tests(metadata),
    )


def _signed() -> list[Column[Any]]:
    return [
        Column("by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        moment("at"),
    ]


def _settings(metadata: MetaData) -> Table:
    return Table(
        "review_settings",
        metadata,
        serial("seq"),
        Column("cca", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("customer_class", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("content", JSONB, nullable=False),
        Column("two_people", Boolean, nullable=False),
        *_signed(),
        UniqueConstraint("cca", "code", "customer_class", "version"),
        UniqueConstraint("seq", "by"),
    )


def _setting_approvals(metadata: MetaData) -> Table:
    return Table(
        "review_setting_approvals",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("asked_by", Text, nullable=False),
        *_signed(),
        ForeignKeyConstraint(
            ("seq", "asked_by"), ("rating.review_settings.seq", "rating.review_settings.by")
        ),
        CheckConstraint("by <> asked_by", name="two_people"),
    )


def _findings(metadata: MetaData) -> Table:
    return Table(
        "audit_findings",
        metadata,
        serial("finding_id"),
        *scope(),
        Column("code", Text, nullable=False),
        Column("customer_class", Text, nullable=False),
        Column("mode", Text, nullable=False),
        Column("transaction_id", ForeignKey("rating.usage.transaction_id"), nullable=False),
        Column("account_number", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("total_cents", BigInteger, nullable=False),
        moment("found_at"),
        Index("ix_audit_findings_code", "code", "cca", "customer_class", "found_at"),
        Index("ix_audit_findings_transaction_id", "transaction_id"),
    )


def _reviews(metadata: MetaData) -> Table:
    return Table(
        "reviews",
        metadata,
        serial("review_id"),
        *scope(),
        Column("transaction_id", ForeignKey("rating.usage.transaction_id"), nullable=False),
        Column("usage_id", Text, nullable=False),
        Column("account_number", Text, nullable=False),
        Column("bill_cycle", Text, nullable=False),
        Column("period_end", Date, nullable=False),
        Column("customer_class", Text, nullable=False),
        Column("codes", ARRAY(Text), nullable=False),
        Column("messages", ARRAY(Text), nullable=False),
        Column("two_people", Boolean, nullable=False),
        Column("total_cents", BigInteger, nullable=False),
        Column("draft", JSONB, nullable=False),
        Column("state", Text, nullable=False),
        Column("owner", Text),
        Column("last_actor", Text),
        Column("asked_by", Text),
        Column("closed_by", Text),
        moment("opened_at"),
        moment("expires_at", nullable=True),
        moment("expiry_told_at", nullable=True),
        moment("closed_at", nullable=True),
        CheckConstraint(
            "state <> 'released' OR closed_by IS DISTINCT FROM last_actor", name="another_person"
        ),
        CheckConstraint(
            "state <> 'released' OR NOT two_people OR coalesce(asked_by <> closed_by, false)",
            name="two_people",
        ),
        Index("uq_reviews_open", "transaction_id", unique=True, postgresql_where=text(OPEN_REVIEW)),
        Index("ix_reviews_account_number", "account_number", postgresql_where=text(OPEN_REVIEW)),
        Index("ix_reviews_transaction_id", "transaction_id"),
    )


def _acts(metadata: MetaData) -> Table:
    return Table(
        "review_acts",
        metadata,
        serial("act_id"),
        Column("review_id", ForeignKey("rating.reviews.review_id"), nullable=False),
        Column("act", Text, nullable=False),
        *_signed(),
        Index("ix_review_acts_review_id", "review_id"),
    )


def _batch_acts(metadata: MetaData) -> Table:
    return Table(
        "batch_acts",
        metadata,
        serial("act_id"),
        *scope(),
        Column("bill_cycle", Text, nullable=False),
        Column("month", Date, nullable=False),
        Column("act", Text, nullable=False),
        Column("owner", Text),
        *_signed(),
        Index("ix_batch_acts_month", "month", *SCOPE_COLUMNS),
    )


def _tests(metadata: MetaData) -> Table:
    return Table(
        "control_tests",
        metadata,
        serial("test_id"),
        Column("cca", Text, nullable=False),
        Column("customer_class", Text, nullable=False),
        Column("day", Date, nullable=False),
        Column("limit_cents", BigInteger, nullable=False),
        Column("passed", Boolean, nullable=False),
        Column("detail", Text, nullable=False),
        Column("ran_by", Text, nullable=False),
        moment("ran_at"),
        Index("ix_control_tests_cca", "cca", "customer_class", "ran_at"),
    )
