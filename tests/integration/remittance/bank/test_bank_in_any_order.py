"""Statements and 820s end in the same matches and books, in whatever order they come."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from services.remittance.bank import questions
from services.remittance.bank.desk import BankDesk
from services.remittance.receivables import Scope
from shared.contracts.parts import Environment
from shared.platform.clock import FixedClock
from shared.platform.keyring import KeyFile
from tests.integration.remittance.office import NOON, Office, payment, pays
from tests.unit.remittance.bank.bank_files import bai2, ctx

CCAS = ("mce", "3ce", "pce", "cea", "sjce")
"""Each has the same facts in another order."""


def account_of(place: int) -> str:
    return f"70000{place}"


def facts(office: Office, desk: BankDesk, place: int) -> list[Callable[[], Awaitable[object]]]:
    """What happens to one CCA: three 820s, and the bank's word of them, partly twice."""
    scope = Scope(CCAS[place], "pge", Environment.TEST)
    number = account_of(place)

    def trace(name: str) -> str:
        return f"{name}X{place}"

    def deposit(cents: int, name: str, bank: str) -> str:
        return f"16,142,{cents},Z,{bank},,PACIFIC GAS TRN*1*{trace(name)}"

    def told(usd: str, name: str) -> Callable[[], Awaitable[object]]:
        parts = payment(trace(name), [pays(usd, "NONE")], copy=place)
        return lambda: office.tell(*parts, scope=scope)

    def file(data: str) -> Callable[[], Awaitable[object]]:
        return lambda: desk.take(data.encode(), "statement", "fin")

    unnamed = "16,142,700,Z,B3,,PACIFIC GAS ACH CREDIT"
    first = bai2([deposit(500, "T1", "B1"), unnamed], account=number)
    longer = bai2([deposit(500, "T1", "B1"), unnamed, "16,475,9,Z,B4,,FEE"], account=number)
    addenda = ctx([(700, trace("T3"), "261119")], account=number)
    back = bai2([f"16,555,500,Z,B9,,RETURN TRN*1*{trace('T1')}"], account=number, day="261121")
    return [
        *(told(usd, name) for usd, name in (("5.00", "T1"), ("6.00", "T2"), ("7.00", "T3"))),
        *(file(data) for data in (first, longer, addenda, back)),
        lambda: desk.register(scope, number, "operating", "fin"),
    ]


async def end_state(office: Office, desk: BankDesk, place: int) -> dict[str, Any]:
    """Matches without their ids, and the books."""
    scope = Scope(CCAS[place], "pge", Environment.TEST)
    async with desk.database.read() as session:
        page = await questions.matches(session, scope, NOON.date(), which=questions.ANY)
        told = await questions.overview(session, scope, NOON.date())
    ending = f"X{place}"
    return {
        "matches": sorted(
            (
                each.outcome.value,
                [paid.trace_number.removesuffix(ending) for paid in each.payments],
                sorted(str(moved.amount) for moved in each.deposits),
                each.explanation.replace(ending, ""),
            )
            for each in page.matches
        ),
        "books": (told.bank, told.in_transit, told.difference, told.ties),
    }


class TestAnyOrder:
    async def test_every_order_ends_the_same(self, office: Office, tmp_path: Path) -> None:
        keys = KeyFile(tmp_path / "data.keys")
        desk = BankDesk(office.service.database, FixedClock(NOON), keys, Environment.TEST)
        chance, found = random.Random(7), []
        for place in range(len(CCAS)):
            steps = facts(office, desk, place)
            if place:
                chance.shuffle(steps)
            for step in steps:
                await step()
            await desk.settle_open()
            found.append(await end_state(office, desk, place))

        assert [each for each in found if each != found[0]] == []
        assert [outcome for outcome, *_ in found[0]["matches"]] == [
            "amount_differs",
            "deposit_missing",
            "matched",
            "other",
        ]
        await office.prove()
