"""Bank account numbers of an 820: masked on every screen, whole for people of finance."""

from __future__ import annotations

import httpx
import pytest

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
