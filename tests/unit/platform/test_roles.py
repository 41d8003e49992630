from __future__ import annotations

from uuid import UUID

import pytest
from fastapi import Request

from shared.platform.web.identity import NotAllowed, Principal, Role, admit_to_cca


class TestRoles:
    @pytest.mark.parametrize("role", Role)
    def test_each_reads_and_may_do_its_own_work(self, role: Role) -> None:
        assert role.includes(Role.VIEWER)
        assert role.includes(role)
        assert Role.ADMIN.includes(role)

    def test_files_and_money_are_two_peoples_work(self) -> None:
        assert not Role.OPERATOR.includes(Role.FINANCE)
        assert not Role.FINANCE.includes(Role.OPERATOR)

    def test_only_an_admin_manages_access(self) -> None:
        assert [role for role in Role if role.includes(Role.ADMIN)] == [Role.ADMIN]


class TestRoutesOfACca:
    @staticmethod
    def asked(query: str) -> Request:
        return Request({"type": "http", "query_string": query.encode(), "headers": []})

    async def test_are_open_to_those_who_may_see_it(self) -> None:
        one = Principal(UUID(int=1), "desk", Role.FINANCE, ("mce",))
        every = Principal(UUID(int=1), "desk", Role.VIEWER)

        await admit_to_cca(self.asked("cca=mce"), one)
        await admit_to_cca(self.asked("cca=pce"), every)
        await admit_to_cca(self.asked(""), every)

    @pytest.mark.parametrize("query", ["cca=pce", "", "cca=", "cca=mce&cca=pce", "cca=pce&cca=mce"])
    async def test_are_closed_to_all_others_however_they_name_it(self, query: str) -> None:
        one = Principal(UUID(int=1), "desk", Role.FINANCE, ("mce",))

        with pytest.raises(NotAllowed):
            await admit_to_cca(self.asked(query), one)
