"""Whether a utility with nothing but OpenSSH's `sftp` and a text editor can trade with us."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.by_hand.exchange import FILES, Clerk, Exchange, cut
from tests.distributed.installation import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("by hand")]

ENROLMENT = "814_enrolment.edi"
USAGE = "867_one_month.edi"
SOME_OF_IT_S = 2.0
"""On the slow line the whole file would take about eight seconds."""


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """One exchange for all tests here: a utility's mailbox is not emptied between its files."""
    folder = Path(tempfile.mkdtemp(prefix="ccax-hand-"))
    running = Exchange.start(folder)
    try:
        yield running
    finally:
        status = running.process.stop()
        shutil.rmtree(folder, ignore_errors=True)
    assert status == 0


@pytest.fixture(scope="module")
def clerk(exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Clerk:
    return Clerk.hired(exchange, tmp_path_factory.mktemp("clerk"))


@pytest.fixture(scope="module")
def charged(clerk: Clerk) -> dict[str, str]:
    """The account is enrolled and its month is charged; every answer, as the clerk got it."""
    answers: dict[str, str] = {}
    clerk.sftp(f"put {FILES / ENROLMENT} /inbound/{ENROLMENT}")
    answers["997 of the 814"] = clerk.fetch("997")
    answers["814"] = clerk.fetch("814")
    clerk.sftp(f"put {FILES / USAGE} /inbound/{USAGE}")
    answers["997 of the 867"] = clerk.fetch("997")
    answers["810"] = clerk.fetch("810")
    return answers


def numbered_anew(name: str, number: int, id_: str) -> str:
    """A hand-written file with other control numbers and another business key."""
    text = (FILES / name).read_text().replace("000000502", f"{number:09d}")
    text = text.replace("*502*", f"*{number}*").replace("*502~", f"*{number}~")
    return text.replace("HAND867A", id_)


class TestHandWrittenFiles:
    def test_the_enrollment_is_acknowledged_and_accepted(self, charged: dict[str, str]) -> None:
        assert "AK1*GE*501~" in charged["997 of the 814"]
        assert "AK9*A*1*1*1~" in charged["997 of the 814"]
        assert "ASI*WQ*021~" in charged["814"]
        assert "REF*12*5550001234~" in charged["814"]

    def test_the_usage_is_acknowledged_and_charged_to_the_cent(
        self, charged: dict[str, str]
    ) -> None:
        assert "AK1*PT*502~" in charged["997 of the 867"]
        assert "AK9*A*1*1*1~" in charged["997 of the 867"]
        assert "REF*12*5550001234~" in charged["810"]
        # 500 kWh at $0.12500, less $0.00620 of relief, and the state's surcharge of $0.00030
        assert "SAC*C**EU*ENC001*6250***0.125*KH*500*" in charged["810"]
        assert "SAC*A**EU*ENC003*310***0.0062*KH*500*" in charged["810"]
        assert "TDS*5955~" in charged["810"]  # 62.50 - 3.10 + 0.15


class TestTheSameFileAgain:
    def test_it_is_put_on_record_and_nothing_comes_of_it(
        self, exchange: Exchange, clerk: Clerk, charged: dict[str, str]
    ) -> None:
        sent_before = len(exchange.files(direction="outbound"))
        clerk.sftp(f"put {FILES / USAGE} /inbound/867_AGAIN.edi")

        told = exchange.until_told("867_AGAIN.edi")

        assert told["state"] == "duplicate"
        assert told["duplicate_of"] == exchange.until_told(USAGE)["id"]
        assert len(exchange.files(direction="outbound")) == sent_before
        assert clerk.outbound() == []


class TestHalfAFile:
    def test_it_has_no_effect_until_it_comes_whole(
        self, exchange: Exchange, clerk: Clerk, charged: dict[str, str]
    ) -> None:
        sent_before = len(exchange.files(direction="outbound"))
        text = numbered_anew(USAGE, 503, "HAND867B")
        # Line breaks between segments say nothing and make the file long enough to be cut.
        long = text.replace("~\n", "~" + "\n" * 4_000)
        (clerk.folder / "long.edi").write_text(long)
        inbound = exchange.folder / "data" / "mailboxes" / "pge" / "inbound"
        upload = clerk.begin_slowly("put long.edi /inbound/long.edi")
        wait_for(lambda: any(inbound.iterdir()), "the upload to begin", 20)
        time.sleep(SOME_OF_IT_S)
        assert upload.poll() is None
        cut(upload)

        told = exchange.until_told("long.edi")

        assert told["state"] == "incomplete"
        assert "cut short" in told["refusal"]
        assert 0 < told["size"] < len(long)
        assert told["transactions_total"] == 0
        assert len(exchange.files(direction="outbound")) == sent_before
        assert clerk.outbound() == []

        clerk.sftp("put long.edi /inbound/long.edi")
        assert "AK1*PT*503~" in clerk.fetch("997")
        assert exchange.until_told("long.edi")["state"] == "read"


class TestSomethingElse:
    def test_a_pdf_is_refused_in_clear_words(
        self, exchange: Exchange, clerk: Clerk, charged: dict[str, str]
    ) -> None:
        (clerk.folder / "bill.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\n%%EOF\n")
        clerk.sftp("put bill.pdf /inbound/bill.pdf")

        told = exchange.until_told("bill.pdf")

        assert told["state"] == "refused"
        assert told["refusal"] == "The file is a PDF document, not X12."
        assert told["transactions_total"] == 0
