"""Lives one billing day of a utility: enrols, sends usage, answers charges, pays.

This is the simulator's entry point for Python callers: `billing_day`. The order of the day is
the trade's: a document is only sent when the one it rests on has been answered.
"""

from __future__ import annotations

import asyncio
from math import ceil
from typing import TYPE_CHECKING, TypeVar

from simulator import batches, documents
from simulator.balance import numbering_gaps, problems_of_the_day
from simulator.correspondence import Correspondence
from simulator.dice import first_by_lot
from simulator.expectations import Expectations
from simulator.payments import PaymentHabits, Remittance, plan_remittances
from simulator.plan import DayPlan, Phase
from simulator.post_room import PostRoom, named
from simulator.sftp import Mailbox, open_mailbox
from simulator.tally import tally
from simulator.world import Account, Mischief, Usage, document_id, plan_mischief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from simulator.answers import Invoice
    from simulator.report import DayReport

Item = TypeVar("Item")


async def billing_day(
    plan: DayPlan,
    on_progress: Callable[[str], None] | None = None,
    mailbox: Mailbox | None = None,
) -> DayReport:
    """Live one billing day against the back office and report what the utility saw.

    `on_progress` is told in plain sentences what is going on. A `mailbox` replaces the SFTP
    connection of the plan. Answers that are wrong or missing become problems in the report;
    only a failed connection raises.
    """
    if mailbox is not None:
        return await _Day(plan, mailbox, on_progress).live()
    async with open_mailbox(plan.connection) as opened:
        return await _Day(plan, opened, on_progress).live()


