"""The tables of the workbench: what people asked for, who decided, and where lines' parts stand.

Acts, their ends and assignments are only added to. `line_part` follows them in the same unit of
work, as `line_place` does for whole lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.columns import SCOPE_COLUMNS, cents, moment, scope, word

_LINE = ("transaction_id", "sequence")


@dataclass(frozen=True, slots=True)
class WorkbenchTables:
    """The tables.

    Attributes:
        act: what somebody asked for: money to be placed, charges to be written off, or undone.
        act_end: how an act ended: done, declined or withdrawn, and by whom; none while it waits.
        act_write_off: the write-offs that an act made.
        assignment: what an act put of a line on a charge (negative: took off it) or set aside.
        line_part: where the parts of a line stand that people placed any of; part 0 is the rest.
        bulk_job: many acts asked for at once: looked at first, then started by somebody.
        bulk_item: each act of a job, and what became of it.
    """

    act: Table
    act_end: Table
    act_write_off: Table
    assignment: Table
    line_part: Table
    bulk_job: Table
    bulk_item: Table


def workbench_tables(metadata: MetaData) -> WorkbenchTables:
    """Make the workbench's tables in the service's schema."""
    return WorkbenchTables(
        act=_act(metadata),
        act_end=_act_end(metadata),
        act_write_off=_act_write_off(metadata),
        assignment=_assignment(metadata),
        line_part=_line_part(metadata),
        bulk_job=_bulk_job(metadata),
        bulk_item=_bulk_item(metadata),
    )


def _act(metadata: MetaData) -> Table:
    return Table(
        "act",
        metadata,
        Column("act_id", Uuid, primary_key=True),
        Column("act_number", BigInteger, Identity(always=True), nullable=False, unique=True),
        *scope(),
        word("kind"),  # match | split | move | set_aside | write_off | reversal
        Column("plan", JSONB, nullable=False),
        cents("moved_cents"),
        cents("written_off_cents"),
        Column("two_people", Boolean, nullable=False),
        Column("takes_back", Uuid, ForeignKey("remittance.act.act_id")),
        word("reason"),
        word("asked_by"),
        moment("asked_at"),
        word("once_key"),
        UniqueConstraint("asked_by", "once_key"),
        CheckConstraint("moved_cents >= 0 AND written_off_cents >= 0", name="sizes"),
        Index("ix_act_scope", *SCOPE_COLUMNS, "act_number"),
        Index("ix_act_takes_back", "takes_back"),
    )


def _act_end(metadata: MetaData) -> Table:
    return Table(
        "act_end",
        metadata,
        Column("act_id", Uuid, ForeignKey("remittance.act.act_id"), primary_key=True),
        word("state"),  # done | declined | withdrawn
        word("ended_by"),
        word("words"),
        Column("effective_on", Date),
        moment("ended_at"),
    )


def _act_write_off(metadata: MetaData) -> Table:
    return Table(
        "act_write_off",
        metadata,
        Column("act_id", Uuid, ForeignKey("remittance.act.act_id"), nullable=False),
        Column("write_off_id", Uuid, ForeignKey("remittance.write_off.write_off_id")),
        PrimaryKeyConstraint("act_id", "write_off_id"),
    )


def _assignment(metadata: MetaData) -> Table:
    return Table(
        "assignment",
        metadata,
        Column("act_id", Uuid, ForeignKey("remittance.act.act_id"), nullable=False),
        Column("transaction_id", Uuid, nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("part", Integer, nullable=False),
        Column("receivable_id", Uuid, ForeignKey("remittance.receivable.receivable_id")),
        cents("cents"),
        PrimaryKeyConstraint("act_id", *_LINE, "part"),
        ForeignKeyConstraint(_LINE, [f"remittance.line_place.{name}" for name in _LINE]),
        CheckConstraint("cents <> 0", name="moves_money"),
        CheckConstraint("part > 0", name="part_number"),
        Index("ix_assignment_line", *_LINE),
        Index("ix_assignment_receivable_id", "receivable_id"),
    )


def _line_part(metadata: MetaData) -> Table:
    return Table(
        "line_part",
        metadata,
        Column("transaction_id", Uuid),
        Column("sequence", Integer),
        Column("part", Integer),
        Column("target_id", Uuid, ForeignKey("remittance.receivable.receivable_id")),
        cents("amount_cents"),
        word("outcome"),
        Column("receivable_id", Uuid),
        cents("applied_cents"),
        cents("unapplied_cents"),
        cents("adjusted_cents"),
        cents("discount_cents"),
        word("credit_account"),
        cents("open_cents", nullable=True),
        Column("flagged", Boolean, nullable=False),
        word("explanation"),
        moment("placed_at"),
        PrimaryKeyConstraint(*_LINE, "part"),
        ForeignKeyConstraint(_LINE, [f"remittance.line_place.{name}" for name in _LINE]),
        CheckConstraint(
            "applied_cents + unapplied_cents + adjusted_cents = amount_cents", name="conserved"
        ),
        Index("ix_line_part_target_id", "target_id", postgresql_where=text("amount_cents <> 0")),
    )


def _bulk_job(metadata: MetaData) -> Table:
    return Table(
        "bulk_job",
        metadata,
        Column("job_id", Uuid, primary_key=True),
        Column("job_number", BigInteger, Identity(always=True), nullable=False, unique=True),
        *scope(),
        word("what"),  # exact_matches | small_balances
        Column("asked", JSONB, nullable=False),
        word("state"),  # planned → running → done, or cancelled
        Column("items", Integer, nullable=False),
        cents("moved_cents"),
        cents("written_off_cents"),
        Column("two_people", Boolean, nullable=False),
        Column("done", Integer, nullable=False, server_default=text("0")),
        Column("refused", Integer, nullable=False, server_default=text("0")),
        word("reason"),
        word("asked_by"),
        moment("asked_at"),
        word("once_key"),
        word("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        moment("ended_at", nullable=True),
        UniqueConstraint("asked_by", "once_key"),
        Index("ix_bulk_job_scope", *SCOPE_COLUMNS, "job_number"),
        Index("ix_bulk_job_running", "job_number", postgresql_where=text("state = 'running'")),
    )


def _bulk_item(metadata: MetaData) -> Table:
    return Table(
        "bulk_item",
        metadata,
        Column("job_id", Uuid, ForeignKey("remittance.bulk_job.job_id")),
        Column("position", Integer),
        word("subject"),
        Column("plan", JSONB, nullable=False),
        cents("cents"),
        word("state"),  # planned → done, or refused
        word("words"),
        Column("act_id", Uuid, ForeignKey("remittance.act.act_id")),
        PrimaryKeyConstraint("job_id", "position"),
    )
