"""Files that are not what they should be: nothing is lost, nothing is guessed, all is said."""

from __future__ import annotations

import pytest

from services.edi_gateway import whole_groups
from services.edi_gateway.partners import PartnerBook
from services.edi_gateway.reading import partners
from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO


async def drop(
    exchange: Exchange, data: bytes, name: str = "odd.edi", utility: str = "pge"
) -> None:
    await exchange.put(utility, data, name)
    await exchange.settle()


async def file_state(exchange: Exchange, name: str = "odd.edi") -> dict[str, str]:
    (row,) = await exchange.rows("SELECT state, refusal FROM edi.file WHERE name = $1", name)
    return row


class TestNotX12:
    @pytest.mark.parametrize(
        "data",
        [
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
            b"<html><body>Service unavailable</body></html>",
            "ISA*00*".encode("utf-16"),
            b"",
        ],
        ids=["pdf", "html", "utf-16", "empty"],
    )
    async def test_it_is_refused_in_clear_words_and_kept_as_it_came(
        self, exchange: Exchange, data: bytes
    ) -> None:
        await drop(exchange, data)

        state = await file_state(exchange)
        assert state["state"] == "refused"
        assert state["refusal"]
        assert await exchange.archived("odd.edi") == data
        assert await exchange.file_entries("odd.edi") == ["FileReceived", "FileRefused"]
        assert exchange.mailbox("pge") == []


