"""What was received and sent can be shown for ever, byte for byte, and sent again as it was."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from services.edi_gateway.operations import ledger_audit
from services.edi_gateway.operations.resend import resend_file
from shared.platform.clock import SystemClock
from tests.journeys import papers
from tests.journeys.exchange import Exchange, Sent, open_exchange
from tests.journeys.papers import ADA, BRUNO


async def sent_charge(exchange: Exchange) -> tuple[Sent, UUID]:
    """A delivered 810 file and its id."""
    await exchange.send("pge", "867", papers.usage(ADA, "USE1"))
    (sent,) = [each for each in exchange.mailbox("pge") if "810" in each.name]
    file_id = UUID(str(await exchange.value("SELECT id FROM edi.file WHERE name = $1", sent.name)))
    return sent, file_id


class TestArchive:
    async def test_every_byte_received_and_sent_is_kept_exactly(self, enrolled: Exchange) -> None:
        odd = b"\xef\xbb\xbf\r\n" + papers.file_of("pge", "867", 200, [papers.usage(ADA, "U1")])
        odd = odd.replace(b"~\n", b"~\r\n") + b"\x1a"
        await enrolled.put("pge", odd, "odd.edi")
        await enrolled.settle()

        assert await enrolled.archived("odd.edi") == odd
        assert (await enrolled.state("inbound", "867", "U1"))["rated"] == "charged"
        for sent in enrolled.mailbox("pge"):
            assert await enrolled.archived(sent.name) == sent.data

    async def test_every_transaction_is_found_again_at_its_place_in_the_bytes(
        self, enrolled: Exchange
    ) -> None:
        data = await enrolled.send(
            "pge", "867", papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2")
        )

        places = await enrolled.rows(
            "SELECT start_offset, end_offset, segments, business_key FROM edi.transaction"
            " WHERE direction = 'inbound' AND set_id = '867' ORDER BY position"
        )
        for place, key in zip(places, ("USE1", "USE2"), strict=True):
            piece = data[place["start_offset"] : place["end_offset"]]
            assert piece.startswith(b"ST*867*")
            assert piece.rstrip(b"\n").endswith(b"~")
            assert piece.count(b"~") == place["segments"]
            assert f"*{key}*".encode() in piece


class TestResend:
    async def test_a_lost_file_is_sent_again_with_the_same_bytes_and_numbers(
        self, enrolled: Exchange
    ) -> None:
        sent, file_id = await sent_charge(enrolled)
        lost = enrolled.gateway.folders.outbound("pge") / sent.name
        lost.unlink()

        async with enrolled.gateway.database.unit_of_work() as session:
            put, at = enrolled.gateway.mailbox.put, SystemClock().now()
            await resend_file(session, put, file_id, reason="lost by PG&E", actor="jane", at=at)
        await enrolled.settle()

        assert lost.read_bytes() == sent.data
        kinds = await enrolled.file_entries(sent.name)
        assert kinds.count("FileDelivered") == 2
        assert "ResendRequested" in kinds

    async def test_a_name_with_other_bytes_is_never_overwritten_and_others_go_on(
        self, enrolled: Exchange
    ) -> None:
        sent, file_id = await sent_charge(enrolled)
        lying = enrolled.gateway.folders.outbound("pge") / sent.name
        lying.write_bytes(b"somebody else's")
        async with enrolled.gateway.database.unit_of_work() as session:
            put, at = enrolled.gateway.mailbox.put, SystemClock().now()
            await resend_file(session, put, file_id, reason="lost by PG&E", actor="jane", at=at)

        async def put_off() -> bool:
            return "DeliveryFailed" in await enrolled.file_entries(sent.name)

        await enrolled.until(put_off)
        assert lying.read_bytes() == b"somebody else's"

        lying.unlink()
        await enrolled.database.execute("UPDATE edi.file SET deliver_after = NULL")  # time passes
        await enrolled.send("pge", "867", papers.usage(BRUNO, "USE2"))

        assert lying.read_bytes() == sent.data
        assert len(enrolled.documents("pge", "810")) == 2


CHANGES = {
    "a word changed": "UPDATE edi.entry SET message = 'nothing happened' WHERE {here}",
    "an actor changed": "UPDATE edi.entry SET actor = 'somebody' WHERE {here}",
    "data changed": "UPDATE edi.entry SET data = '{{}}' WHERE {here}",
    "a moment changed": "UPDATE edi.entry SET at = at + interval '1 second' WHERE {here}",
    "an entry in the middle removed": "DELETE FROM edi.entry WHERE {here}",
    "the last entry removed": "DELETE FROM edi.entry e WHERE file_id = '{file}' AND sequence ="
    " (SELECT max(sequence) FROM edi.entry WHERE file_id = '{file}')",
}


class TestTamperedLedger:
    @pytest.mark.parametrize("what", CHANGES)
    async def test_every_change_by_hand_shows_and_only_there(
        self, what: str, enrolled_dsn: str, tmp_path: Path
    ) -> None:
        async with open_exchange(enrolled_dsn, tmp_path, first_number=100) as exchange:
            _, file_id = await sent_charge(exchange)
            here = f"file_id = '{file_id}' AND sequence = 2"

            await exchange.database.execute(CHANGES[what].format(here=here, file=file_id))

            async with exchange.gateway.database.read() as session:
                (wrong,) = await ledger_audit.verify_all(session)
            assert str(file_id) in wrong
