"""Whoever tries keys has to wait longer and longer."""

from __future__ import annotations

from services.edi_gateway.transport.login_guard import (
    ADDRESSES_MAX,
    FIRST_WAIT_S,
    FORGET_AFTER_S,
    FREE_FAILURES,
    LONGEST_WAIT_S,
    LoginGuard,
)


def failed(guard: LoginGuard, times: int, at_s: float = 0.0, address: str = "a") -> None:
    for _ in range(times):
        guard.failed(address, at_s)


class TestLoginGuard:
    def test_a_few_failures_cost_nothing(self) -> None:
        guard = LoginGuard()
        failed(guard, FREE_FAILURES - 1)
        assert guard.wait_s("a", 0.0) == 0

    def test_each_further_failure_doubles_the_wait(self) -> None:
        guard = LoginGuard()
        failed(guard, FREE_FAILURES)
        assert guard.wait_s("a", 0.0) == FIRST_WAIT_S
        assert guard.wait_s("a", FIRST_WAIT_S) == 0
        failed(guard, 1)
        assert guard.wait_s("a", 0.0) == 2 * FIRST_WAIT_S

    def test_the_wait_has_an_end(self) -> None:
        guard = LoginGuard()
        failed(guard, 10_000)
        assert guard.wait_s("a", 0.0) == LONGEST_WAIT_S

    def test_other_addresses_are_not_touched(self) -> None:
        guard = LoginGuard()
        failed(guard, 100)
        assert guard.wait_s("b", 0.0) == 0

    def test_a_good_login_and_time_clear_the_record(self) -> None:
        guard = LoginGuard()
        failed(guard, 100)
        assert guard.wait_s("a", FORGET_AFTER_S) == 0
        assert guard.wait_s("a", 0.0) == 0
        failed(guard, 100)
        guard.succeeded("a")
        assert guard.wait_s("a", 0.0) == 0

    def test_many_addresses_do_not_fill_the_memory(self) -> None:
        guard = LoginGuard()
        failed(guard, 100, address="first")
        for number in range(ADDRESSES_MAX):
            guard.failed(str(number), 1.0)
        assert guard.wait_s("first", 0.0) == 0
