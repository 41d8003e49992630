"""What the rules cannot match people match: signed, booked to the cent, and undone again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest

from services.remittance.bank import questions
from services.remittance.bank.desk import BankDesk
from services.remittance.bank.hand_matches import MatchedByHand, OtherAmounts, UnknownBankItem
from services.remittance.bank.three_way import Outcome
from services.remittance.bank.views import BankOverview, MatchView
from services.remittance.receivables import Scope
from services.remittance.statements.money import money
from services.remittance.workbench import act_questions
from services.remittance.workbench.desk import ActState, Asked, Wanted, Workbench
from services.remittance.workbench.plans import ActKind, HandMatch, Plan
from shared.contracts.measures import to_cents
from shared.contracts.parts import Environment
from shared.platform.clock import FixedClock
from shared.platform.keyring import KeyFile
from tests.integration.remittance.office import MCE, NOON, Office, payment, pays, sent
from tests.unit.remittance.bank.bank_files import ACCOUNT, bai2

TRACE = "T1"


@pytest.fixture
async def desk(office: Office, tmp_path: Path) -> BankDesk:
    desk = BankDesk(
        office.service.database,
        FixedClock(NOON),
        KeyFile(tmp_path / "data.keys"),
        Environment.TEST,
    )
    await desk.register(MCE, ACCOUNT, "operating account", "fin")
    return desk


@pytest.fixture
def bench(office: Office) -> Workbench:
    return office.service.workbench


async def announced(office: Office, amount: str, trace: str = TRACE) -> None:
    await office.tell(sent(f"I-{trace}", amount))
    await office.tell(*payment(trace, [pays(amount, f"I-{trace}")]))


async def booked(desk: BankDesk, *deposits: tuple[int, str], opening: int = 500_000) -> None:
    """The bank tells of deposits, each with the trace it names."""
    records = [
        f"16,142,{cents},Z,BK{opening}{place},,PACIFIC GAS TRN*1*{trace}"
        for place, (cents, trace) in enumerate(deposits)
    ]
    await desk.take(bai2(records, opening=opening).encode(), "statement.bai", "fin")
    await desk.settle_open()


async def matches(desk: BankDesk, which: str = "any") -> list[MatchView]:
    async with desk.database.read() as session:
        page = await questions.matches(session, MCE, date(2026, 11, 25), which=which)
    return list(page.matches)


async def overview(desk: BankDesk) -> BankOverview:
    async with desk.database.read() as session:
        return await questions.overview(session, MCE, date(2026, 11, 25))


def together(*found: MatchView) -> HandMatch:
    """Everything that some matches hold, as one."""
    return HandMatch(
        payments=tuple(each.transaction_id for one in found for each in one.payments),
        movements=tuple(each.movement_id for one in found for each in one.deposits),
        announced_cents=sum(to_cents(one.announced) for one in found),
        deposited_cents=sum(to_cents(one.deposited) for one in found),
    )


async def ask(bench: Workbench, wanted: HandMatch, by: str = "jane", scope: Scope = MCE) -> Asked:
    return await bench.ask(scope, Wanted(Plan(bank=wanted), "the bank kept it", by, uuid4().hex))


class TestAMatchByHand:
    async def test_books_the_deposit_and_lets_the_difference_go_once_two_have_signed(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "2000.00")
        await booked(desk, (199_900, TRACE))
        (differs,) = await matches(desk, "open")
        assert differs.outcome is Outcome.AMOUNT_DIFFERS

        asked = await ask(bench, together(differs))
        assert asked.state is ActState.WAITING
        assert [each.outcome for each in await matches(desk)] == [Outcome.AMOUNT_DIFFERS]
        await bench.approve(MCE, asked.act_id, "joe", "asked the bank")

        (match,) = await matches(desk)
        assert (match.outcome, match.act_id) == (Outcome.BY_HAND, asked.act_id)
        assert match.explanation == "the bank kept it"
        assert await matches(desk, "open") == []
        assert await office.balance_of("bank") == Decimal("1999.00")
        assert await office.balance_of("bank_differences") == Decimal("1.00")
        assert await office.balance_of("cash_in_transit") == 0
        told = await overview(desk)
        assert (told.difference, told.let_go, told.ties) == (Decimal(0), Decimal("-1.00"), True)
        await office.prove()

    async def test_is_undone_by_an_act_of_the_opposite_effect(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "20.00")
        await booked(desk, (1_999, TRACE))
        asked = await ask(bench, together(*await matches(desk)))
        assert asked.state is ActState.DONE

        undone = await bench.take_back(MCE, asked.act_id, "the cent came", "jane", "undo")

        assert undone.state is ActState.DONE
        assert [each.outcome for each in await matches(desk)] == [Outcome.AMOUNT_DIFFERS]
        for account in ("bank", "bank_differences"):
            assert await office.balance_of(account) == 0
        async with desk.database.read() as session:
            first, second = [
                await act_questions.act_view(session, MCE, each.act_id) for each in (asked, undone)
            ]
        assert (first.kind, second.kind) == (ActKind.BANK_MATCH, ActKind.REVERSAL)
        assert first.bank is not None
        assert [each.trace_number for each in first.bank.payments] == [TRACE]
        assert (first.taken_back_by, first.bank.difference) == (undone.act_id, Decimal("-0.01"))
        await office.prove()
        again = await ask(bench, together(*await matches(desk)))
        assert again.state is ActState.DONE
        await office.prove()

    async def test_joins_several_of_both_that_come_to_the_same(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "60.00")
        await announced(office, "30.00", "T2")
        await booked(desk, (5_000, "WRONG"), (4_000, "ALSO"))
        everything = await matches(desk, "open")
        assert len(everything) == 4

        await ask(bench, together(*everything))

        (match,) = await matches(desk)
        assert (match.announced, match.difference) == (Decimal("90.00"), Decimal(0))
        async with desk.database.read() as session:
            shown = await money(session, MCE, date(2026, 11, 1), date(2026, 11, 30))
        assert (shown.deposited_cents, shown.in_transit_cents) == (9_000, 0)
        await office.prove()

    async def test_of_a_deposit_paid_twice_and_its_return_books_nothing(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "20.00")
        await booked(desk, (2_000, TRACE), (2_000, TRACE))
        back = "16,555,2000,Z,BK9,,RETURN PACIFIC GAS"
        await desk.take(bai2([back], opening=504_000, day="261120").encode(), "b.bai", "fin")
        odd = [each for each in await matches(desk) if each.outcome is not Outcome.MATCHED]
        assert {each.outcome for each in odd} == {Outcome.DUPLICATE, Outcome.ADVICE_MISSING}

        await ask(bench, together(*odd))

        assert sorted(each.outcome.value for each in await matches(desk)) == ["by_hand", "matched"]
        assert await office.balance_of("bank") == Decimal("20.00")
        assert (await overview(desk)).difference == 0
        await office.prove()

    async def test_stays_when_more_is_known(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "20.00")
        await booked(desk, (1_999, TRACE))
        await ask(bench, together(*await matches(desk)))

        await announced(office, "5.00", "T2")
        await booked(desk, (500, "T2"), (1, TRACE), opening=600_000)

        assert sorted(each.outcome.value for each in await matches(desk)) == [
            "advice_missing",
            "by_hand",
            "matched",
        ]
        await office.prove()


class TestWhatIsRefused:
    async def test_amounts_that_are_not_those_signed(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "20.00")
        await booked(desk, (1_999, TRACE))
        right = together(*await matches(desk))

        with pytest.raises(OtherAmounts, match=r"19\.99 is deposited, not 20\.00"):
            await ask(bench, right.model_copy(update={"deposited_cents": 2_000}))
        with pytest.raises(OtherAmounts, match=r"20\.00 is announced, not 19\.99"):
            await ask(bench, right.model_copy(update={"announced_cents": 1_999}))

    async def test_what_is_of_another_cca_or_of_nobody(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "20.00")
        await booked(desk, (1_999, TRACE))
        right = together(*await matches(desk))

        with pytest.raises(UnknownBankItem):
            await ask(bench, right, scope=Scope("pce", "pge", Environment.TEST))
        with pytest.raises(UnknownBankItem):
            await ask(bench, right.model_copy(update={"movements": (uuid4(),)}))

    async def test_what_people_have_matched_already(
        self, office: Office, desk: BankDesk, bench: Workbench
    ) -> None:
        await announced(office, "20.00")
        await booked(desk, (1_999, TRACE))
        wanted = together(*await matches(desk))
        await ask(bench, wanted)

        with pytest.raises(MatchedByHand, match="the bank kept it"):
            await ask(bench, wanted)
        assert await office.balance_of("bank") == Decimal("19.99")

    async def test_an_act_that_matches_at_the_bank_does_nothing_else(self) -> None:
        nothing = {"payments": (), "movements": (), "announced_cents": 0, "deposited_cents": 0}

        for plan in ({}, {"bank": nothing}):
            with pytest.raises(ValueError, match=r"moves something|each once"):
                Plan.model_validate(plan)