class TestHalfFile:
    async def test_it_stays_without_effect_and_is_told_once(self, enrolled: Exchange) -> None:
        whole = papers.file_of("pge", "867", 200, [papers.usage(ADA, "USE1")])
        folder = enrolled.gateway.folders.inbound("pge")
        (folder / "half.edi").write_bytes(whole[: len(whole) // 2])

        async def told() -> bool:
            query = "SELECT count(*) FROM edi.file WHERE state = 'incomplete'"
            return bool(await enrolled.value(query))

        await enrolled.until(told)

        assert (folder / "half.edi").exists()
        assert enrolled.mailbox("pge") == []
        assert await enrolled.file_entries("half.edi") == ["IncompleteFile"]

        (folder / "half.edi").write_bytes(whole)
        await enrolled.settle()

        assert (await enrolled.state("inbound", "867", "USE1"))["rated"] == "charged"


class TestBadTransaction:
    async def test_one_bad_set_among_good_ones_is_rejected_alone(self, enrolled: Exchange) -> None:
        good, bad = papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2")
        bad = tuple(("QTY", "QD", "12X4", "KH") if s[0] == "QTY" else s for s in bad)
        await enrolled.send(
            "pge", "867", good, bad, papers.usage(papers.CELIA, "USE3", papers.FLAT_MONTH)
        )

        (receipt,) = enrolled.documents("pge", "997")
        assert elements(receipt, "AK9") == [("P", "3", "3", "2")]
        assert [each[1] for each in elements(receipt, "AK2")] == ["0001", "0002", "0003"]
        assert [each[0] for each in elements(receipt, "AK5")] == ["A", "R", "A"]
        assert elements(receipt, "AK3")[0][0] == "QTY"
        assert elements(receipt, "AK4")[0][1:3] == ("380", "6")
        charged = {elements(each, "BIG")[0][4] for each in enrolled.documents("pge", "810")}
        assert charged == {"USE1", "USE3"}
        (rejected,) = await enrolled.rows(
            "SELECT rated, exception_code FROM edi.transaction WHERE valid = 'rejected'"
        )
        assert rejected == {"rated": "-", "exception_code": "SYNTAX"}

    async def test_a_set_that_nobody_speaks_is_rejected_and_the_rest_goes_on(
        self, enrolled: Exchange
    ) -> None:
        order = papers.file_of("pge", "867", 200, [papers.usage(ADA, "USE1")])
        order = order.replace(b"GS*PT*", b"GS*PO*").replace(b"ST*867*", b"ST*850*")
        usage = papers.file_of("pge", "867", 201, [papers.usage(BRUNO, "USE2")])
        await drop(enrolled, order + usage)

        receipts = {elements(one, "AK1")[0]: one for one in enrolled.documents("pge", "997")}
        refused = receipts["PO", "200"]
        assert elements(refused, "AK9")[0][0] == "R"
        assert elements(receipts["PT", "201"], "AK9")[0][0] == "A"
        assert (await enrolled.state("inbound", "867", "USE2"))["rated"] == "charged"


@pytest.fixture
def whole_groups_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """PG&E's profile as it would be if its groups were taken whole or not at all."""
    book = partners()
    strict = [
        one.model_copy(update={"reading": one.reading.model_copy(update={"all_or_nothing": True})})
        for one in book.utilities
    ]
    changed = PartnerBook(own=book.own, utilities=tuple(strict), ccas=book.ccas)
    monkeypatch.setattr(whole_groups, "partners", lambda: changed)


@pytest.mark.usefixtures("whole_groups_only")
class TestGroupTakenWhole:
    async def test_one_bad_set_refuses_the_group_and_nothing_of_it_is_applied(
        self, enrolled: Exchange
    ) -> None:
        good, bad = papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2")
        bad = tuple(("QTY", "QD", "12X4", "KH") if s[0] == "QTY" else s for s in bad)
        await enrolled.send("pge", "867", good, bad)

        (receipt,) = enrolled.documents("pge", "997")
        assert elements(receipt, "AK9") == [("R", "2", "2", "0")]
        assert elements(receipt, "AK5") == [("R",), ("R", "5")]
        assert len(elements(receipt, "AK3")) == 1
        assert enrolled.documents("pge", "810") == []
        rows = await enrolled.rows(
            "SELECT control_number, valid, rated, exception_code FROM edi.transaction "
            "WHERE set_id = '867' ORDER BY control_number"
        )
        assert [tuple(row.values())[1:] for row in rows] == [
            ("rejected", "-", "ALL_OR_NOTHING")
        ] * 2
        told = await enrolled.rows(
            "SELECT severity, code, place FROM edi.finding "
            "WHERE transaction_id IS NOT NULL ORDER BY place"
        )
        assert ("error", "R", "867[1]/ST") in [tuple(row.values()) for row in told]

    async def test_the_group_is_applied_when_it_comes_again_without_the_fault(
        self, enrolled: Exchange
    ) -> None:
        good, late = papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2")
        bad = tuple(("QTY", "QD", "12X4", "KH") if s[0] == "QTY" else s for s in late)
        await enrolled.send("pge", "867", good, bad)
        await enrolled.send("pge", "867", good, late)

        first, second = enrolled.documents("pge", "997")
        assert [elements(one, "AK9")[0][0] for one in (first, second)] == ["R", "A"]
        charged = {elements(each, "BIG")[0][4] for each in enrolled.documents("pge", "810")}
        assert charged == {"USE1", "USE2"}

    async def test_another_group_of_the_file_goes_on(self, enrolled: Exchange) -> None:
        bad = papers.usage(ADA, "USE1")
        bad = tuple(("QTY", "QD", "12X4", "KH") if s[0] == "QTY" else s for s in bad)
        files = (
            papers.file_of("pge", "867", 200, [bad]),
            papers.file_of("pge", "867", 201, [papers.usage(BRUNO, "USE2")]),
        )
        await drop(enrolled, b"".join(files))

        assert (await enrolled.state("inbound", "867", "USE2"))["rated"] == "charged"
        assert len(enrolled.documents("pge", "810")) == 1


class TestWarnings:
    async def test_what_the_guide_does_not_know_is_kept_as_a_warning_and_billed(
        self, enrolled: Exchange
    ) -> None:
        usage = papers.usage(ADA, "USE1")
        at = [s[0] for s in usage].index("QTY")
        odd = (*usage[:at], ("REF", "X9", "ODD"), ("ZZZ", "1"), *usage[at:])
        await enrolled.send("pge", "867", odd)

        (receipt,) = enrolled.documents("pge", "997")
        assert elements(receipt, "AK5") == [("A",)]
        assert await enrolled.state("inbound", "867", "USE1") == {
            "valid": "accepted_with_errors",
            "rated": "charged",
        }
        told = await enrolled.rows(
            "SELECT severity, code, value FROM edi.finding WHERE transaction_id IS NOT NULL "
            "AND severity = 'warning' ORDER BY segment_position"
        )
        assert [tuple(row.values()) for row in told] == [
            ("warning", "7", "X9"),
            ("warning", "1", "ZZZ"),
        ]


class TestBadEnvelope:
    async def test_a_group_whose_trailer_has_another_number_is_rejected_whole(
        self, enrolled: Exchange
    ) -> None:
        data = papers.file_of("pge", "867", 200, [papers.usage(ADA, "USE1")])
        await drop(enrolled, data.replace(b"GE*1*200~", b"GE*1*999~"))

        (receipt,) = enrolled.documents("pge", "997")
        assert elements(receipt, "AK9")[0] == ("R", "1", "1", "0", "4")
        assert enrolled.documents("pge", "810") == []

    async def test_a_set_whose_trailer_has_another_number_is_rejected_alone(
        self, enrolled: Exchange
    ) -> None:
        bodies = [papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2")]
        data = papers.file_of("pge", "867", 200, bodies)
        at = data.index(b"*0001~", data.index(b"\nSE*"))
        await drop(enrolled, data[:at] + b"*0009~" + data[at + 6 :])

        (receipt,) = enrolled.documents("pge", "997")
        assert elements(receipt, "AK9")[0] == ("P", "2", "2", "1")
        assert elements(receipt, "AK5") == [("R", "3"), ("A",)]
        assert len(enrolled.documents("pge", "810")) == 1

    async def test_wrong_counts_are_noted_and_bill_the_customer_all_the_same(
        self, enrolled: Exchange
    ) -> None:
        data = papers.file_of("pge", "867", 200, [papers.usage(ADA, "USE1")])
        at = data.index(b"\nSE*") + 4
        wrong = data[:at] + b"9" + data[at:].replace(b"GE*1*200~", b"GE*7*200~")
        await drop(enrolled, wrong)

        (receipt,) = enrolled.documents("pge", "997")
        assert elements(receipt, "AK9")[0][0] == "E"
        assert elements(receipt, "AK5") == [("E", "4")]
        assert await enrolled.state("inbound", "867", "USE1") == {
            "valid": "accepted_with_errors",
            "rated": "charged",
        }

    async def test_a_wrong_interchange_trailer_is_answered_by_a_ta1(
        self, enrolled: Exchange
    ) -> None:
        data = papers.file_of("pge", "867", 200, [papers.usage(ADA, "USE1")])
        await drop(enrolled, data.replace(b"IEA*1*000000200", b"IEA*1*000000999"))

        (note,) = enrolled.mailbox("pge")[-1].interchange.acknowledgments
        assert (note[1], note[4], note[5]) == ("000000200", "R", "001")
        assert enrolled.documents("pge", "810") == []
        assert enrolled.documents("pge", "997") == []


class TestWrongAddress:
    async def test_production_data_in_a_test_system_has_no_effect_and_no_answer(
        self, enrolled: Exchange
    ) -> None:
        await drop(
            enrolled,
            papers.file_of("pge", "867", 200, [papers.usage(ADA, "U")], usage_indicator="P"),
        )

        assert enrolled.mailbox("pge") == []
        (row,) = await enrolled.rows(
            "SELECT valid, exception_code FROM edi.transaction WHERE valid = 'rejected'"
        )
        assert row["exception_code"] == "WRONG_ENVIRONMENT"

    async def test_a_file_for_somebody_else_is_rejected_with_ta1_008(
        self, enrolled: Exchange
    ) -> None:
        await drop(
            enrolled,
            papers.file_of("pge", "867", 200, [papers.usage(ADA, "U")], receiver="SOMEBODY"),
        )

        (note,) = enrolled.mailbox("pge")[-1].interchange.acknowledgments
        assert (note[4], note[5]) == ("R", "008")
        assert enrolled.documents("pge", "810") == []

    async def test_another_utilitys_file_in_this_mailbox_has_no_effect_and_no_answer(
        self, enrolled: Exchange
    ) -> None:
        data = papers.file_of("pge", "867", 200, [papers.usage(ADA, "U")])
        await drop(enrolled, data, utility="sce")

        assert enrolled.mailbox("sce") == []
        assert enrolled.mailbox("pge") == []
        (row,) = await enrolled.rows(
            "SELECT exception_code FROM edi.transaction WHERE valid = 'rejected'"
        )
        assert row["exception_code"] == "UNKNOWN_SENDER"


class TestProduction:
    async def test_test_data_in_a_production_system_has_no_effect(
        self, production: Exchange
    ) -> None:
        test = papers.file_of("pge", "814", 1, [papers.request(ADA, "REQ1")])
        real = papers.file_of("pge", "814", 2, [papers.request(BRUNO, "REQ2")], usage_indicator="P")
        await drop(production, test, "test.edi")
        await drop(production, real, "real.edi")

        (response,) = production.documents("pge", "814")
        assert elements(response, "BGN")[0][5] == "REQ2"
        assert {sent.interchange.usage_indicator for sent in production.mailbox("pge")} == {"P"}
