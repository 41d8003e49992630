"""The cover of every message: who said it, when, about whose customer, in answer to what."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Annotated, NamedTuple, Self, TypeVar
from uuid import UUID, uuid4

from pydantic import Field, model_validator

from shared.contracts.charges import ChargesRated, InvoiceReported, InvoicesChecked
from shared.contracts.documents import (
    AdviceReported,
    DocumentAcknowledged,
    DocumentResent,
    DocumentSent,
)
from shared.contracts.enrollment import EnrollmentDecided, EnrollmentReported
from shared.contracts.intervals import IntervalUsageReported
from shared.contracts.parts import (
    CcaCode,
    Environment,
    Instant,
    Part,
    ServiceName,
    UtilityCode,
)
from shared.contracts.remittance import RemittanceApplied, RemittanceHeld, RemittanceReported
from shared.contracts.usage import (
    HistoricalUsageReported,
    UsageCancelled,
    UsageHeld,
    UsageNotBilled,
    UsageReported,
)
from shared.contracts.write_offs import WriteOffsReported

Body = Annotated[
    AdviceReported
    | ChargesRated
    | DocumentAcknowledged
    | DocumentResent
    | DocumentSent
    | EnrollmentDecided
    | EnrollmentReported
    | HistoricalUsageReported
    | IntervalUsageReported
    | InvoiceReported
    | InvoicesChecked
    | RemittanceApplied
    | RemittanceHeld
    | RemittanceReported
    | UsageCancelled
    | UsageHeld
    | UsageNotBilled
    | UsageReported
    | WriteOffsReported,
    Field(discriminator="type"),
]
"""Every fact that can travel; a new one is added here and in `routes.CONSUMERS`."""

BodyT = TypeVar("BodyT", bound=Part)


class Cover(Part):
    """What stands on a message, whatever it says."""

    id: UUID = Field(default_factory=uuid4)
    type: str
    version: int = 1
    at: Instant
    source: ServiceName
    correlation_id: UUID
    causation_id: UUID | None = None
    cca: CcaCode
    utility: UtilityCode
    environment: Environment


class WrittenBody(NamedTuple):
    """A fact that was written as JSON already, where its many items were read."""

    type: str
    json: bytes


class Written(NamedTuple):
    """A message whose body was written as JSON already, for bodies of hundreds of items.

    What goes on the wire is what an `Envelope` of the same body would be.
    """

    cover: Cover
    body: bytes

    @property
    def id(self) -> UUID:
        """The message's own id."""
        return self.cover.id

    @property
    def type(self) -> str:
        """What the body is."""
        return self.cover.type

    @property
    def correlation_id(self) -> UUID:
        """What the message belongs to."""
        return self.cover.correlation_id

    def to_json(self) -> bytes:
        """Return the bytes that go on the wire."""
        cover = self.cover.model_dump_json(exclude_none=True).encode()
        return b'%b,"body":%b}' % (cover[:-1], self.body)


class Envelope(Cover):
    """One message on the wire, as JSON.

    `correlation_id` is the same for everything that one received file set in motion;
    `causation_id` is the message that led directly to this one.
    """

    body: Body

    @model_validator(mode="after")
    def _type_names_the_body(self) -> Self:
        if self.type != self.body.type:
            msg = f"the envelope says {self.type}, the body {self.body.type}"
            raise ValueError(msg)
        return self

    def to_json(self) -> bytes:
        """Return the bytes that go on the wire."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the bytes of one message.

        Raises:
            pydantic.ValidationError: the bytes are not a message of a known type.
        """
        return cls.model_validate_json(data)

    @classmethod
    def about(
        cls,
        body: Body,
        *,
        at: datetime,
        source: ServiceName,
        correlation_id: UUID,
        cca: str,
        utility: str,
        environment: Environment,
        causation_id: UUID | None = None,
    ) -> Self:
        """Put a new fact into an envelope."""
        return cls(
            type=body.type,
            at=at,
            source=source,
            correlation_id=correlation_id,
            causation_id=causation_id,
            cca=cca,
            utility=utility,
            environment=environment,
            body=body,
        )

    def fact(self, kind: builtins.type[BodyT]) -> BodyT:
        """Return the body, which the reader knows to be of this kind.

        Raises:
            TypeError: it is another fact; the message was routed to the wrong handler.
        """
        if not isinstance(self.body, kind):
            msg = f"expected {kind.__name__}, the envelope holds {self.type}"
            raise TypeError(msg)
        return self.body

    def answer(self, body: Body, *, at: datetime, source: ServiceName) -> Self:
        """Put a fact caused by this message into an envelope of the same scope."""
        return self.about(
            body,
            at=at,
            source=source,
            correlation_id=self.correlation_id,
            causation_id=self.id,
            cca=self.cca,
            utility=self.utility,
            environment=self.environment,
        )
