"""The statement that the CCAs' bank writes, read by a reader that shares no code with it."""

from __future__ import annotations

from datetime import date

from bai2 import bai2

from services.remittance.bank.reading import read_file
from simulator.bank import Deposit, account_of, statement
from simulator.places import UTILITIES

PGE = UTILITIES["pge"]
FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 23)
DEPOSITS = [
    Deposit(PGE.ccas[0], "T1", 200_000, FIRST),
    Deposit(PGE.ccas[0], "T2", 100, FIRST),
    Deposit(PGE.ccas[1], "T3", 5, FIRST),
    Deposit(PGE.ccas[0], "T4", 7, SECOND),
    Deposit(PGE.ccas[2], "T5", 0, SECOND),
]


class TestStatement:
    def test_an_independent_reader_finds_every_total_right(self) -> None:
        parsed = bai2.parse_from_string(statement(PGE, DEPOSITS, SECOND), check_integrity=True)

        assert len(parsed.children) == 2

    def test_balances_are_carried_from_day_to_day(self) -> None:
        _, found = read_file(statement(PGE, DEPOSITS, SECOND).encode())

        assert [
            (each.account_number, each.opening_cents, each.closing_cents) for each in found
        ] == [
            (account_of(PGE.ccas[0]), 0, 200_100),
            (account_of(PGE.ccas[1]), 0, 5),
            (account_of(PGE.ccas[0]), 200_100, 200_107),
        ]
        assert all(each.held_for == () for each in found)
        assert [sorted(move.traces) for each in found for move in each.movements] == [
            ["T1"],
            ["T2"],
            ["T3"],
            ["T4"],
        ]
