"""Takes usage in whatever order it comes and leaves every item charged, held or cancelled.

All the decisions about a batch are made here in memory, on values read before and written after, so
that a batch costs a constant number of round trips and the rules can be tested without a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from services.rating.accounts import Agreement, Register
from services.rating.corrections import (
    SETTLED_STATES,
    ChargeDraft,
    UsageRecord,
    UsageState,
    charge_of,
    duplicate_of,
    refuse_occupied,
    reversal_of,
)
from services.rating.credit_banks import BankKey, CreditBanks
from services.rating.holds import (
    AlreadyCancelled,
    CancelWithoutOriginal,
    Hold,
    RateNotFound,
    ReasonGiven,
    UsageHold,
)
from services.rating.intervals.block import IntervalBlock
from services.rating.rate_usage import Rated, rate
from services.rating.review.door import Door, OpenDoor
from services.rating.scope import Scope
from services.rating.tariffs.book import PriceBook
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from shared.platform.values import changed


@dataclass(frozen=True, slots=True)
class Ended:
    """Usage and the cancel or replacement that ended it."""

    usage: UsageRecord
    correction: UsageRecord


@dataclass(frozen=True, slots=True)
class DeskOutcome:
    """What a batch changed; everything else is as it was.

    Attributes:
        added: usage that came, in the order it came.
        changed: usage known before, in its new state.
        charges: new charges, originals before what reverses them.
        ended: pairs of usage and correction.
        held: usage that is held now and was not, or for another reason.
        door: what decided whether the charges may leave; it knows which must wait, and why.
    """

    added: tuple[UsageRecord, ...]
    changed: tuple[UsageRecord, ...]
    charges: tuple[ChargeDraft, ...]
    ended: tuple[Ended, ...]
    held: tuple[UsageRecord, ...]
    door: Door | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What was read before the batch: earlier usage in the order it came, and its charges."""

    records: tuple[UsageRecord, ...] = ()
    charges: Mapping[UUID, ChargeDraft] = field(default_factory=dict)
    """Charges in force that a correction may reverse, by the transaction that caused them."""
    banks: Mapping[BankKey, int] = field(default_factory=dict)
    """Net metering credits in cents, by account and service agreement."""
    readings: Mapping[UUID, tuple[IntervalBlock, ...]] = field(default_factory=dict)
    """What meters recorded, of usage that came or waits as intervals, by its transaction."""
    reserved: Mapping[UUID, ChargeDraft] = field(default_factory=dict)
    """Charges under review, by their transaction; `banks` has what they move."""
    priced: Mapping[UUID, Rated] = field(default_factory=dict)
    """What new usage was rated at together with its like, by its transaction."""


