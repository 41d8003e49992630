"""Says what one billing day of one utility is to be: how large, how faulty, against which host.

Everything the day depends on is in one value, so that the same plan gives the same files.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from simulator.places import BACK_OFFICE, UTILITIES, UtilityIdentity
from simulator.world import Population, population
from simulator.x12 import STYLES, Delimiters, Envelope

DEFAULT_DAY: Final = date(2026, 7, 6)
BILL_WINDOW_DAYS: Final = 5
SETTLEMENT_DAYS: Final = 2
FIRST_NUMBERED_DAY: Final = date(2026, 1, 1)
FILES_A_RUN: Final = 1_000
FIRST_RECEIPT_FILE: Final = 500
RUNS_A_SEED: Final = 10


class Phase(StrEnum):
    """A part of the billing day that can be asked for alone."""

    ENROL = "enrol"
    USAGE = "usage"
    ACKNOWLEDGE = "acknowledge"
    PAY = "pay"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the back office's SFTP server is and how to log in.

    `host_key` is the file with the server's public key, or that key itself as OpenSSH text;
    without it, `trust_any_host_key` must be said. `reconnect_s` is how long a host that was there
    before may be away.
    """

    host: str
    port: int
    user: str
    key: Path
    host_key: Path | str | None = None
    trust_any_host_key: bool = False
    upload_in_place: bool = False
    reconnect_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Faults:
    """How often something goes wrong on the utility's side, as shares between 0 and 1."""

    error_rate: float = 0.0
    advice_rate: float = 0.0
    short_rate: float = 0.0
    reversal_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One billing day. `run` numbers repeated runs of one day, so control numbers differ.

    `patience_s` is how long nothing may arrive before an answer is given up for missing;
    `timeout_s` is the limit for the whole day.
    """

    utility: str
    connection: Connection
    accounts: int = 100
    first_account: int = 0
    seed: int = 7
    day: date = DEFAULT_DAY
    faults: Faults = field(default_factory=Faults)
    environment: str = "test"
    delimiters: str = "standard"
    phases: frozenset[Phase] = frozenset(Phase)
    accounts_a_file: int = 0
    run: int = 0
    timeout_s: float = 120.0
    patience_s: float = 30.0
    poll_s: float = 0.2

    @property
    def people(self) -> Population:
        """The accounts this day deals with."""
        return population(self.utility, self.seed, self.accounts, self.first_account)

    @property
    def identity(self) -> UtilityIdentity:
        """The utility that lives this day."""
        return UTILITIES[self.utility]

    @property
    def style(self) -> Delimiters:
        """The delimiters this utility writes with."""
        return STYLES[self.delimiters]

    @property
    def usage_indicator(self) -> str:
        """ISA15: T in the test environment, P in production."""
        return "P" if self.environment == "production" else "T"

    @property
    def period(self) -> tuple[date, date]:
        """The service period: a month up to the billing day, its closing read date."""
        return month_before(self.day), self.day

    @property
    def due(self) -> date:
        """The day the bill window closes (DTM*649)."""
        return self.day + timedelta(days=BILL_WINDOW_DAYS)

    @property
    def settled(self) -> date:
        """The day the bank settles a payment (BPR16)."""
        return self.day + timedelta(days=SETTLEMENT_DAYS)

    def envelope(self, number: int) -> Envelope:
        """Make the envelope of the day's file with this running number, counted from 1."""
        return Envelope(
            sender_qualifier="01",
            sender=self.identity.duns,
            receiver_qualifier="ZZ",
            receiver=BACK_OFFICE,
            control=self.first_control + number,
            day=self.day,
            usage_indicator=self.usage_indicator,
        )

    @property
    def first_control(self) -> int:
        """The number before the day's first ISA13; days, seeds and runs never share numbers."""
        days = (self.day - FIRST_NUMBERED_DAY).days % 1_000
        seeds = days * 100 + self.seed % 100
        return (seeds * RUNS_A_SEED + self.run % RUNS_A_SEED) * FILES_A_RUN


def month_before(day: date) -> date:
    """Return the same day of the month before, or that month's last day if it is shorter."""
    year, month = (day.year - 1, 12) if day.month == 1 else (day.year, day.month - 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
