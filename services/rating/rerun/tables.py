"""The tables of re-rating: jobs, what each comes to for every bill, its steps, and mapped codes.

A job's plan is kept before anything is done, so that what a person confirmed can be compared with
what came of it. Rows of steps and mappings are only added.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.columns import SCOPE_COLUMNS, moment, scope, serial

AT_WORK = "state IN ('planning', 'running')"


@dataclass(frozen=True, slots=True)
class RerunTables:
    """All tables of re-rating.

    Attributes:
        jobs: what was asked, by whom, and where it stands.
        items: every bill of a job: what it would come to, and what came of it.
        steps: who did what to a job, and when.
        mappings: rate codes of a utility that stand for a plan's code.
    """

    jobs: Table
    items: Table
    steps: Table
    mappings: Table


def rerun_tables(metadata: MetaData) -> RerunTables:
    """Declare the tables of re-rating among a service's others."""
    return RerunTables(
        jobs=_jobs(metadata),
        items=_items(metadata),
        steps=_steps(metadata),
        mappings=_mappings(metadata),
    )


def _jobs(metadata: MetaData) -> Table:
    return Table(
        "rerun_jobs",
        metadata,
        Column("job_id", Uuid, primary_key=True),
        Column("seq", BigInteger, Identity(always=True), nullable=False, unique=True),
        *scope(),
        Column("key", Text, nullable=False),
        Column("asked", JSONB, nullable=False),
        Column("state", Text, nullable=False),
        Column("total", Integer),
        Column("position", Integer, nullable=False),
        Column("faults", Integer, nullable=False),
        Column("at_stake_cents", BigInteger),
        Column("asked_by", Text, nullable=False),
        moment("asked_at"),
        moment("planned_at", nullable=True),
        Column("started_by", Text),
        moment("started_at", nullable=True),
        moment("ended_at", nullable=True),
        UniqueConstraint("key", *SCOPE_COLUMNS),
        Index("ix_rerun_jobs_at_work", "seq", postgresql_where=text(AT_WORK)),
    )


def _items(metadata: MetaData) -> Table:
    return Table(
        "rerun_items",
        metadata,
        Column("job_id", ForeignKey("rating.rerun_jobs.job_id"), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("transaction_id", ForeignKey("rating.usage.transaction_id"), nullable=False),
        Column("usage_id", Text, nullable=False),
        Column("account_number", Text, nullable=False),
        Column("period_start", Date, nullable=False),
        Column("period_end", Date, nullable=False),
        Column("charge_id", ForeignKey("rating.charges.charge_id")),
        Column("invoice_number", Text),
        Column("old_version", Text),
        Column("old_cents", BigInteger, nullable=False),
        Column("planned", Text),
        Column("code", Text),
        Column("message", Text),
        Column("new_version", Text),
        Column("new_cents", BigInteger),
        Column("outcome", Text),
        Column("cancel_invoice", Text),
        Column("new_invoice", Text),
        Column("result_cents", BigInteger),
        moment("done_at", nullable=True),
    )


def _steps(metadata: MetaData) -> Table:
    return Table(
        "rerun_steps",
        metadata,
        serial("step_id"),
        Column("job_id", ForeignKey("rating.rerun_jobs.job_id"), nullable=False),
        Column("actor", Text, nullable=False),
        Column("step", Text, nullable=False),
        Column("detail", Text, nullable=False),
        moment("at"),
        Index("ix_rerun_steps_job_id", "job_id"),
    )


def _mappings(metadata: MetaData) -> Table:
    return Table(
        "rate_code_mappings",
        metadata,
        serial("seq"),
        Column("cca", Text, nullable=False),
        Column("utility", Text, nullable=False),
        Column("rate_code", Text, nullable=False),
        Column("plan_code", Text, nullable=False),
        Column("effective_from", Date, nullable=False),
        Column("effective_through", Date),
        Column("mapped_by", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("job_id", ForeignKey("rating.rerun_jobs.job_id")),
        moment("mapped_at"),
        CheckConstraint("plan_code <> rate_code", name="another_code"),
    )
