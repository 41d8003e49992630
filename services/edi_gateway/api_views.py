"""What the API shows: each shape with an example, amounts as text, instants in UTC.

The shapes are kept apart from the rows the queries return, so that a column can change without a
client noticing.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.edi_gateway.api_examples import ENTRY, FILE, FINDING, TRANSACTION
from services.edi_gateway.operations.file_queries import FileRow
from services.edi_gateway.operations.lookup import Hit
from services.edi_gateway.operations.queries import FindingRow, TimelineEntry, TransactionRow


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [example]})


class States(BaseModel):
    """Separate questions, separate answers; `-` where a question does not arise for the set."""

    valid: str
    delivered: str
    acknowledged: str
    applied: str
    rated: str
    paid: str


class ExceptionView(BaseModel):
    """Why a transaction waits for a person."""

    code: str
    text: str | None


class TransactionView(BaseModel):
    """One transaction (ST–SE), in or out."""

    model_config = _shown(TRANSACTION)

    id: UUID
    file_id: UUID
    file_name: str
    position: int = Field(description="Order within its file, from 1.")
    direction: str
    utility: str
    cca: str | None
    environment: str
    set_id: str
    control_number: str = Field(description="ST02.")
    business_key: str | None = Field(description="BPT02, BIG02, TRN02 or BGN02.")
    account_number: str | None
    amount: Decimal | None = Field(description="US dollars, as text.")
    at: datetime
    states: States
    exception: ExceptionView | None
    duplicate_of: UUID | None
    answers: UUID | None = Field(description="The transaction that this one answers.")
    links: dict[str, str]

    @classmethod
    def of(cls, row: TransactionRow) -> TransactionView:
        """Show a row."""
        own = f"/v1/transactions/{row.id}"
        same = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        return cls(
            **same,
            states=States(**{name: getattr(row, name) for name in States.model_fields}),
            exception=(
                ExceptionView(code=row.exception_code, text=row.exception_text)
                if row.exception_code
                else None
            ),
            answers=row.answers_id,
            links={
                "self": own,
                "timeline": f"{own}/timeline",
                "raw": f"{own}/raw",
                "annotated": f"{own}/annotated",
                "file": f"/v1/files/{row.file_id}",
            },
        )


class FindingView(BaseModel):
    """Something wrong in received data, with its code and place."""

    model_config = _shown(FINDING)

    severity: str
    level: str
    code: str
    place: str
    value: str | None
    message: str
    byte_offset: int | None

    @classmethod
    def of(cls, row: FindingRow) -> FindingView:
        """Show a row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class EntryView(BaseModel):
    """One thing that happened, from the append-only ledger."""

    model_config = _shown(ENTRY)

    at: datetime
    kind: str
    actor: str
    message: str
    data: dict[str, Any]
    file_id: UUID
    file_name: str
    sequence: int
    transaction_id: UUID | None
    set_id: str | None
    hash: str

    @classmethod
    def of(cls, row: TimelineEntry) -> EntryView:
        """Show a row."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class TransactionPage(BaseModel):
    """One page of transactions, newest first."""

    model_config = _shown({"transactions": [TRANSACTION], "next": "MjAyNi0xMS0yMlQxNDowMzoxMQ"})

    transactions: list[TransactionView]
    next: str | None = Field(description="Give it as `cursor` for the next page; null at the end.")


class TransactionDetail(BaseModel):
    """One transaction with what was found in it and the transactions of the same story."""

    model_config = _shown(
        {"transaction": TRANSACTION, "findings": [FINDING], "related": [TRANSACTION]}
    )

    transaction: TransactionView
    findings: list[FindingView]
    related: list[TransactionView] = Field(description="Oldest first; the asked one is not in it.")


class Timeline(BaseModel):
    """What happened, oldest first."""

    model_config = _shown({"entries": [ENTRY]})

    entries: list[EntryView]


class FileView(BaseModel):
    """One file, in or out."""

    model_config = _shown(FILE)

    id: UUID
    direction: str
    utility: str
    cca: str | None
    environment: str
    name: str
    origin: str
    sha256: str
    size: int
    at: datetime
    state: str = Field(
        description="Inbound: received, read, refused, duplicate, incomplete. "
        "Outbound: ready, delivered."
    )
    set_id: str | None
    refusal: str | None
    duplicate_of: UUID | None
    transactions_total: int
    transactions_done: int
    read_at: datetime | None
    delivered_at: datetime | None
    links: dict[str, str]

    @classmethod
    def of(cls, row: FileRow) -> FileView:
        """Show a row."""
        own = f"/v1/files/{row.id}"
        same = {name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)}
        return cls(
            **same,
            links={
                "self": own,
                "timeline": f"{own}/timeline",
                "raw": f"{own}/raw",
                "transactions": f"/v1/transactions?file_id={row.id}",
            },
        )


class FilePage(BaseModel):
    """One page of files, newest first."""

    model_config = _shown({"files": [FILE], "next": None})

    files: list[FileView]
    next: str | None


class ChainView(BaseModel):
    """Whether the file's ledger entries are all there and unchanged."""

    verified: bool
    problem: str | None


class FileDetail(BaseModel):
    """One file with what was found in its envelopes and the proof of its history."""

    model_config = _shown(
        {"file": FILE, "findings": [], "chain": {"verified": True, "problem": None}}
    )

    file: FileView
    findings: list[FindingView]
    chain: ChainView


class HitView(BaseModel):
    """One thing that bears the identifier; either `transaction` or `file` is set."""

    kind: str = Field(description="Which identifier matched, e.g. `account`, `ISA13`.")
    value: str
    transaction: TransactionView | None
    file: FileView | None

    @classmethod
    def of(cls, hit: Hit) -> HitView:
        """Show a hit."""
        return cls(
            kind=hit.kind,
            value=hit.value,
            transaction=TransactionView.of(hit.transaction) if hit.transaction else None,
            file=FileView.of(hit.file) if hit.file else None,
        )


class SearchAnswer(BaseModel):
    """Everything that bears an identifier."""

    model_config = _shown(
        {
            "query": "U26112200017",
            "hits": [
                {
                    "kind": "usage_id",
                    "value": "U26112200017",
                    "transaction": TRANSACTION,
                    "file": None,
                }
            ],
        }
    )

    query: str
    hits: list[HitView]


class UploadAnswer(BaseModel):
    """A file that is safely archived and will be read."""

    model_config = _shown(
        {
            "file_id": FILE["id"],
            "sha256": FILE["sha256"],
            "duplicate_of": None,
            "links": FILE["links"],
        }
    )

    file_id: UUID
    sha256: str
    duplicate_of: UUID | None = Field(
        description="The earlier file with the same bytes; then nothing is done with this one."
    )
    links: dict[str, str]


class ResendWish(BaseModel):
    """Why a file is to be sent again."""

    model_config = _shown({"reason": "PG&E lost the file when their disk was full"})

    reason: str = Field(min_length=3, max_length=500)


class Count(BaseModel):
    """How many transactions of a set have an answer to a question."""

    model_config = _shown(
        {
            "direction": "inbound",
            "set_id": "867",
            "question": "rated",
            "answer": "charged",
            "transactions": 118,
        }
    )

    direction: str
    set_id: str
    question: str
    answer: str
    transactions: int


class Summary(BaseModel):
    """All transactions, counted by set, question and answer."""

    environment: str
    counts: list[Count]
