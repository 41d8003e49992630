"""Invents the customers of a utility and what they used, always the same for the same seed.

The world knows accounts, meters, rates and kilowatt-hours, and which of them are made wrong on
purpose. It knows nothing of X12, of SFTP or of the present moment: the billing day is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from simulator.dice import Dice, first_by_lot
from simulator.places import (
    BUSINESS_NAMES,
    FAMILY_NAMES,
    GIVEN_NAMES,
    STREETS,
    SUMMER_MONTHS,
    UTILITIES,
    Cca,
    Rate,
    Town,
    UtilityIdentity,
)

if TYPE_CHECKING:
    from datetime import date

Choice = TypeVar("Choice", Cca, Rate)

NUMBERS_A_SEED: Final = 1_000_000
SEEDS: Final = 1_000
# Multiplying by a number without the factors 2 and 5 visits every residue of a million once:
# account numbers look scattered and still never repeat.
SCATTER: Final = 387_913
MONTHLY_WH_MIN: Final = 140_000
MONTHLY_WH_MAX: Final = 940_000
UNKNOWN_RATE_CODE: Final = "ZZ-99"
BUSINESS_ONE_IN: Final = 15


class Mischief(StrEnum):
    """What can be made wrong on purpose with one account, in the order it is handed out."""

    UNKNOWN_ACCOUNT = "unknown-account"
    UNKNOWN_RATE = "unknown-rate-code"
    BROKEN_ELEMENT = "broken-element"
    CANCEL_REBILL = "cancel-and-rebill"
    BUCKETS_DO_NOT_ADD = "buckets-do-not-add"
    ALREADY_ENROLLED = "already-enrolled"


@dataclass(frozen=True, slots=True)
class Account:
    """One utility account with its single meter; all text is upper case, safe for X12."""

    index: int
    cca: Cca
    rate: Rate
    town: Town
    customer: str
    street: str
    number: str
    service_agreement: str
    meter: str
    bill_cycle: str


@dataclass(frozen=True, slots=True)
class Usage:
    """One 867: what a meter measured from `start` up to the closing read on `end`, in Wh.

    `purpose` is BPT01 (00 original, 01 cancel) and `original` the BPT02 a cancel points at.
    """

    id: str
    account: Account
    rate_code: str
    start: date
    end: date
    total_wh: int
    buckets: tuple[tuple[str, int], ...]
    begin_wh: int
    purpose: str = "00"
    original: str = ""
    garbled: bool = False


@dataclass(frozen=True, slots=True)
class Population:
    """The accounts of one utility that a billing day deals with: a slice of the seed's world."""

    utility: UtilityIdentity
    seed: int
    first: int
    count: int

    def account(self, index: int) -> Account:
        """Invent the account with this index."""
        return invent_account(self.utility, self.seed, index)

    @property
    def indexes(self) -> range:
        """The indexes of the accounts in this slice."""
        return range(self.first, self.first + self.count)

    def accounts(self) -> list[Account]:
        """Invent every account of the slice, in order."""
        return [self.account(index) for index in self.indexes]


def population(utility: str, seed: int, count: int, first: int = 0) -> Population:
    """Describe a slice of a utility's accounts; `utility` is `pge`, `sce` or `sdge`."""
    if first + count > NUMBERS_A_SEED:
        message = f"a seed holds {NUMBERS_A_SEED:,} accounts, asked for {first + count:,}"
        raise ValueError(message)
    return Population(UTILITIES[utility], seed, first, count)


def invent_account(utility: UtilityIdentity, seed: int, index: int) -> Account:
    """Invent one account from the seed and its index alone."""
    dice = Dice(seed, utility.key, "account", index)
    cca = _weighted(utility.ccas, dice)
    rate = _weighted(cca.rates, dice)
    scattered = (index * SCATTER + seed * 7_919) % NUMBERS_A_SEED
    digits = f"{seed % SEEDS:03d}{scattered:06d}"
    return Account(
        index=index,
        cca=cca,
        rate=rate,
        town=cca.towns[dice.below(len(cca.towns))],
        customer=_customer(dice),
        street=f"{dice.between(10, 4999)} {STREETS[dice.below(len(STREETS))]}",
        number=f"{utility.account_prefix}{digits}",
        service_agreement=f"8{digits}",
        meter=f"10{digits}",
        bill_cycle=f"{dice.between(1, 21):02d}",
    )


def stranger(account: Account) -> Account:
    """Return the same customer under account and service agreement numbers nobody enrolled."""
    return replace(
        account,
        number=f"9{account.number[1:]}",
        service_agreement=f"9{account.service_agreement[1:]}",
        meter=f"99{account.meter[2:]}",
    )


