from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

import pytest
from fastapi import Request
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from services.rating.review.registry import AUDITS
from services.rating.store import REVIEW
from shared.contracts.enrollment import EnrollmentPurpose
from shared.platform.database import wait_lock
from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role
from tests.integration.rating.office import NOON, PATIENCE_S, Office, enrollment, usage_report
from tests.unit.rating.words import JUNE, MCE, meter, request, usage

SCOPE = {"cca": "mce", "utility": "pge", "environment": "test"}
HUGE = {"on": "50000", "off": "200000", "total": "250000"}
WHY = {"reason": "checked with the customer"}
ROOT = "/rating/v1/review"


@dataclass
class Porter:
    """Knows people by a header, as the gateway would by their token."""

    async def identify(self, request: Request) -> Principal | None:
        name = request.headers.get("x-name")
        role = Role(request.headers.get("x-role", "operator"))
        return Principal(UUID(int=1), name, role) if name else None


@dataclass
class Desk:
    """The API as several people use it."""

    http: AsyncClient

    async def get(self, path: str, **params: str) -> Any:  # noqa: ANN401  JSON
        found = await self.http.get(f"{ROOT}/{path}", params={**SCOPE, **params})
        assert found.status_code == 200, found.text
        return found.json()

    async def post(
        self, path: str, body: dict[str, Any], by: str, role: str = "operator"
    ) -> tuple[int, Any]:
        headers = {"x-name": by, "x-role": role}
        done = await self.http.post(f"{ROOT}/{path}", params=SCOPE, json=body, headers=headers)
        return done.status_code, done.json() if done.content else None

    async def set_audit(self, code: str, new: dict[str, Any]) -> None:
        """Set an audit; a second administrator approves what loosens a hold."""
        status, said = await self.post(f"audits/{code}/versions", new, "jane", "admin")
        assert status == 201, said
        if said["two_people"]:
            path = f"audits/{code}/versions/{said['version']}/approval"
            status, said = await self.post(path, WHY, "joe", "admin")
            assert status == 201, said


@pytest.fixture
async def desk(office: Office) -> AsyncIterator[Desk]:
    """The service's API with a porter at the door, and one customer."""

    async def ready() -> dict[str, bool]:
        return {}

    await office.tell(enrollment(request()))
    app = create_app("rating", routers=[office.service.router], ready=ready, doorkeeper=Porter())
    transport = ASGITransport(app=app)
    headers = {"x-name": "vera", "x-role": "viewer"}
    async with AsyncClient(transport=transport, base_url="http://rating", headers=headers) as http:
        yield Desk(http)


class TestAChargeUnderReview:
    async def test_is_shown_with_its_lines_and_released_by_a_second_person(
        self, office: Office, desk: Desk
    ) -> None:
        await office.tell(usage_report(usage(energy=HUGE)))
        ((waiting,)) = (await desk.get("charges"))["reviews"]
        path = f"charges/{waiting['review_id']}"

        ask = {"act": "ask", **WHY}
        not_asked = await desk.post(f"{path}/release", WHY, "jane")
        asked = await desk.post(f"{path}/acts", ask, "jane")
        same_person = await desk.post(f"{path}/release", WHY, "jane")
        viewer = await desk.post(f"{path}/release", WHY, "joe", "viewer")
        status, released = await desk.post(f"{path}/release", WHY, "joe")
        whole = await desk.get(path)

        assert (not_asked[0], not_asked[1]["code"]) == (409, "RELEASE_NOT_ASKED")
        assert asked == (204, None)
        assert same_person[1]["code"] == "ANOTHER_PERSON_NEEDED"
        assert viewer[0] == 403
        assert (status, released) == (200, {"invoices": ["MCE0000000001"], "held": 0})
        assert [(act["act"], act["by"]) for act in whole["acts"]] == [
            ("ask", "jane"),
            ("release", "joe"),
        ]
        assert (whole["state"], whole["closed_by"]) == ("released", "joe")
        assert sum(float(line["amount"]) for line in whole["lines"]) > 24_000

    async def test_that_is_returned_or_unknown_is_not_released(
        self, office: Office, desk: Desk
    ) -> None:
        await office.tell(usage_report(usage(energy=HUGE)))
        ((waiting,)) = (await desk.get("charges"))["reviews"]
        path = f"charges/{waiting['review_id']}"

        await desk.post(f"{path}/acts", {"act": "return", **WHY}, "jane")
        returned = await desk.post(f"{path}/release", WHY, "joe")
        unknown = await desk.post("charges/999/release", WHY, "joe")
        mute = await desk.post(f"{path}/acts", {"act": "note", "reason": "  "}, "jane")
        too_long = {"act": "extend", "until": "2027-01-01T00:00:00Z", **WHY}
        extended = await desk.post(f"{path}/acts", too_long, "jane")
        owner = {"act": "assign", "owner": "jim", **WHY}
        await desk.post(f"{path}/acts", owner, "jane")

        assert returned[1]["code"] == "REVIEW_ACT_REFUSED"
        assert unknown[1]["code"] == "REVIEW_UNKNOWN"
        assert mute[0] == 422
        assert extended[1]["code"] == "REVIEW_ACT_REFUSED"
        assert (await desk.get("charges"))["reviews"][0]["owner"] == "jim"


