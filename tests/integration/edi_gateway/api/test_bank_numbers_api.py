"""Bank account numbers of an 820: masked on every screen, whole for people of finance."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text, update

from services.edi_gateway.archive import CHUNK_BYTES, names_bank_accounts
from services.edi_gateway.store import file, file_chunk
from shared.platform.keyring import KeyFault
from shared.platform.web.identity import Role
from tests.integration.edi_gateway.api.office import Office
from tests.journeys import papers
from tests.journeys.papers import ADA, Paid

ACCOUNT = "4000500060"


@pytest.fixture
async def payment(office: Office, client: httpx.AsyncClient) -> str:
    """An 820 that came in; its address in the API."""
    line = Paid("1.00", ADA.account, "I1")
    body = papers.payment("pge", "mce", "TRACEBANK", "1.00", [line])
    await office.put("pay.edi", papers.file_of("pge", "820", 4711, [body]))
    await office.work()
    headers = await signed(office, Role.ANALYST)
    listed = await client.get("/v1/transactions?set_id=820", headers=headers)
    address: str = listed.json()["transactions"][0]["links"]["self"]
    return address


async def signed(office: Office, role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {await office.token(role)}"}


class TestBankNumbers:
    async def test_an_analyst_reads_a_payment_without_them(
        self, office: Office, client: httpx.AsyncClient, payment: str
    ) -> None:
        headers = await signed(office, Role.ANALYST)

        explained = await client.get(f"{payment}/annotated", headers=headers)

        assert ACCOUNT not in explained.text
        assert "••••0060" in explained.text

    @pytest.mark.parametrize("role", [Role.ANALYST, Role.OPERATOR])
    async def test_exact_bytes_of_payments_are_closed_to_others(
        self, office: Office, client: httpx.AsyncClient, payment: str, role: Role
    ) -> None:
        headers = await signed(office, role)
        file = (await client.get(payment, headers=headers)).json()["transaction"]["links"]["file"]

        answers = [await client.get(f"{each}/raw", headers=headers) for each in (payment, file)]

        assert [each.status_code for each in answers] == [403, 403]
        assert all("finance" in each.json()["detail"] for each in answers)

    async def test_finance_sees_them_whole(
        self, office: Office, client: httpx.AsyncClient, payment: str
    ) -> None:
        headers = await signed(office, Role.FINANCE)

        for each in (f"{payment}/annotated", f"{payment}/raw"):
            assert ACCOUNT in (await client.get(each, headers=headers)).text

    async def test_the_console_masks_them_too(
        self, office: Office, client: httpx.AsyncClient, payment: str
    ) -> None:
        headers = await signed(office, Role.ANALYST)
        page = payment.removeprefix("/v1")

        for each in (f"{page}?raw=true", f"{page}/annotated"):
            shown = (await client.get(each, headers=headers)).text
            assert "BPR" in shown
            assert ACCOUNT not in shown


async def pieces(office: Office) -> list[tuple[str | None, bytes]]:
    """Key and kept bytes of every piece of the payment."""
    async with office.database.read() as session:
        found = await session.execute(
            select(file_chunk.c.key_id, file_chunk.c.data)
            .join(file, file.c.id == file_chunk.c.file_id)
            .where(file.c.name == "pay.edi")
        )
        return [(row.key_id, row.data) for row in found]


class TestFindings:
    async def test_what_is_wrong_with_a_number_is_told_without_it(self, office: Office) -> None:
        long, shifted = "4000500060" * 4, "1000200030"
        body = list(papers.payment("pge", "mce", "TRACEBAD", "1.00", [Paid("1.00", ADA.account)]))
        order = list(body[0])
        order[8], order[15] = shifted, long  # BPR08 is a code of two or three letters
        body[0] = tuple(order)
        await office.put("bad.edi", papers.file_of("pge", "820", 4712, [tuple(body)]))
        await office.work()

        async with office.database.read() as session:
            told = {
                table: repr((await session.execute(text(f"SELECT * FROM edi.{table}"))).all())
                for table in ("finding", "transaction", "entry", "outbox")
            }
            answers = list(
                await session.scalars(
                    select(file_chunk.c.data).join(file).where(file.c.set_id == "997")
                )
            )

        assert "BPR15 '••••0060' is longer than 35." in told["finding"]
        assert "rejected: BPR" in told["entry"]
        assert any(b"AK4*15*508*5~" in each for each in answers)
        for kept in (*told.values(), *(each.decode() for each in answers)):
            assert long not in kept
            assert shifted not in kept


class TestAFileThatWasNeverRead:
    async def test_its_exact_bytes_are_for_finance_when_it_names_accounts(
        self, office: Office, client: httpx.AsyncClient
    ) -> None:
        payment = await office.put("half.edi", f"BPR*C*1*C*ACH*CTX*01*1*DA*{ACCOUNT}~".encode())
        other = await office.put("plain.edi", b"no X12 at all")
        await office.work()

        analyst, finance = await signed(office, Role.ANALYST), await signed(office, Role.FINANCE)
        closed = await client.get(f"/v1/files/{payment}/raw", headers=analyst)
        page = await client.get(f"/files/{payment}", headers=analyst)

        assert closed.status_code == 403
        assert f"/v1/files/{payment}/raw" not in page.text
        assert (await client.get(f"/v1/files/{other}/raw", headers=analyst)).status_code == 200
        opened = await client.get(f"/v1/files/{payment}/raw", headers=finance)
        assert ACCOUNT in opened.text


class TestAtRest:
    async def test_a_payment_lies_sealed_in_the_archive(
        self, office: Office, payment: str, client: httpx.AsyncClient
    ) -> None:
        ((key_id, data),) = await pieces(office)

        assert key_id in office.desk.archive.keys.ring().ids
        assert ACCOUNT.encode() not in data
        address = (await client.get(payment, headers=await signed(office, Role.FINANCE))).json()
        raw = await client.get(
            f"{address['transaction']['links']['file']}/raw",
            headers=await signed(office, Role.FINANCE),
        )
        assert ACCOUNT in raw.text

    async def test_other_files_do_not_depend_on_the_keys(
        self, office: Office, payment: str
    ) -> None:
        async with office.database.read() as session:
            opened = await session.scalars(
                select(file_chunk.c.key_id).join(file).where(file.c.name != "pay.edi")
            )
            assert set(opened) == {None}

        archive = office.desk.archive
        archive.keys.path.unlink()

        async with office.database.read() as session:
            for name, opens in (("pay.edi", False), ("PGE_867_20261122.edi", True)):
                found = await session.scalars(select(file.c.id).where(file.c.name == name))
                file_id = found.one()
                if opens:
                    assert await archive.range(session, file_id, 0, 3) == b"ISA"
                else:
                    with pytest.raises(KeyFault, match="lacks the key"):
                        await archive.range(session, file_id, 0, 3)

    async def test_keys_change_and_what_lay_open_is_sealed(
        self, office: Office, client: httpx.AsyncClient, payment: str
    ) -> None:
        archive = office.desk.archive
        new = archive.keys.add().newest
        assert await archive.seal_again(office.database) == 1
        assert [key_id for key_id, _ in await pieces(office)] == [new]

        plain = (
            await client.get(f"{payment}/raw", headers=await signed(office, Role.FINANCE))
        ).content
        async with office.database.unit_of_work() as session:
            ids = select(file.c.id).where(file.c.name == "pay.edi")
            await session.execute(
                update(file_chunk)
                .where(file_chunk.c.file_id.in_(ids))
                .values(key_id=None, data=b"x" + plain)
            )
        assert await archive.seal_again(office.database) == 1
        assert [key_id for key_id, _ in await pieces(office)] == [new]

    def test_an_order_is_found_wherever_it_stands(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        for data, found in (
            (b"ST*820~BPR*C", True),
            (b"x" * (CHUNK_BYTES - 1) + b"BPR*", True),
            (b"x" * (CHUNK_BYTES - 2) + b"BPR", True),
            (b"ST*867~BP R", False),
            (b"", False),
        ):
            path.write_bytes(data)
            assert names_bank_accounts(path) is found
