from __future__ import annotations

import pytest

from shared.platform.web.identity import Role


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