class TestAnAudit:
    async def test_is_set_anew_by_an_administrator_and_every_version_stays(
        self, office: Office, desk: Desk
    ) -> None:
        setting: dict[str, Any] = {"mode": "hold", "limits": {"limit_cents": 1000}}
        strict = {"setting": setting, **WHY}
        refused = await desk.post("audits/HIGH_VALUE/versions", strict, "jane")
        first = await desk.post("audits/HIGH_VALUE/versions", strict, "jane", "admin")
        setting["owner"] = "billing"
        await desk.post("audits/HIGH_VALUE/versions", strict, "joe", "admin")
        await office.tell(usage_report(usage()))
        versions = await desk.get("audits/HIGH_VALUE/versions")
        (high_value,) = [a for a in await desk.get("audits") if a["code"] == "HIGH_VALUE"]

        assert (refused[0], first[0]) == (403, 201)
        assert [(v["version"], v["by"]) for v in versions] == [(1, "jane"), (2, "joe")]
        assert office.holds == [("U1", "HIGH_VALUE")]
        assert (high_value["version"], high_value["setting"]["owner"]) == (2, "billing")
        assert high_value["last_fired"] is not None
        assert [f["code"] for f in await desk.get("findings")] == ["HIGH_VALUE"]

    @pytest.mark.parametrize(
        ("setting", "held", "found"),
        [
            ({"mode": "hold"}, True, True),
            ({"mode": "warn"}, False, True),
            ({"mode": "hold", "enabled": False}, False, False),
            ({"mode": "hold", "minimum_cents": 2_000_000}, False, False),
            ({"mode": "hold", "limits": {"limit_cents": 2_000_000}}, False, False),
        ],
        ids=["holds", "warns", "is off", "passes small amounts", "has another limit"],
    )
    async def test_does_what_it_is_set_to(
        self, office: Office, desk: Desk, setting: dict[str, Any], held: bool, found: bool
    ) -> None:
        limits = {"limits": {"limit_cents": 1_000}, "owner": "billing"}
        await desk.set_audit("HIGH_VALUE", {"setting": limits | setting, **WHY})

        await office.tell(usage_report(usage()))

        audits = {audit["code"]: audit for audit in await desk.get("audits")}
        reviews = (await desk.get("charges"))["reviews"]
        assert [review["owner"] for review in reviews] == (["billing"] if held else [])
        assert len(office.charges) == (0 if held else 1)
        assert (audits["HIGH_VALUE"]["last_fired"] is not None) is found
        assert audits["LOW_BILL"]["last_fired"] is None

    async def test_counts_for_the_class_it_is_set_for(self, office: Office, desk: Desk) -> None:
        strict = {"setting": {"mode": "hold", "limits": {"limit_cents": 1_000}}, **WHY}
        new = {**strict, "customer_class": "commercial"}
        await desk.post("audits/HIGH_VALUE/versions", new, "jane", "admin")

        await office.tell(usage_report(usage()))
        await desk.post(
            "audits/HIGH_VALUE/versions", {**strict, "customer_class": "residential"}, "j", "admin"
        )
        next_month = meter((JUNE[1], date(2026, 8, 5)), {"on": "90", "off": "210", "total": "300"})
        await office.tell(usage_report(usage("U2", next_month)))

        assert [charge.usage_id for charge in office.charges] == ["U1"]
        assert office.holds == [("U2", "HIGH_VALUE")]
        fired = {
            audit["customer_class"]: audit["last_fired"]
            for audit in await desk.get("audits")
            if audit["code"] == "HIGH_VALUE"
        }
        trips = {row["customer_class"]: row["last_trip"] for row in await desk.get("controls")}
        assert fired["all"] == fired["residential"] == trips["residential"] is not None
        assert fired["commercial"] is trips["commercial"] is None

    async def test_every_one_can_be_set_and_a_reason_to_hold_usage_cannot(
        self, office: Office, desk: Desk
    ) -> None:
        await office.tell(usage_report(usage("U9", account="A9")))
        for code in AUDITS:
            await desk.set_audit(code, {"setting": {"mode": "warn", "owner": "billing"}, **WHY})

        shown = {audit["code"]: audit for audit in await desk.get("audits")}

        assert {shown[code]["setting"]["owner"] for code in AUDITS} == {"billing"}
        assert shown["NOT_ENROLLED"]["setting"] is None
        assert shown["NOT_ENROLLED"]["last_fired"] is not None

    @pytest.mark.parametrize(
        ("code", "setting", "says"),
        [
            ("NO_SUCH", {}, "AUDIT_UNKNOWN"),
            ("NOT_ENROLLED", {}, "AUDIT_UNKNOWN"),
            ("HIGH_VALUE", {"limits": {"kw": 1}}, "AUDIT_SETTING_REFUSED"),
            ("HIGH_VALUE", {"release": "manual"}, "AUDIT_SETTING_REFUSED"),
            ("BATCH_RELEASE", {"enabled": True}, "AUDIT_SETTING_REFUSED"),
        ],
    )
    async def test_refuses_what_does_not_fit_it(
        self, desk: Desk, code: str, setting: dict[str, Any], says: str
    ) -> None:
        done = await desk.post(f"audits/{code}/versions", {"setting": setting, **WHY}, "a", "admin")

        assert done[1]["code"] == says


