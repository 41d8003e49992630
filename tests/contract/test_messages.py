"""The words between the services: what is published, what is routed, and that no cent is bent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.contracts import schema
from shared.contracts.charges import ChargesRated
from shared.contracts.envelope import Envelope
from shared.contracts.measures import (
    InexactAmountError,
    Quantity,
    Usd,
    UsdPrice,
    from_cents,
    from_micro,
    round_to_cents,
    to_cents,
    to_micro,
)
from shared.contracts.parts import MESSAGE_ITEMS_MAX, ServiceName
from shared.contracts.routes import CONSUMERS, FOR_THE_RECORD, heard_by
from tests.contract.sample_parts import CHARGE
from tests.contract.samples import ENVELOPES, envelope_of

KINDS = sorted(ENVELOPES)
AMOUNT_WORDS = {
    *("amount", "total", "quantity", "price", "applied", "unapplied", "adjusted", "invoiced"),
    *("open_balance", "lines_total", "adjustment_amount"),
}


def amounts(value: object) -> Iterator[tuple[str, object]]:
    """Every field of a JSON document whose name says that it is an amount."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in AMOUNT_WORDS:
                yield name, inner
            yield from amounts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from amounts(inner)


class TestPublishedSchemas:
    def test_the_committed_schemas_are_the_generated_ones(self) -> None:
        committed = {path.name: path.read_text() for path in schema.SCHEMA_DIR.glob("*.json")}

        assert committed == schema.render(), "run: python -m shared.contracts.schema"

    def test_there_is_a_sample_of_every_message(self) -> None:
        assert set(KINDS) | {"Envelope"} == set(schema.message_models())


class TestRoutes:
    def test_every_message_has_a_route_and_every_route_a_message(self) -> None:
        assert set(CONSUMERS) == set(KINDS)

    def test_every_message_is_heard_by_somebody_and_by_nobody_twice(self) -> None:
        for kind, services in CONSUMERS.items():
            assert bool(services) is (kind not in FOR_THE_RECORD), kind
            assert len(set(services)) == len(services), kind

    def test_what_a_service_hears_adds_up_to_all_routes(self) -> None:
        pairs = {(kind, service) for service in ServiceName for kind in heard_by(service)}
        assert pairs == {(kind, one) for kind, services in CONSUMERS.items() for one in services}


class TestRoundTrip:
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_message_is_read_as_it_was_said(self, kind: str) -> None:
        said = ENVELOPES[kind]

        assert Envelope.from_json(said.to_json()) == said

    @pytest.mark.parametrize("kind", KINDS)
    def test_amounts_travel_as_text(self, kind: str) -> None:
        for name, value in amounts(json.loads(ENVELOPES[kind].to_json())):
            assert isinstance(value, str), name
            Decimal(value)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_field_that_the_reader_does_not_know_is_no_reason_to_refuse(self, kind: str) -> None:
        grown = json.loads(ENVELOPES[kind].to_json())
        grown["news"] = grown["body"]["news"] = "of tomorrow"

        assert Envelope.from_json(json.dumps(grown).encode()) == ENVELOPES[kind]

    def test_leading_zeros_of_an_account_survive(self) -> None:
        body = Envelope.from_json(ENVELOPES["ChargesRated"].to_json()).fact(ChargesRated)

        assert body.items[0].account_number == "0012345678"

    def test_moments_are_utc_whatever_the_sender_wrote(self) -> None:
        said = json.loads(ENVELOPES["UsageHeld"].to_json())
        said["at"] = "2026-07-06T07:30:00-07:00"

        at = Envelope.from_json(json.dumps(said).encode()).at

        assert (at, at.tzinfo) == (datetime(2026, 7, 6, 14, 30, tzinfo=UTC), UTC)


