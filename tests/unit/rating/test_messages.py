from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.rating.charge_json import explanation_json
from services.rating.charging import Line
from services.rating.corrections import ChargeDraft
from services.rating.desk import DeskOutcome
from services.rating.messages import Occasion, announce
from services.rating.rate_usage import Explanation, LineReason
from services.rating.store_charges import explanation_of
from shared.contracts.charges import ChargesRated, ChargeUnit, LineKind
from shared.contracts.envelope import Envelope, Written
from shared.contracts.measures import cents_text, from_cents, from_micro, micro_text
from shared.contracts.parts import Purpose
from tests.unit.rating.words import MCE

NAMES = UUID("5f0c7a52-8a51-4b53-9d0e-2f6f3c1b7a10")
AT = datetime(2026, 7, 6, 18, 30, 1, 20, tzinfo=UTC)
NOTHING = DeskOutcome((), (), (), (), ())

told = st.text(st.characters(exclude_categories=["Cs", "Z"]), min_size=1, max_size=30).map(
    lambda text: f"A{text.strip()}".strip()
) | st.just("100 % of %s")
texts = st.lists(told, max_size=3).map(tuple)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
micro = st.integers(-(10**15), 10**15)
lines = st.builds(
    Line,
    line_id=told,
    kind=st.sampled_from(LineKind),
    code=told,
    label=told,
    quantity_micro=st.none() | micro,
    unit=st.none() | st.sampled_from(ChargeUnit),
    price_micro=st.none() | micro,
    cents=st.integers(0, 10**10),
)


@st.composite
def drafts(draw: st.DrawFn) -> ChargeDraft:
    number = draw(st.integers(1, 10**6))
    return ChargeDraft(
        charge_id=uuid5(NAMES, f"charge {number}"),
        purpose=draw(st.sampled_from((Purpose.ORIGINAL, Purpose.CANCEL))),
        transaction_id=uuid5(NAMES, f"867 {number}"),
        correlation_id=uuid5(NAMES, f"file {number % 3}"),
        usage_id=draw(told),
        account_number=draw(told),
        service_agreement_id=draw(st.none() | told),
        customer_name=draw(told),
        due_on=draw(st.none() | days),
        period_start=draw(days),
        period_end=draw(days),
        estimated=draw(st.booleans()),
        plan_id=draw(told),
        plan_version=draw(told),
        lines=tuple(draw(st.lists(lines, min_size=1, max_size=4))),
        explanation=Explanation((), (), (), "", prorated=False),
        invoice_number=f"MCE{number:010d}",
        original_invoice_number=draw(st.none() | told),
    )


class TestChargesAsAMessage:
    @given(st.lists(drafts(), min_size=1, max_size=4))
    def test_are_the_bytes_that_the_contract_writes(self, charges: list[ChargeDraft]) -> None:
        said = announce(Occasion(MCE, AT, NAMES), NOTHING, charges)

        assert sum(len(_read(message).items) for message in said) == len(charges)
        for message in said:
            assert Envelope.from_json(message.to_json()).to_json() == message.to_json()

    @given(st.lists(drafts(), min_size=1, max_size=6, unique_by=lambda one: one.invoice_number))
    def test_go_out_under_the_correlation_of_the_file_that_brought_them(
        self, charges: list[ChargeDraft]
    ) -> None:
        said = announce(Occasion(MCE, AT), NOTHING, charges)

        correlations = {c.invoice_number: c.correlation_id for c in charges}
        assert len(said) == len(set(correlations.values()))
        for message in said:
            for item in _read(message).items:
                assert correlations[item.invoice_number] == message.correlation_id


class TestExplanations:
    @given(
        st.builds(
            Explanation,
            plans=texts,
            sources=texts,
            parts=texts,
            user_tax=told,
            prorated=st.booleans(),
            lines=st.lists(
                st.builds(
                    LineReason,
                    line_id=told,
                    rule=told,
                    plan=told,
                    usage_id=told,
                    estimated=st.booleans(),
                ),
                max_size=4,
            ).map(tuple),
            hours=texts,
        )
    )
    def test_are_read_as_they_were_written(self, explanation: Explanation) -> None:
        written = explanation_json(explanation)

        assert written.encode() == TypeAdapter(Explanation).dump_json(explanation)
        assert explanation_of(json.loads(written)) == explanation


class TestAmountsAsText:
    @given(micro)
    def test_read_as_the_decimals_do(self, value: int) -> None:
        assert micro_text(value) == f"{from_micro(value):f}"
        assert cents_text(value) == f"{from_cents(value):f}"


def _read(message: Envelope | Written) -> ChargesRated:
    return Envelope.from_json(message.to_json()).fact(ChargesRated)