class TestASettingThatLoosensAHold:
    OFF: ClassVar[dict[str, Any]] = {"setting": {"mode": "hold", "enabled": False}, **WHY}
    PATH = "audits/HIGH_VALUE/versions"

    async def test_counts_once_another_administrator_approves_it(
        self, office: Office, desk: Desk
    ) -> None:
        status, asked = await desk.post(self.PATH, self.OFF, "jane", "admin")
        await office.tell(usage_report(usage(energy=HUGE)))
        held = list(office.holds)
        (waiting,) = await desk.get("audits/waiting")
        (before,) = [a for a in await desk.get("audits") if a["code"] == "HIGH_VALUE"]

        alone = await desk.post(f"{self.PATH}/1/approval", WHY, "jane", "admin")
        operator = await desk.post(f"{self.PATH}/1/approval", WHY, "joe")
        approved = await desk.post(f"{self.PATH}/1/approval", WHY, "joe", "admin")
        again = await desk.post(f"{self.PATH}/1/approval", WHY, "jim", "admin")
        (after,) = [a for a in await desk.get("audits") if a["code"] == "HIGH_VALUE"]
        (version,) = await desk.get(self.PATH)

        assert (status, asked["two_people"], asked["approved_by"]) == (201, True, None)
        assert held == [("U1", "HIGH_VALUE")]
        assert (waiting["version"], waiting["by"]) == (1, "jane")
        assert (before["version"], before["setting"]["enabled"]) == (0, True)
        assert (alone[0], alone[1]["code"]) == (409, "SECOND_PERSON_NEEDED")
        assert operator[0] == 403
        assert (approved[0], approved[1]["approved_by"]) == (201, "joe")
        assert (again[0], again[1]["code"]) == (409, "SETTING_NOT_WAITING")
        assert (after["version"], after["setting"]["enabled"]) == (1, False)
        assert (version["by"], version["approved_by"]) == ("jane", "joe")
        assert version["approval_reason"] == WHY["reason"]
        assert await desk.get("audits/waiting") == []

    async def test_yields_to_a_newer_one(self, office: Office, desk: Desk) -> None:
        strict = {"setting": {"mode": "hold", "limits": {"limit_cents": 1_000}}, **WHY}
        await desk.post(self.PATH, self.OFF, "jane", "admin")
        _, newer = await desk.post(self.PATH, strict, "jane", "admin")

        late = await desk.post(f"{self.PATH}/1/approval", WHY, "joe", "admin")
        await office.tell(usage_report(usage()))

        assert newer["two_people"] is False
        assert late[1]["code"] == "SETTING_NOT_WAITING"
        assert await desk.get("audits/waiting") == []
        assert office.holds == [("U1", "HIGH_VALUE")]

    async def test_is_approved_for_the_class_it_is_asked_for(self, desk: Desk) -> None:
        homes = {"customer_class": "residential"}
        await desk.post(self.PATH, self.OFF | homes, "jane", "admin")

        whole = await desk.post(f"{self.PATH}/1/approval", WHY, "joe", "admin")
        right = await desk.post(f"{self.PATH}/1/approval", WHY | homes, "joe", "admin")

        controls = {row["customer_class"]: row["enabled"] for row in await desk.get("controls")}
        assert (whole[0], right[0]) == (409, 201)
        assert controls == {"residential": False, "commercial": True}

    async def test_is_not_approved_by_who_asked_even_in_the_database(
        self, office: Office, desk: Desk
    ) -> None:
        await desk.post(self.PATH, self.OFF, "jane", "admin")

        for asked_by, named in (("jane", "two_people"), ("jim", "fk_")):
            signed = {"asked_by": asked_by, "by": "jane", "reason": "alone", "at": NOON}
            with pytest.raises(IntegrityError, match=named):
                async with office.service.database.unit_of_work() as session:
                    await session.execute(insert(REVIEW.setting_approvals).values(seq=1, **signed))