class TestRefused:
    @pytest.mark.parametrize(
        "kind", [kind for kind in KINDS if any(amounts(ENVELOPES[kind].model_dump(mode="json")))]
    )
    def test_no_amount_may_be_a_binary_fraction(self, kind: str) -> None:
        names = {name for name, _ in amounts(json.loads(ENVELOPES[kind].to_json()))}
        for name in sorted(names):
            document = json.loads(ENVELOPES[kind].to_json())
            _bend(document["body"], name)
            with pytest.raises(ValidationError, match="never binary fractions"):
                Envelope.from_json(json.dumps(document).encode())

    def test_a_fraction_of_a_cent_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(Usd).validate_python("1.001")

    def test_a_type_that_is_not_the_body_s_is_refused(self) -> None:
        said = json.loads(ENVELOPES["UsageHeld"].to_json())
        said["type"] = "UsageReported"

        with pytest.raises(ValidationError, match="envelope says"):
            Envelope.from_json(json.dumps(said).encode())

    def test_an_unknown_message_is_refused(self) -> None:
        said = json.loads(ENVELOPES["UsageHeld"].to_json())
        said["type"] = said["body"]["type"] = "UsageGuessed"

        with pytest.raises(ValidationError):
            Envelope.from_json(json.dumps(said).encode())

    def test_a_moment_without_a_zone_is_refused(self) -> None:
        said = json.loads(ENVELOPES["UsageHeld"].to_json())
        said["at"] = "2026-07-06T07:30:00"

        with pytest.raises(ValidationError):
            Envelope.from_json(json.dumps(said).encode())

    def test_more_than_a_message_holds_is_refused(self) -> None:
        ChargesRated(items=(CHARGE,) * MESSAGE_ITEMS_MAX)

        with pytest.raises(ValidationError):
            ChargesRated(items=(CHARGE,) * (MESSAGE_ITEMS_MAX + 1))

    def test_an_empty_message_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            ChargesRated(items=())

    def test_a_charge_whose_lines_do_not_add_up_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="do not add"):
            CHARGE.model_validate(CHARGE.model_dump() | {"total": Decimal("21.88")})

    def test_a_fact_read_as_another_is_a_fault(self) -> None:
        with pytest.raises(TypeError, match="expected ChargesRated"):
            ENVELOPES["UsageHeld"].fact(ChargesRated)


class TestAnswer:
    def test_it_keeps_the_scope_and_names_its_cause(self) -> None:
        cause = ENVELOPES["UsageReported"]
        at = cause.at + timedelta(seconds=1)

        answer = cause.answer(
            ENVELOPES["UsageHeld"].body,
            at=at.astimezone(timezone(timedelta(hours=-7))),
            source=ServiceName.RATING,
        )

        assert answer.causation_id == cause.id
        assert answer.correlation_id == cause.correlation_id
        assert (answer.cca, answer.utility, answer.environment) == (
            cause.cca,
            cause.utility,
            cause.environment,
        )
        assert answer.at == at

    def test_every_message_has_an_id_of_its_own(self) -> None:
        body = ENVELOPES["UsageHeld"].body

        assert envelope_of(body).id != envelope_of(body).id


CENTS = st.integers(-(10**16) + 1, 10**16 - 1)
MICROS = st.integers(-(10**18) + 1, 10**18 - 1)


class TestExactNumbers:
    @given(CENTS)
    def test_every_cent_survives_the_way_through_json(self, cents: int) -> None:
        amounts = TypeAdapter(Usd)
        said = amounts.dump_json(amounts.validate_python(from_cents(cents)))

        assert to_cents(amounts.validate_json(said)) == cents

    @given(MICROS)
    def test_every_millionth_of_a_kwh_survives_the_way_through_json(self, micro: int) -> None:
        quantities = TypeAdapter(Quantity)
        said = quantities.dump_json(quantities.validate_python(from_micro(micro)))

        assert to_micro(quantities.validate_json(said)) == micro

    @given(st.floats(allow_nan=True, allow_infinity=True))
    def test_no_float_passes_for_money_price_or_energy(self, number: float) -> None:
        for kind in (Usd, UsdPrice, Quantity):
            with pytest.raises(ValidationError):
                TypeAdapter(kind).validate_python(number)

    @pytest.mark.parametrize(
        ("amount", "half_up", "half_even"),
        [("0.135", "0.14", "0.14"), ("0.125", "0.13", "0.12"), ("-0.125", "-0.13", "-0.12")],
    )
    def test_there_is_one_rounding_and_its_rule_is_named(
        self, amount: str, half_up: str, half_even: str
    ) -> None:
        assert round_to_cents(Decimal(amount)) == Decimal(half_up)
        assert round_to_cents(Decimal(amount), half_even=True) == Decimal(half_even)

    def test_what_is_not_whole_is_refused_and_not_rounded(self) -> None:
        with pytest.raises(InexactAmountError):
            to_cents(Decimal("0.005"))
        with pytest.raises(InexactAmountError):
            to_micro(Decimal("0.0000001"))


def _bend(value: object, name: str) -> None:
    """Turn every amount of that name into a binary fraction."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name and isinstance(inner, str):
                value[key] = float(inner)
            else:
                _bend(inner, name)
    elif isinstance(value, list):
        for inner in value:
            _bend(inner, name)