def document_id(people: Population, day: date, kind: str, index: int) -> str:
    """Make a business id (BPT02, BGN02, TRN02): unique by utility, day, seed, kind and account."""
    seed = people.seed % SEEDS
    return f"{people.utility.key.upper()}{day:%Y%m%d}{seed:03d}{kind}{index:06d}"


def measure(people: Population, account: Account, start: date, end: date, id_: str) -> Usage:
    """Invent what one account used in a period; the buckets add up to the total exactly."""
    dice = Dice(people.seed, people.utility.key, "usage", end.isoformat(), account.index)
    days = (end - start).days
    # The smaller of two throws: most homes use little, a few use much.
    monthly = min(dice.between(MONTHLY_WH_MIN, MONTHLY_WH_MAX) for _ in range(2))
    total = monthly * days // 30
    season = account.rate.summer
    if start.month not in SUMMER_MONTHS[people.utility.key]:
        season = account.rate.winter
    return Usage(
        id=id_,
        account=account,
        rate_code=account.rate.code,
        start=start,
        end=end,
        total_wh=total,
        buckets=_split(total, season, dice),
        begin_wh=dice.between(1_000_000, 60_000_000),
    )


def rebilled(people: Population, usage: Usage, id_: str) -> Usage:
    """Return the corrected usage that replaces a cancelled one: a twentieth more or less."""
    dice = Dice(people.seed, people.utility.key, "rebill", usage.end.isoformat(), usage.id)
    change = usage.total_wh // 20 * (1 if dice.below(2) else -1)
    buckets = usage.buckets
    if buckets:
        code, last = buckets[-1]
        buckets = (*buckets[:-1], (code, last + change))
    return replace(usage, id=id_, total_wh=usage.total_wh + change, buckets=buckets)


def cancelled(usage: Usage, id_: str) -> Usage:
    """Return the cancel of a usage: the original numbers, not negated, pointing at the original."""
    return replace(usage, id=id_, purpose="01", original=usage.id)


def spoil(usage: Usage, mischief: Mischief | None) -> Usage:
    """Make one 867 wrong in the way the mischief says; other kinds leave it as it is."""
    if mischief is Mischief.UNKNOWN_RATE:
        return replace(usage, rate_code=UNKNOWN_RATE_CODE)
    if mischief is Mischief.BROKEN_ELEMENT:
        return replace(usage, garbled=True)
    if mischief is Mischief.BUCKETS_DO_NOT_ADD:
        (code, first), *rest = usage.buckets
        return replace(usage, buckets=((code, first + 17_000), *rest))
    return usage


def plan_mischief(people: Population, error_rate: float) -> dict[int, Mischief]:
    """Choose by lot which accounts are made wrong and how: account index → mischief.

    About `error_rate` of the accounts are chosen and the kinds take turns. Buckets that do not
    add up need buckets, so an account whose rate reports only a total gets an unknown rate.
    """
    wanted = round(people.count * error_rate)
    chosen = first_by_lot(wanted, people.seed, people.utility.key, "mischief", of=people.indexes)
    kinds = tuple(Mischief)
    plan: dict[int, Mischief] = {}
    for turn, index in enumerate(chosen):
        kind = kinds[turn % len(kinds)]
        if kind is Mischief.BUCKETS_DO_NOT_ADD and not people.account(index).rate.summer:
            kind = Mischief.UNKNOWN_RATE
        plan[index] = kind
    return plan


def _weighted(choices: tuple[Choice, ...], dice: Dice) -> Choice:
    lot = dice.below(sum(choice.weight for choice in choices))
    for choice in choices:
        lot -= choice.weight
        if lot < 0:
            return choice
    raise AssertionError(choices)


def _customer(dice: Dice) -> str:
    if dice.below(BUSINESS_ONE_IN) == 0:
        return BUSINESS_NAMES[dice.below(len(BUSINESS_NAMES))]
    given = GIVEN_NAMES[dice.below(len(GIVEN_NAMES))]
    return f"{given} {FAMILY_NAMES[dice.below(len(FAMILY_NAMES))]}"


def _split(
    total: int, shares: tuple[tuple[str, int], ...], dice: Dice
) -> tuple[tuple[str, int], ...]:
    """Share a total out over the buckets; the last takes what is left, so nothing is lost."""
    if not shares:
        return ()
    parts: list[tuple[str, int]] = []
    left = total
    for code, percent in shares[:-1]:
        part = total * (percent * 10 + dice.between(-30, 30)) // 1000
        parts.append((code, part))
        left -= part
    parts.append((shares[-1][0], left))
    return tuple(parts)
