"""The same thing twice: files, interchanges and business keys, each with its own verdict."""

from __future__ import annotations

from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO, CORRECTED


class TestDuplicateFile:
    async def test_same_bytes_under_another_name_have_no_effect_and_no_answer(
        self, enrolled: Exchange
    ) -> None:
        data = await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        answers = [sent.name for sent in enrolled.mailbox("pge")]

        await enrolled.put("pge", data, "again.edi")
        await enrolled.settle()

        assert [sent.name for sent in enrolled.mailbox("pge")] == answers
        (copy,) = await enrolled.rows(
            "SELECT f.state, o.name FROM edi.file f JOIN edi.file o ON o.id = f.duplicate_of"
            " WHERE f.name = 'again.edi'"
        )
        assert (copy["state"], copy["name"]) == ("duplicate", "pge_867_100.edi")
        assert await enrolled.file_entries("again.edi") == ["FileReceived", "DuplicateFile"]
        assert "CopyReceived" in await enrolled.file_entries("pge_867_100.edi")
        assert await enrolled.archived("again.edi") == data

    async def test_same_name_with_other_bytes_is_another_file(self, enrolled: Exchange) -> None:
        for number, (who, key) in enumerate(((ADA, "USE1"), (BRUNO, "USE2")), start=200):
            data = papers.file_of("pge", "867", number, [papers.usage(who, key)])
            await enrolled.put("pge", data, "usage.edi")
            await enrolled.settle()

        assert len(enrolled.documents("pge", "810")) == 2


class TestDuplicateInterchange:
    async def test_same_number_with_other_content_is_set_aside_with_ta1_025(
        self, enrolled: Exchange
    ) -> None:
        first = papers.file_of("pge", "867", 200, [papers.usage(ADA, "USE1")])
        other = papers.file_of("pge", "867", 200, [papers.usage(BRUNO, "USE2")])
        for name, data in (("first.edi", first), ("other.edi", other)):
            await enrolled.put("pge", data, name)
            await enrolled.settle()

        assert len(enrolled.documents("pge", "810")) == 1
        (note,) = enrolled.mailbox("pge")[-1].interchange.acknowledgments
        assert (note[1], note[4], note[5]) == ("000000200", "R", "025")
        (conflict,) = await enrolled.rows(
            "SELECT valid, rated, exception_code FROM edi.transaction t"
            " JOIN edi.file f ON f.id = t.file_id WHERE f.name = 'other.edi'"
        )
        assert conflict == {
            "valid": "conflict",
            "rated": "-",
            "exception_code": "SAME_NUMBER_OTHER_CONTENT",
        }
        assert len(enrolled.documents("pge", "997")) == 1

    async def test_same_interchange_within_a_longer_file_is_ignored(
        self, enrolled: Exchange
    ) -> None:
        one = papers.file_of("pge", "867", 200, [papers.usage(ADA, "USE1")])
        two = papers.file_of("pge", "867", 201, [papers.usage(BRUNO, "USE2")])
        for name, data in (("one.edi", one), ("both.edi", one + two)):
            await enrolled.put("pge", data, name)
            await enrolled.settle()

        charges = enrolled.documents("pge", "810")
        assert sorted(elements(each, "BIG")[0][4] for each in charges) == ["USE1", "USE2"]
        answered = [elements(one, "AK1")[0][1] for one in enrolled.documents("pge", "997")]
        assert answered == ["200", "201"]


class TestDuplicateBusinessKey:
    async def test_same_usage_under_new_control_numbers_is_a_copy(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))

        states = await enrolled.rows(
            "SELECT valid, rated, exception_code FROM edi.transaction"
            " WHERE business_key = 'USE1' AND direction = 'inbound' ORDER BY at"
        )
        assert [(each["valid"], each["rated"]) for each in states] == [
            ("accepted", "charged"),
            ("copy", "-"),
        ]
        assert states[1]["exception_code"] == "EXACT_COPY"
        assert len(enrolled.documents("pge", "810")) == 1
        assert [elements(one, "AK9")[0][0] for one in enrolled.documents("pge", "997")] == ["A"] * 2

    async def test_other_usage_under_a_used_number_waits_for_a_person(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1", CORRECTED))

        states = await enrolled.rows(
            "SELECT valid, rated FROM edi.transaction"
            " WHERE business_key = 'USE1' AND direction = 'inbound' ORDER BY at"
        )
        assert [(each["valid"], each["rated"]) for each in states] == [
            ("accepted", "charged"),
            ("conflict", "-"),
        ]
        assert len(enrolled.documents("pge", "810")) == 1

    async def test_a_payment_sent_twice_is_booked_once(self, enrolled: Exchange) -> None:
        for _ in range(2):
            line = papers.Paid("10.00", ADA.account, "NO-INVOICE")
            await enrolled.send("pge", "820", papers.payment("pge", "mce", "T1", "10.00", [line]))

        assert await enrolled.value("SELECT count(*) FROM remittance.remittance") == 1
