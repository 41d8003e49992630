"""What an 867 says: buckets, estimates, generation, periods, corrections, and its wrongs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.edi_gateway.partners import PartnerBook
from services.edi_gateway.profile import PeriodEnd, TradingPartner
from shared.contracts.parts import Purpose
from shared.contracts.usage import (
    Bucket,
    Direction,
    Unit,
)
from tests.unit.edi_gateway.transactions.conftest import Read
from tests.unit.edi_gateway.transactions.words867 import (
    HEADER,
    METER,
    MONTHLY,
    delivered,
    quantities,
    usage,
)


class TestMonthlyUsage:
    def test_every_identifier_by_which_somebody_may_ask_is_given(self, read: Read) -> None:
        reading = read(HEADER + METER + MONTHLY)

        assert reading.business_key == "PGE867-1"
        assert reading.cca == "mce"
        assert reading.account_number == "4000000001"
        assert reading.identifiers == (
            ("usage_id", "PGE867-1"),
            ("account", "4000000001"),
            ("service_agreement", "4123456789"),
            ("meter", "M1"),
        )

    def test_header_and_meter_are_kept(self, read: Read) -> None:
        item = usage(read(HEADER + METER + MONTHLY))

        assert item.reported_on == date(2026, 6, 2)
        assert item.bill_due_on == date(2026, 6, 5)
        assert item.customer_name == "ADA ALDERTON"
        assert not item.final
        assert item.meters[0].rate_code == "E-TOU-C"
        assert (item.meters[0].period_start, item.meters[0].period_end) == (
            date(2026, 5, 1),
            date(2026, 6, 1),
        )

    def test_buckets_come_from_the_significance_code(self, read: Read) -> None:
        reading = read(HEADER + METER + MONTHLY)

        assert delivered(reading, Bucket.TOTAL) == Decimal(310)
        assert delivered(reading, Bucket.ON_PEAK) == Decimal("90.5")
        assert delivered(reading, Bucket.OFF_PEAK) == Decimal("219.5")

    def test_one_qty_loop_for_each_bucket_means_the_same(self, read: Read) -> None:
        loops = """
            QTY*QD*90.5*KH
            MEA*AA*PRQ*90.5*KH***42
            QTY*QD*219.5*KH
            MEA*AA*PRQ*219.5*KH***41
        """

        assert quantities(read(HEADER + METER + loops)) == quantities(
            read(HEADER + METER + MONTHLY)
        )

    def test_a_quantity_without_measurements_is_a_total(self, read: Read) -> None:
        assert delivered(read(HEADER + METER + "QTY*QD*12.345678*KH"), Bucket.TOTAL) == Decimal(
            "12.345678"
        )

    def test_the_final_flag_is_kept(self, read: Read) -> None:
        text = HEADER.replace("*DD", "*DD***F") + METER + MONTHLY
        assert usage(read(text)).final

    def test_several_meters_are_kept_apart(self, read: Read) -> None:
        second = METER.replace("M1", "M2") + "QTY*QD*5*KH"
        meters = usage(read(HEADER + METER + MONTHLY + second)).meters
        assert [meter.meter_number for meter in meters] == ["M1", "M2"]

    def test_unmetered_service_needs_no_meter_number(self, read: Read) -> None:
        loop = METER.replace("PTD*PM", "PTD*BC").replace("REF*MG*M1\n", "")
        reading = read(HEADER + loop + "QTY*QD*44*KH")
        assert usage(reading).meters[0].meter_number == "UNMETERED"
        assert "meter" not in dict(reading.identifiers)

    def test_summary_loops_are_not_counted_again(self, read: Read) -> None:
        summary = METER.replace("PTD*PM", "PTD*SU") + "QTY*QD*310*KH"
        assert len(usage(read(HEADER + summary + METER + MONTHLY)).meters) == 1

    def test_account_references_are_found_under_a_name_too(self, read: Read) -> None:
        moved = HEADER.replace("REF*12*4000000001\n", "") + "REF*12*4000000001\n"
        assert usage(read(moved + METER + MONTHLY)).account_number == "4000000001"


class TestWhatCodesMean:
    def test_a_multiplier_is_never_usage(self, read: Read) -> None:
        assert quantities(read(HEADER + METER + MONTHLY + "MEA**MU*40")) == quantities(
            read(HEADER + METER + MONTHLY)
        )

    def test_an_estimate_is_marked(self, read: Read) -> None:
        assert all(
            q.estimated
            for q in quantities(read(HEADER + METER + MONTHLY.replace("QD", "KA"))).values()
        )

    def test_an_actual_and_an_estimated_part_are_added(self, read: Read) -> None:
        total = quantities(read(HEADER + METER + "QTY*QD*100*KH\nQTY*KA*20*KH"))[
            Bucket.TOTAL, Unit.KWH, Direction.DELIVERED
        ]
        assert (total.quantity, total.estimated) == (Decimal(120), True)

    def test_generation_is_received(self, read: Read) -> None:
        found = quantities(read(HEADER + METER + MONTHLY + "QTY*87*55.5*KH"))
        assert found[Bucket.TOTAL, Unit.KWH, Direction.RECEIVED].quantity == Decimal("55.5")
        assert found[Bucket.TOTAL, Unit.KWH, Direction.DELIVERED].quantity == Decimal(310)

    def test_demand_is_kept_beside_energy(self, read: Read) -> None:
        demand = """
            QTY*QD*7.2*K1
            MEA*AA*PRQ*7.2*K1***51
            MEA*AA*PRQ*6.1*K1***42
        """
        reading = read(HEADER + METER + MONTHLY + demand)
        assert delivered(reading, Bucket.TOTAL, Unit.KW) == Decimal("7.2")
        assert delivered(reading, Bucket.ON_PEAK, Unit.KW) == Decimal("6.1")

    def test_demand_buckets_are_never_added_to_a_total(self, read: Read) -> None:
        reading = read(HEADER + METER + MONTHLY + "QTY*QD*6.1*K1\nMEA*AA*PRQ*6.1*K1***42")
        assert (Bucket.TOTAL, Unit.KW, Direction.DELIVERED) not in quantities(reading)

    def test_two_codes_of_one_bucket_are_added(self, read: Read) -> None:
        loops = """
            QTY*QD*30*KH
            MEA*AA*PRQ*30*KH***51
            MEA*AA*PRQ*10*KH***42
            MEA*AA*PRQ*20*KH***71
        """
        assert delivered(read(HEADER + METER + loops), Bucket.ON_PEAK) == Decimal(30)

    def test_a_total_repeated_under_another_code_counts_once(self, read: Read) -> None:
        reading = read(HEADER + METER + MONTHLY + "MEA*AA*PRQ*310*KH***22")
        assert delivered(reading, Bucket.TOTAL) == Decimal(310)

    def test_capacity_tags_and_multipliers_are_no_usage(self, read: Read) -> None:
        extra = "MEA**MU*40\nMEA**ZA*0.98\nMEA**CO*1.02\nQTY*KC*4.4*K1\nQTY*KZ*4.1*K1"
        assert quantities(read(HEADER + METER + MONTHLY + extra)) == quantities(
            read(HEADER + METER + MONTHLY)
        )

    @pytest.mark.parametrize(
        ("code", "unit", "counts"),
        [
            ("K1", Unit.KW, "9"),
            ("K2", Unit.KVAR, "9"),
            ("K3", Unit.KVARH, "15"),
            ("K4", Unit.KVA, "9"),
        ],
    )
    def test_peaks_are_the_highest_of_their_parts_and_energies_the_sum(
        self, read: Read, code: str, unit: Unit, counts: str
    ) -> None:
        parts = f"QTY*QD*9*{code}\nQTY*KA*6*{code}"
        found = delivered(read(HEADER + METER + MONTHLY + parts), Bucket.TOTAL, unit)
        assert found == Decimal(counts)

    @pytest.mark.parametrize(("reads", "estimated"), [("AA", False), ("AF", False), ("AE", True)])
    def test_an_estimated_read_makes_the_quantity_an_estimate(
        self, read: Read, reads: str, *, estimated: bool
    ) -> None:
        text = MONTHLY.replace("MEA*AA*PRQ*310", f"MEA*{reads}*PRQ*310")
        total = quantities(read(HEADER + METER + text))[Bucket.TOTAL, Unit.KWH, Direction.DELIVERED]
        assert total.estimated is estimated

    def test_a_quantity_without_value_is_left_out(self, read: Read) -> None:
        reading = read(HEADER + METER + "QTY*QD*310*KH\nQTY*87**KH*NV")
        assert len(quantities(reading)) == 1

    def test_another_utility_may_mean_otherwise(self, read: Read, pge: TradingPartner) -> None:
        rules = pge.profile.usage
        other = rules.model_copy(update={"buckets": {**rules.buckets, "41": Bucket.SUPER_OFF_PEAK}})
        partner = pge.model_copy(
            update={"profile": pge.profile.model_copy(update={"usage": other})}
        )
        reading = read(HEADER + METER + MONTHLY, partner)
        assert delivered(reading, Bucket.SUPER_OFF_PEAK) == Decimal("219.5")


class TestServicePeriod:
    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("DTM*150*20260501", "DTM*151*20260601"),
            ("DTM*150****DT*202605010000", "DTM*151****DT*202606010000"),
            ("DTM*150****D8*20260501", "DTM*151****D8*20260601"),
        ],
    )
    def test_dates_are_read_in_every_form(self, read: Read, first: str, last: str) -> None:
        loop = METER.replace("DTM*150*20260501", first).replace("DTM*151*20260601", last)
        meter = usage(read(HEADER + loop + MONTHLY)).meters[0]
        assert (meter.period_start, meter.period_end) == (date(2026, 5, 1), date(2026, 6, 1))

    def test_an_inclusive_end_becomes_half_open(self, read: Read, pge: TradingPartner) -> None:
        rules = pge.profile.reading.model_copy(update={"period_end": PeriodEnd.INCLUSIVE})
        profile = pge.profile.model_copy(update={"reading": rules})
        loop = METER.replace("20260601", "20260531")
        reading = read(HEADER + loop + MONTHLY, pge.model_copy(update={"profile": profile}))
        assert usage(reading).meters[0].period_end == date(2026, 6, 1)


class TestCorrections:
    def test_a_cancel_names_what_it_corrects_and_is_not_negated(self, read: Read) -> None:
        begin = "BPT*01*PGE867-2*20260610*DD*****PGE867-1"
        item = usage(read(HEADER.replace("BPT*00*PGE867-1*20260602*DD", begin) + METER + MONTHLY))

        assert item.purpose is Purpose.CANCEL
        assert item.original_usage_id == "PGE867-1"
        assert item.meters[0].quantities[0].quantity == Decimal(310)

    @pytest.mark.parametrize("code", ["05", "CO"])
    def test_a_replacement_names_what_it_corrects(self, read: Read, code: str) -> None:
        begin = f"BPT*{code}*PGE867-3*20260610*DD*****PGE867-1"
        reading = read(HEADER.replace("BPT*00*PGE867-1*20260602*DD", begin) + METER + MONTHLY)
        assert usage(reading).purpose is Purpose.REPLACE
        assert ("usage_id", "PGE867-1") in reading.identifiers

    def test_a_corrected_document_may_name_it_in_ref_59(self, read: Read) -> None:
        begin = "BPT*CO*PGE867-3*20260610*DD"
        text = HEADER.replace("BPT*00*PGE867-1*20260602*DD", begin)
        text = text.replace("REF*BLT", "REF*59*PGE867-1\nREF*BLT")
        assert usage(read(text + METER + MONTHLY)).original_usage_id == "PGE867-1"

    def test_a_cancel_of_nothing_is_an_exception(self, read: Read) -> None:
        reading = read(HEADER.replace("BPT*00", "BPT*01") + METER + MONTHLY)
        assert reading.facts == ()
        assert reading.reasons[0].code == "API"


class TestWrongContent:
    @pytest.mark.parametrize(
        ("old", "new", "code", "words"),
        [
            ("REF*12*4000000001\n", "", "API", "REF*12"),
            ("968500001", "968500004", "UND", "968500004"),
            ("006912877", "006908818", "UND", "006908818"),
            ("DTM*150*20260501\n", "", "API", "DTM*150"),
            ("DTM*151*20260601", "DTM*151*20260501", "DIV", "does not move forward"),
            ("REF*MG*M1\n", "", "API", "REF*MG"),
            ("PTD*PM", "PTD*FG", "A13", "PTD01"),
            ("QTY*QD", "QTY*32", "A13", "QTY01"),
            ("***42", "***92", "A13", "MEA07"),
            ("QTY*QD*310*", "QTY*QD*311*", "A13", "not the total"),
            ("90.5*KH***42", "90.1234567*KH***42", "A13", "six decimals"),
            ("BPT*00", "BPT*SU", "A13", "BPT01"),
            ("20260602*DD", "20260602*C1", "A13", "interval"),
            ("REF*MT*KHMON", "REF*JH*X", "A13", "neither adds"),
            ("DTM*151*20260601", "DTM*151*20260601\nDTM*514*20260515", "A13", "which part"),
        ],
    )
    def test_it_becomes_a_reason_and_no_fact(
        self, read: Read, old: str, new: str, code: str, words: str
    ) -> None:
        text = (HEADER + METER + MONTHLY).replace(old, new)
        reading = read(text)

        assert reading.facts == ()
        assert not reading.usable
        assert reading.reasons[0].code == code
        assert words in reading.reasons[0].text

    def test_all_reasons_are_told_at_once(self, read: Read) -> None:
        text = HEADER.replace("REF*12*4000000001\n", "").replace("968500001", "968500009")
        codes = {reason.code for reason in read(text + METER + MONTHLY).reasons}
        assert codes == {"API", "UND"}

    def test_the_same_bucket_with_two_values_is_not_guessed(self, read: Read) -> None:
        reading = read(HEADER + METER + MONTHLY + "MEA*AA*PRQ*91*KH***42")
        assert "on_peak" in reading.reasons[0].text

    def test_a_meter_to_ignore_is_left_out(self, read: Read) -> None:
        ignored = METER.replace("REF*MT*KHMON", "REF*JH*I").replace("M1", "M2") + "QTY*QD*9*KH"
        assert len(usage(read(HEADER + METER + MONTHLY + ignored)).meters) == 1


class TestIdentities:
    @pytest.mark.parametrize("duns", ["968500001", "9685000010000"])
    def test_a_cca_is_known_by_duns_and_duns_plus_four(self, read: Read, duns: str) -> None:
        assert read((HEADER + METER + MONTHLY).replace("968500001", duns)).cca == "mce"

    @pytest.mark.parametrize("duns", ["006912877", "6912877", "0069128770001"])
    def test_a_utility_is_known_with_lost_zeros_and_suffix(self, read: Read, duns: str) -> None:
        assert read((HEADER + METER + MONTHLY).replace("006912877", duns)).usable

    def test_a_cca_of_another_utility_is_unknown(self, read: Read, book: PartnerBook) -> None:
        text = (HEADER + METER + MONTHLY).replace("006912877", "006908818")
        reading = read(text, book.partner("sce"))
        assert reading.cca is None
        assert [reason.code for reason in reading.reasons] == ["UND"]