class _Day:
    def __init__(
        self, plan: DayPlan, mailbox: Mailbox, on_progress: Callable[[str], None] | None
    ) -> None:
        self._plan = plan
        self._tell = on_progress or (lambda _: None)
        self._book = Correspondence(plan)
        self._post = PostRoom(plan, mailbox, self._book)
        self._expected = Expectations()
        self._mischief: dict[int, Mischief] = {}
        self._accounts: list[Account] = []
        self._rejected: list[Invoice] = []
        self._remittances: list[Remittance] = []
        self._seconds: dict[str, float] = {}

    async def live(self) -> DayReport:
        """Go through the phases of the plan in the day's order, then balance."""
        people = self._plan.people
        self._accounts = await asyncio.to_thread(people.accounts)
        rate = self._plan.faults.error_rate
        self._mischief = await asyncio.to_thread(plan_mischief, people, rate)
        steps = {
            Phase.ENROL: self._enrol,
            Phase.USAGE: self._send_usage,
            Phase.ACKNOWLEDGE: self._advise,
            Phase.PAY: self._pay,
        }
        loop = asyncio.get_running_loop()
        for phase, step in steps.items():
            if phase in self._plan.phases:
                started_s = loop.time()
                await step()
                self._seconds[str(phase)] = round(loop.time() - started_s, 3)
        await self._post.until(lambda: named("files numbered", numbering_gaps(self._book)))
        problems = await asyncio.to_thread(problems_of_the_day, self._book, self._expected)
        return tally(
            self._book,
            self._expected,
            rejected=self._rejected,
            remittances=self._remittances,
            problems=problems,
            seconds=self._seconds,
        )

    async def _enrol(self) -> None:
        """Ask for every account; then once more for those the mischief names, in vain."""
        self._tell(f"enrolling {len(self._accounts):,} accounts (814)")
        await self._request(self._accounts, again=False)
        answers = self._book.enrollment_answers
        self._accounts = [
            account
            for account in self._accounts
            if any(a.accepted for a in answers[batches.request_id(self._plan, account)])
        ]
        self._tell(f"{len(self._accounts):,} accounts accepted")
        repeated = self._with(Mischief.ALREADY_ENROLLED)
        if repeated:
            for account in repeated:
                id_ = batches.request_id(self._plan, account, again=True)
                self._expected.refused.add(id_)
                self._expected.note(Mischief.ALREADY_ENROLLED, account.number, id_)
            await self._request(repeated, again=True)

    async def _request(self, accounts: Sequence[Account], *, again: bool) -> None:
        ids = [batches.request_id(self._plan, account, again=again) for account in accounts]
        self._expected.requests.update(ids)
        for part in self._parts(accounts):
            await self._post.send("814", batches.enrollments(self._plan, part, again=again))
        await self._post.receipted()
        answers = self._book.enrollment_answers
        await self._post.until(
            lambda: named("814 response to", [id_ for id_ in ids if id_ not in answers])
        )

    async def _send_usage(self) -> None:
        """Send everyone's usage, gather the charges, then correct what is to be corrected."""
        usages = await asyncio.to_thread(
            lambda: list(batches.usages(self._plan, self._accounts, self._mischief))
        )
        own = {account.number for account in self._accounts}
        for used in usages:
            kind = self._mischief.get(used.account.index)
            self._expected.expect_usage(used, kind, known=used.account.number in own)
        self._tell(f"sending usage of {len(usages):,} meters (867)")
        await self._send_usage_files(usages)
        await self._charges_come()
        corrected = [
            account
            for account in self._with(Mischief.CANCEL_REBILL)
            if batches.usage_id(self._plan, account) in self._book.charged
        ]
        if corrected:
            await self._correct(corrected)

    async def _send_usage_files(self, usages: Sequence[Usage]) -> None:
        for place, part in enumerate(self._parts(usages)):
            garbled = frozenset(f"{n:04d}" for n, used in enumerate(part, 1) if used.garbled)
            texts = batches.usage_texts(self._plan, part)
            file, data = await self._post.send("867", texts, garbled)
            if place == 0 and self._plan.faults.error_rate > 0:
                name = await self._post.send_again(file, data)
                self._expected.sent_again.add(file.control)
                self._expected.note("duplicate-file", "", name)
        await self._post.receipted()

    async def _charges_come(self) -> None:
        charged, chargeable = self._book.charged, self._expected.chargeable
        await self._post.until(lambda: named("810 for", sorted(chargeable - charged.keys())))
        self._tell(f"{len(self._book.charged):,} charges received (810)")

    async def _correct(self, accounts: Sequence[Account]) -> None:
        self._tell(f"cancelling and re-sending usage of {len(accounts):,} meters")
        documents_ = list(batches.corrections(self._plan, accounts))
        for used in documents_:
            if used.original:
                self._expected.cancelled.add(used.original)
                self._expected.note(Mischief.CANCEL_REBILL, used.account.number, used.original)
            else:
                self._expected.usage[used.id] = used
                self._expected.chargeable.add(used.id)
        await self._post.send("867", batches.usage_texts(self._plan, documents_))
        await self._post.receipted()
        numbers = [self._book.charged[id_].number for id_ in sorted(self._expected.cancelled)]
        cancels = self._book.cancels
        await self._post.until(
            lambda: named("cancelling 810 for", [n for n in numbers if n not in cancels])
        )
        await self._charges_come()

    async def _advise(self) -> None:
        """Reject a few charges by 824, as if the utility could not print them."""
        await self._some_invoices()
        invoices = sorted(self._book.open_invoices(), key=lambda one: one.reference)
        count = ceil(len(invoices) * self._plan.faults.advice_rate)
        lot = first_by_lot(count, self._plan.seed, "advice", of=range(len(invoices)))
        self._rejected = [invoices[place] for place in sorted(lot)]
        if self._rejected:
            self._tell(f"rejecting {count:,} charges (824)")
            await self._post.send("824", self._rejections())
            await self._post.receipted()

    def _rejections(self) -> Iterator[tuple[tuple[str, ...], ...]]:
        identity, people, day = self._plan.identity, self._plan.people, self._plan.day
        ccas = {cca.duns: cca for cca in identity.ccas}
        for turn, invoice in enumerate(self._rejected, 1):
            id_ = document_id(people, day, "A", turn + self._plan.first_account)
            cca = ccas.get(invoice.cca_duns, identity.ccas[0])
            yield documents.rejection(identity, cca, invoice, id_, day)

    async def _pay(self) -> None:
        """Pay every CCA for its open charges that were not rejected."""
        await self._some_invoices()
        plan = self._plan
        rejected = {invoice.number for invoice in self._rejected}
        owed = [one for one in self._book.open_invoices() if one.number not in rejected]
        owed.sort(key=lambda one: one.reference)
        habits = PaymentHabits(plan.faults.short_rate, plan.faults.reversal_rate, plan.seed)
        ccas = plan.identity.ccas
        self._remittances = plan_remittances(
            owed,
            ccas,
            habits,
            posted=plan.day,
            settled=plan.settled,
            traces={
                cca.key: document_id(plan.people, plan.day, "P", plan.first_account + place)
                for place, cca in enumerate(ccas)
            },
        )
        for remittance in self._remittances:
            self._tell(f"paying {remittance.cca.key}: {len(remittance.lines):,} lines (820)")
            await self._post.send("820", [documents.payment(plan.identity, remittance)])
        await self._post.receipted()

    async def _some_invoices(self) -> None:
        """When charges were asked for in an earlier run, wait for them to be there."""
        if Phase.USAGE not in self._plan.phases:
            await self._post.until(lambda: "" if self._book.invoices else "any 810")

    def _with(self, kind: Mischief) -> list[Account]:
        return [a for a in self._accounts if self._mischief.get(a.index) is kind]

    def _parts(self, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        size = self._plan.accounts_a_file or len(items) or 1
        return (items[start : start + size] for start in range(0, len(items), size))
