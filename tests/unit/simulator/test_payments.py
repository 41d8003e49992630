"""Whether planned payments add up to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from simulator.answers import Invoice
from simulator.payments import Outcome, PaymentHabits, payment_lines, plan_remittances
from simulator.places import UTILITIES

CCAS = UTILITIES["pge"].ccas
DAY = date(2026, 7, 6)


def invoice(number: int, cents: int, cca: int = 0) -> Invoice:
    return Invoice(
        number=f"I{number}",
        reference=f"U{number}",
        purpose="00",
        original="",
        account=f"4{number}",
        service_agreement=f"8{number}",
        utility_duns="006912877",
        cca_duns=CCAS[cca].duns,
        start="20260606",
        end="20260706",
        total_cents=cents,
        tax_cents=0,
        lines=(),
    )


class TestPaymentLines:
    @given(
        amounts=st.lists(st.integers(-500, 100_000), max_size=60),
        short_rate=st.floats(0, 0.5),
        reversal_rate=st.floats(0, 0.5),
    )
    def test_each_charge_is_paid_in_full_short_or_taken_back(
        self, amounts: list[int], short_rate: float, reversal_rate: float
    ) -> None:
        invoices = [invoice(n, cents) for n, cents in enumerate(amounts)]
        paid: dict[str, int] = defaultdict(int)
        outcomes: dict[str, Outcome] = {}
        for line in payment_lines(invoices, PaymentHabits(short_rate, reversal_rate, 7)):
            paid[line.invoice] += line.paid_cents
            outcomes[line.invoice] = line.outcome

        assert outcomes.keys() == {one.number for one in invoices if one.total_cents > 0}
        for one in invoices:
            outcome = outcomes.get(one.number)
            if outcome is Outcome.FULL:
                assert paid[one.number] == one.total_cents
            elif outcome is Outcome.SHORT:
                assert 0 <= paid[one.number] < one.total_cents
            else:
                assert paid[one.number] == 0

    def test_a_small_share_still_means_one_of_each(self) -> None:
        invoices = [invoice(n, 5_000) for n in range(20)]
        lines = payment_lines(invoices, PaymentHabits(0.01, 0.01, 7))

        outcomes = [line.outcome for line in lines]
        assert outcomes.count(Outcome.SHORT) == 1
        assert outcomes.count(Outcome.REVERSED) == 2


class TestRemittances:
    def test_every_cca_gets_one_that_adds_up_to_its_own_lines(self) -> None:
        invoices = [invoice(n, 1_000 + n, cca=n % 2) for n in range(30)]
        remittances = plan_remittances(
            invoices,
            CCAS,
            PaymentHabits(0, 0, 7),
            posted=DAY,
            settled=DAY,
            traces={cca.key: f"T{cca.key}" for cca in CCAS},
        )

        assert [one.cca.key for one in remittances] == ["mce", "3ce"]
        assert [one.trace for one in remittances] == ["Tmce", "T3ce"]
        for place, remittance in enumerate(remittances):
            own = [one.total_cents for one in invoices if one.cca_duns == CCAS[place].duns]
            assert remittance.total_cents == sum(own)