class UsageDesk:
    """Works through usage items, remembering what each one does to the others.

    Args:
        scope: whose customers they are.
        register: accounts and agreements of everyone in the batch.
        book: prices, or `None` when no tariffs were imported.
        known_on: the day whose knowledge of tariffs counts.
        known: earlier usage that the batch may concern.
        door: decides whether a charge may leave; all may when left out.
    """

    def __init__(
        self,
        scope: Scope,
        register: Register,
        book: PriceBook | None,
        known_on: date,
        known: Known,
        door: Door | None = None,
    ) -> None:
        self._scope = scope
        self._register = register
        self._book = book
        self._known_on = known_on
        self._before = {record.transaction_id: record for record in known.records}
        self._records = dict(self._before)
        self._order: dict[UUID, int] = {key: index for index, key in enumerate(self._before)}
        self._by_usage_id: dict[str, UUID] = {}
        self._by_account: dict[str, list[UUID]] = {}
        self._charges = dict(known.charges)
        self._readings, self._priced = known.readings, known.priced
        self._banks = CreditBanks(known.banks)
        self._reserved = dict(known.reserved)
        self._door = door or OpenDoor()
        self._drafts: dict[UUID, ChargeDraft] = {}
        self._ended: list[Ended] = []
        self._disturbed: set[str] = set()
        for record in known.records:
            self._index(record)

    # --- what comes in --------------------------------------------------------------------------

    def receive(self, record: UsageRecord) -> None:
        """Take usage that has just come; a transaction that was taken before has no effect."""
        if record.transaction_id in self._records:
            return
        first = self._by_usage_id.get(record.usage_id)
        self._order[record.transaction_id] = len(self._order)
        if first is not None:
            self._records[record.transaction_id] = duplicate_of(record, self._records[first])
            return
        self._index(record)
        self._records[record.transaction_id] = record
        self._work(record)

    def retry(self, account_numbers: Iterable[str]) -> None:
        """Try everything held of these accounts again: the register or the prices changed."""
        self._disturbed.update(account_numbers)
        self.settle()

    def settle(self) -> None:
        """Try held usage again wherever a correction made room, until nothing moves."""
        while self._disturbed:
            account = min(self._disturbed)
            self._disturbed.discard(account)
            for key in list(self._by_account.get(account, ())):
                record = self._records[key]
                if record.state is UsageState.HELD and record.item is not None:
                    self._work(record)

    def outcome(self) -> DeskOutcome:
        """What changed since the desk was set up."""
        now = self._records
        added = [record for key, record in now.items() if key not in self._before]
        changed = [
            record
            for key, record in now.items()
            if key in self._before and record != self._before[key]
        ]
        return DeskOutcome(
            added=tuple(added),
            changed=tuple(changed),
            charges=tuple(self._drafts.values()),
            ended=tuple(
                Ended(now[e.usage.transaction_id], now[e.correction.transaction_id])
                for e in self._ended
            ),
            held=tuple(
                record
                for record in (*added, *changed)
                if record.hold is not None and self._newly_held(record)
            ),
            door=self._door,
        )

    def new_transactions(self) -> frozenset[UUID]:
        """Transactions that came with this batch and say something that was not said before."""
        return frozenset(
            key
            for key, record in self._records.items()
            if key not in self._before and record.state is not UsageState.DUPLICATE
        )

    # --- one item -------------------------------------------------------------------------------

    def _work(self, record: UsageRecord) -> None:
        try:
            _WORK[record.purpose](self, record)
        except UsageHold as reason:
            hold = reason.as_hold()
            if record.hold is None or record.hold.code != hold.code:
                self._set(changed(record, state=UsageState.HELD, hold=hold))

    def _work_original(self, record: UsageRecord) -> None:
        waiting = self._correction_waiting_for(record)
        if waiting is not None:
            self._end(record, waiting)
            if waiting.purpose is Purpose.CANCEL:
                self._set(changed(waiting, state=UsageState.CANCELLED, hold=None))
            self._disturbed.add(record.account_number)
            return
        refuse_occupied(record, self._before_or_charged(record))
        self._charge(record, self._draft(record))

    def _work_cancel(self, record: UsageRecord) -> None:
        original = self._original_of(record)
        self._disturbed.add(record.account_number)
        reversed_by_charge = self._reverse(original, record)
        self._end(original, record)
        state = UsageState.CHARGED if reversed_by_charge else UsageState.CANCELLED
        self._set(changed(record, state=state, hold=None))

    def _work_replacement(self, record: UsageRecord) -> None:
        """Cancel and rebill together, or wait together: never half a correction.

        Only usage that was held itself is ended at once, so that it is not charged meanwhile.
        """
        original = self._original_of(record)
        if original.state is UsageState.HELD:
            self._end(original, record)
            self._disturbed.add(record.account_number)
        others = [o for o in self._before_or_charged(record) if o.usage_id != original.usage_id]
        refuse_occupied(record, others)
        with self._banks.without(self._charges.get(original.transaction_id)):
            draft = self._draft(record)
        if self._records[original.transaction_id].state is not UsageState.CANCELLED:
            self._reverse(original, record)
            self._end(original, record)
            self._disturbed.add(record.account_number)
        self._charge(record, draft)

    # --- steps ----------------------------------------------------------------------------------

    def _rated(self, record: UsageRecord, item: UsageItem, agreement: Agreement | None) -> Rated:
        if self._book is None:
            raise RateNotFound("no tariffs were imported")
        together = self._priced.get(record.transaction_id)
        if together is not None:
            return together
        bank = self._banks.balance_of(item)
        readings = self._readings.get(record.transaction_id, ())
        rated = rate(
            item, self._scope, agreement, self._book, self._known_on, bank, readings=readings
        )
        if isinstance(rated, Hold):
            raise ReasonGiven(rated)
        return rated

    def _draft(self, record: UsageRecord) -> ChargeDraft | None:
        """The charge that may leave, as let go or as computed; None where the utility bills it.

        Its credits are moved with it, and stay so while it is under review: none is spent twice.
        """
        self._forget_reserved(record)
        item = _item(record)
        agreement = self._register.find(item.account_number, item.service_agreement_id)
        if agreement is not None and agreement.is_billed_by_utility(record.period_end):
            self._rated(record, item, agreement)  # it must have a price all the same
            return None
        approved = self._door.approved_charge(record.transaction_id)
        if approved is not None:
            self._banks.enter(approved)
            return approved
        draft = charge_of(record, item, self._rated(record, item, agreement))
        self._banks.enter(draft)
        hold = self._door.judge(record, draft, self._banks.balance_of(item))
        if hold is not None:
            self._reserved[record.transaction_id] = draft
            raise ReasonGiven(hold)
        return draft

    def _forget_reserved(self, record: UsageRecord) -> None:
        """Undo what a charge under review has moved: it ends, or is computed anew."""
        before = self._reserved.pop(record.transaction_id, None) if self._reserved else None
        if before is not None:
            self._banks.take_back(before)

    def _charge(self, record: UsageRecord, draft: ChargeDraft | None) -> None:
        if draft is None:
            self._set(changed(record, state=UsageState.NOT_BILLED, hold=None))
            return
        self._drafts[draft.charge_id] = draft
        self._charges[record.transaction_id] = draft
        self._set(changed(record, state=UsageState.CHARGED, hold=None))

    def _reverse(self, original: UsageRecord, correction: UsageRecord) -> bool:
        """Reverse the charge of usage; one not yet said to anybody is simply not made."""
        if original.state is not UsageState.CHARGED:
            return False
        charge = self._charges.pop(original.transaction_id)
        self._banks.take_back(charge)
        if self._drafts.pop(charge.charge_id, None) is not None:
            return False
        draft = reversal_of(charge, correction)
        self._drafts[draft.charge_id] = draft
        return True

    def _end(self, original: UsageRecord, correction: UsageRecord) -> None:
        self._forget_reserved(original)
        ended = changed(
            self._records[original.transaction_id],
            state=UsageState.CANCELLED,
            hold=None,
            ended_by=correction.transaction_id,
        )
        self._set(ended)
        self._ended.append(Ended(ended, correction))

    def _set(self, record: UsageRecord) -> None:
        self._records[record.transaction_id] = record

    # --- who is who -----------------------------------------------------------------------------

    def _index(self, record: UsageRecord) -> None:
        if record.state is UsageState.DUPLICATE:
            return
        self._by_usage_id[record.usage_id] = record.transaction_id
        self._by_account.setdefault(record.account_number, []).append(record.transaction_id)

    def _siblings(self, record: UsageRecord) -> list[UsageRecord]:
        """All usage of the account but the record itself."""
        keys = self._by_account.get(record.account_number, ())
        if len(keys) == 1 and keys[0] == record.transaction_id:
            return []
        return [self._records[key] for key in keys if key != record.transaction_id]

    def _before_or_charged(self, record: UsageRecord) -> list[UsageRecord]:
        """First come, first served: of held usage only the earlier one takes the period."""
        siblings = self._siblings(record)
        if not siblings:
            return []
        place = self._order[record.transaction_id]
        return [
            other
            for other in siblings
            if other.state in SETTLED_STATES or self._order[other.transaction_id] < place
        ]

    def _correction_waiting_for(self, record: UsageRecord) -> UsageRecord | None:
        for other in self._siblings(record):
            if other.hold_code != CancelWithoutOriginal.code:
                continue
            named = other.original_usage_id
            if named == record.usage_id or (named is None and other.same_read(record)):
                return other
        return None

    def _original_of(self, record: UsageRecord) -> UsageRecord:
        """The usage that a correction names; without a name, that of its meter and period.

        Raises:
            CancelWithoutOriginal: it never came.
            AlreadyCancelled: something else has ended it.
        """
        named = record.original_usage_id
        found = [
            other
            for other in self._siblings(record)
            if other.purpose is not Purpose.CANCEL
            and (other.usage_id == named if named else other.same_read(record))
            and (named or other.occupies)
        ]
        if len(found) != 1:
            what = named or f"of {record.period_start} to {record.period_end}"
            raise CancelWithoutOriginal(f"usage {what} of this account was never received")
        original = found[0]
        if original.ended_by not in {None, record.transaction_id}:
            raise AlreadyCancelled(f"usage {original.usage_id} was cancelled before")
        return original

    def _newly_held(self, record: UsageRecord) -> bool:
        before = self._before.get(record.transaction_id)
        return before is None or before.hold is None or before.hold.code != record.hold_code


_WORK: Final[Mapping[Purpose, Callable[[UsageDesk, UsageRecord], None]]] = {
    Purpose.ORIGINAL: UsageDesk._work_original,  # noqa: SLF001  the desk's own table
    Purpose.CANCEL: UsageDesk._work_cancel,  # noqa: SLF001
    Purpose.REPLACE: UsageDesk._work_replacement,  # noqa: SLF001
}


def _item(record: UsageRecord) -> UsageItem:
    if record.item is None:
        raise ValueError(f"usage {record.usage_id} was loaded without its content")
    return record.item