class TestABatch:
    async def test_released_by_hand_waits_and_leaves_at_once(
        self, office: Office, desk: Desk
    ) -> None:
        manual = {"setting": {"release": "manual"}, **WHY}
        await desk.post("audits/BATCH_RELEASE/versions", manual, "ann", "admin")
        await office.tell(enrollment(request("R2", account="A2", meter="M2")))
        await office.tell(enrollment(request("R3", account="A3", meter="M3")))
        big = usage("U2", account="A2", energy=HUGE)
        moved = big.meters[0].model_copy(update={"meter_number": "M2"})
        await office.tell(usage_report(usage(), big.model_copy(update={"meters": (moved,)})))
        (before,) = await desk.get("batches", month="2026-07-15")
        left = list(office.charges)

        await desk.post("batches/-/2026-07-01/owner", {"owner": "jim", **WHY}, "jane")
        status, released = await desk.post("batches/-/2026-07-01/release", WHY, "jane")
        (after,) = await desk.get("batches", month="2026-07-15")

        assert left == []
        headers = {"x-name": "vera"}
        never = {**SCOPE, "month": "9999-12-31"}
        too_late = await desk.http.get(f"{ROOT}/batches", params=never, headers=headers)
        assert too_late.status_code == 422
        assert (status, released) == (200, {"released": 1, "held": 0})
        assert (before["expected"], before["received"], before["missing"]) == (3, 2, 1)
        assert (before["awaiting_release"], before["under_review"]) == (1, 1)
        assert (after["charged"], after["under_review"], after["owner"]) == (1, 1, "jim")
        assert after["due_at"] is not None

    async def test_released_by_two_people_at_once_leaves_once(
        self, office: Office, desk: Desk
    ) -> None:
        manual = {"setting": {"release": "manual"}, **WHY}
        await desk.post("audits/BATCH_RELEASE/versions", manual, "ann", "admin")
        await office.tell(usage_report(usage()))

        async with office.service.database.unit_of_work() as session:
            await wait_lock(session, MCE.lock_key)
            both = asyncio.gather(
                *(desk.post("batches/-/2026-07-01/release", WHY, by) for by in ("jane", "joe"))
            )
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            async with asyncio.timeout(PATIENCE_S):
                while await session.scalar(waiting) != len(("jane", "joe")):
                    await asyncio.sleep(0.01)
        done = await both

        assert [status for status, _ in done] == [200, 200]
        assert sorted(told["released"] for _, told in done) == [0, 1]

    async def test_is_the_one_of_the_month_also_when_the_cycle_changes_in_it(
        self, office: Office, desk: Desk
    ) -> None:
        manual = {"setting": {"release": "manual"}, **WHY}
        await desk.post("audits/BATCH_RELEASE/versions", manual, "ann", "admin")
        moved = request(
            "C1",
            EnrollmentPurpose.CHANGE,
            effective_on=date(2026, 7, 10),
            requested_on=date(2026, 6, 1),
        )
        await office.tell(enrollment(moved.model_copy(update={"bill_cycle": "02"})))
        await office.tell(usage_report(usage()))

        (batch,) = await desk.get("batches", month="2026-07-01")
        _, released = await desk.post("batches/02/2026-07-01/release", WHY, "jane")

        assert (batch["bill_cycle"], batch["awaiting_release"]) == ("02", 1)
        assert released == {"released": 1, "held": 0}


class TestTheControls:
    async def test_show_the_test_that_somebody_ran(self, desk: Desk) -> None:
        status, results = await desk.post("controls/tests", {}, "jane")
        controls = await desk.get("controls")

        assert status == 201
        assert [result["passed"] for result in results] == [True, True]
        assert [control["last_test_passed"] for control in controls] == [True, True]
        assert {control["limit"] for control in controls} == {"24000.00"}


class TestTheClock:
    async def test_lists_what_waits_the_nearest_deadline_first(
        self, office: Office, desk: Desk
    ) -> None:
        await office.tell(usage_report(usage("U9", account="A9")))

        (waiting,) = await desk.get("deadlines")

        assert (waiting["usage_id"], waiting["reason"]) == ("U9", "NOT_ENROLLED")
        assert waiting["due_at"] == "2026-11-28T01:00:00Z"
        assert waiting["standing"] == "open"
