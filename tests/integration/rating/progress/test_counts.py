"""Whatever happens, in whatever order, the counts are what the bills and the register add up to."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest

from services.rating.progress.counts import load_counts
from services.rating.progress.place import RECOUNT
from services.rating.progress.roster import roster_cycle
from services.rating.review.registry import Mode
from services.rating.review.settings import AuditSetting, NewSetting, write_setting
from services.rating.store_accounts import load_register
from shared.contracts.documents import AcknowledgmentVerdict, AdviceVerdict
from shared.contracts.enrollment import EnrollmentPurpose
from shared.contracts.envelope import Body
from shared.contracts.parts import BillOption, Purpose
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.integration.rating.progress.test_follow import acknowledged, advised, resent, sent
from tests.unit.rating.words import MCE, meter, request, usage

PEOPLE = ("A1", "A2", "A3")
MONTHS = [date(2026, month, 1) for month in range(5, 9)]
STEPS = 30
ENERGY = {"on": "90", "off": "210", "total": "300"}
MUCH = {"on": "900", "off": "2100", "total": "3000"}


def asked(chance: Random, number: int) -> Body:
    """An 814: somebody comes, goes, moves to another cycle or bill option, or comes back."""
    purpose = chance.choice([EnrollmentPurpose.ENROLL, *EnrollmentPurpose])
    who = chance.choice(PEOPLE)
    one = request(
        f"R{number}",
        purpose,
        account=who,
        agreement=f"S{who}",
        meter=f"M{who}",
        effective_on=date(2026, chance.randint(4, 8), chance.randint(1, 28)),
        requested_on=date(2026, 4, 1) + timedelta(days=number),
        bill_option=chance.choice([None, BillOption.BILL_READY, BillOption.RATE_READY]),
    )
    return enrollment(one.model_copy(update={"bill_cycle": chance.choice(["01", "02"])}))


def used(chance: Random, number: int, known: dict[str, list[str]]) -> Body:
    """An 867: new usage, or a cancel or replacement of what came before."""
    who, purpose = chance.choice(PEOPLE), chance.choice([Purpose.ORIGINAL, *Purpose])
    start = date(2026, chance.randint(4, 7), 6)
    days = (start, start + timedelta(days=30))
    read = meter(days, chance.choice([ENERGY, ENERGY, MUCH]), number=f"M{who}")
    before = known.setdefault(who, [])
    corrects = chance.choice(before) if before and purpose is not Purpose.ORIGINAL else None
    before.append(f"U{number}")
    return usage_report(
        usage(
            f"U{number}",
            read,
            account=who,
            agreement=f"S{who}",
            purpose=purpose if corrects else Purpose.ORIGINAL,
            corrects=corrects,
        )
    )


def answered(chance: Random, invoice: str) -> Body:
    sending = chance.choice([1, 1, 2])
    verdict = chance.choice([AdviceVerdict.ACCEPTED, AdviceVerdict.REJECTED])
    answers: list[Body] = [
        sent(invoice),
        resent(invoice),
        acknowledged(invoice, chance.choice(list(AcknowledgmentVerdict)), sending),
        advised(invoice, verdict, sending),
    ]
    return chance.choice(answers)


class TestTheCounts:
    @pytest.mark.parametrize("seed", [1, 2])
    async def test_are_what_bills_and_register_add_up_to(self, office: Office, seed: int) -> None:
        chance, known = Random(seed), dict[str, list[str]]()
        strict = AuditSetting(mode=Mode.HOLD, limits={"limit_cents": 20_000})
        async with office.service.database.unit_of_work() as session:
            new = NewSetting(setting=strict, reason="some wait")
            await write_setting(session, "mce", "HIGH_VALUE", new, "jane", NOON)

        for number in range(STEPS):
            said = asked(chance, number) if chance.random() < 0.4 else used(chance, number, known)
            await office.tell(said)
            if office.charges and chance.random() < 0.7:
                invoice = chance.choice(office.charges).invoice_number
                await office.tell(answered(chance, invoice))

        assert await office.column(RECOUNT) == []
        stages = await office.column("SELECT DISTINCT stage FROM rating.bills")
        assert len(stages) >= 3
        async with office.service.database.read() as session:
            register = await load_register(session, MCE, PEOPLE)
            counts = [await load_counts(session, MCE, month) for month in MONTHS]
        agreements = [a for one in register.accounts.values() for a in one.values()]
        for month, batches in zip(MONTHS, counts, strict=True):
            cycles = Counter(roster_cycle(each.entries, month) for each in agreements)
            del cycles[None]
            kept = {cycle: batch.roster for cycle, batch in batches.items() if batch.roster}
            assert kept == dict(cycles)
