"""What an act moves, to the cent, written down before anybody signs it.

A plan names lines, charges and cents outright, so that whoever approves it approves exactly what
will happen. What it proposes for chosen lines and charges is a pure function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.remittance.placements import LineKey

PUTS_MAX: Final = 200
BANK_ITEMS_MAX: Final = 50
CENTS_MAX: Final = 10**14

Cents = Annotated[int, Field(ge=-CENTS_MAX, le=CENTS_MAX)]


class ActKind(StrEnum):
    """What people call an act."""

    MATCH = "match"
    """Waiting money is put on charges."""
    SPLIT = "split"
    """One line is put on several charges."""
    MOVE = "move"
    """Money that people had put somewhere goes somewhere else."""
    SET_ASIDE = "set_aside"
    """Money is taken off charges and waits."""
    WRITE_OFF = "write_off"
    BANK_MATCH = "bank_match"
    """Payments and movements at the bank are put together."""
    REVERSAL = "reversal"
    """An earlier act is undone."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Put(_Data):
    """Cents of a line put on a charge, or set aside; negative for a line of money: taken off."""

    transaction_id: UUID
    sequence: Annotated[int, Field(ge=1, le=2**31 - 1)]
    receivable_id: UUID | None
    """The charge; none sets the money aside."""
    cents: Cents

    @property
    def key(self) -> LineKey:
        """The line."""
        return LineKey(self.transaction_id, self.sequence)


class Wish(_Data):
    """A charge to be written off, in cents signed as what is open."""

    receivable_id: UUID
    cents: Cents


Ids = Annotated[tuple[UUID, ...], Field(max_length=BANK_ITEMS_MAX)]


class HandMatch(_Data):
    """820s and movements at the bank that belong together, and what each side comes to.

    Attributes:
        takes_back: the act whose match is let go again.
    """

    payments: Ids
    movements: Ids
    announced_cents: Cents
    deposited_cents: Cents
    takes_back: UUID | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        items = (*self.payments, *self.movements)
        if not items or len(set(items)) < len(items):
            raise ValueError("a match holds payments or movements, each once")
        return self

    @property
    def size_cents(self) -> int:
        """How much money changes its place, the larger side of both."""
        return max(abs(self.announced_cents), abs(self.deposited_cents))


class Plan(_Data):
    """Everything that one act does.

    Attributes:
        bank: what is matched at the bank; such an act does nothing else.
        puts: what goes where.
        write_offs: what is written off, after the money was put.
        take_back: earlier write-offs that are taken back.
    """

    puts: Annotated[tuple[Put, ...], Field(max_length=PUTS_MAX)] = ()
    write_offs: Annotated[tuple[Wish, ...], Field(max_length=PUTS_MAX)] = ()
    take_back: Annotated[tuple[UUID, ...], Field(max_length=PUTS_MAX)] = ()
    bank: HandMatch | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if bool(self.puts or self.write_offs or self.take_back) == (self.bank is not None):
            raise ValueError("an act moves something: money of lines, or what the bank booked")
        places = [(put.key, put.receivable_id) for put in self.puts]
        charges = [wish.receivable_id for wish in self.write_offs]
        if len(set(places)) < len(places) or len(set(charges)) < len(charges):
            raise ValueError("a line goes to each charge once, and a charge is written off once")
        if not all(put.cents for put in self.puts) or not all(w.cents for w in self.write_offs):
            raise ValueError("nothing is no amount")
        return self

    @property
    def moved_cents(self) -> int:
        """How much money changes its place: of every line what goes, or what comes."""
        sums: dict[tuple[LineKey, bool], int] = {}
        for put in self.puts:
            side = (put.key, put.cents > 0)
            sums[side] = sums.get(side, 0) + abs(put.cents)
        lines = {put.key for put in self.puts}
        at_the_bank = self.bank.size_cents if self.bank is not None else 0
        return at_the_bank + sum(
            max(sums.get((key, True), 0), sums.get((key, False), 0)) for key in lines
        )

    @property
    def written_off_cents(self) -> int:
        """How much is written off; credits and charges do not make up for each other."""
        return sum(abs(wish.cents) for wish in self.write_offs)

    @property
    def kind(self) -> ActKind:
        """What people call it; a reversal is known by what it takes back."""
        if self.bank is not None:
            return ActKind.BANK_MATCH
        if not self.puts:
            return ActKind.WRITE_OFF
        lines = [put.key for put in self.puts]
        if any(
            put.cents > 0 > other.cents and put.key == other.key
            for put in self.puts
            for other in self.puts
        ):
            return ActKind.MOVE
        if all(put.receivable_id is None for put in self.puts):
            return ActKind.SET_ASIDE
        return ActKind.SPLIT if len(set(lines)) < len(lines) else ActKind.MATCH

    def backwards(self, act_id: UUID, write_offs: Iterable[UUID]) -> Plan:
        """Return what undoes it.

        Args:
            act_id: the act that carried it out.
            write_offs: those that it made.
        """
        if self.bank is not None:
            return Plan(bank=self.bank.model_copy(update={"takes_back": act_id}))
        puts = tuple(put.model_copy(update={"cents": -put.cents}) for put in self.puts)
        return Plan(puts=puts, take_back=tuple(write_offs))


def propose(
    lines: Sequence[tuple[LineKey, int]], charges: Sequence[tuple[UUID, int]]
) -> tuple[Put, ...]:
    """Propose where waiting money goes: each line on each charge, as far as both reach.

    Args:
        lines: what waits of each, in the order of entry.
        charges: what is open on each, oldest first.

    Returns:
        Puts that leave nothing waiting, or nothing open, of either sign.
    """
    opened = dict(charges)
    puts = []
    for key, waiting in lines:
        sign, left = (-1 if waiting < 0 else 1), abs(waiting)
        for charge, _ in charges:
            cents = min(left, max(0, sign * opened[charge]))
            if cents:
                puts.append(
                    Put(
                        transaction_id=key.transaction_id,
                        sequence=key.sequence,
                        receivable_id=charge,
                        cents=sign * cents,
                    )
                )
                opened[charge] -= sign * cents
                left -= cents
    return tuple(puts)
