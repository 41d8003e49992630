"""Makes imported tariffs count, once a second person has looked at them.

A wrong price is the dearest mistake there is: it is on every bill before anybody notices. So nobody
bills with what they imported themselves. An imported version is a draft; somebody else activates
it, and both names are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, and_, exists, literal, select
from sqlalchemy.dialects.postgresql import insert

from services.rating.store import PLANS, TARIFF_ACTIVATIONS, TARIFF_DATA
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal

PLAN_KIND: Final = "plan"
TAXES_KIND: Final = "taxes"
CCA_KIND: Final = "cca"
HOLIDAYS_KIND: Final = "holidays"
CALENDAR_KIND: Final = "calendar"
EXPORTS_KIND: Final = "export_prices"

PROGRAM: Final = "program"
"""Who imports the tariffs that come with the program."""
SEED: Final = "seed"
"""Who activates those of them that may be used at once."""
RESERVED_NAMES: Final = frozenset({PROGRAM, SEED, "migration"})
"""No person's name."""

TARIFF_LOCK: Final = "rating/tariffs"
"""Imports and activations take turns, so that what is activated later has the higher number."""

NAME_LENGTH_MAX: Final = 80
REASON_LENGTH_MAX: Final = 300


class TariffVersionUnknown(Refusal):
    """No such version was imported."""

    code = "TARIFF_VERSION_UNKNOWN"
    status = 404
    title = "The tariff version was never imported"


class SecondPersonNeeded(Refusal):
    """Whoever imported a tariff cannot activate it."""

    code = "SECOND_PERSON_NEEDED"
    status = 409
    title = "Another person must activate the tariff"


class TariffAlreadyActive(Refusal):
    """The version was activated before."""

    code = "TARIFF_ALREADY_ACTIVE"
    status = 409
    title = "The tariff version is active already"


class HolidaysNotActive(Refusal):
    """Hours and export prices need the holidays that they name."""

    code = "HOLIDAYS_NOT_ACTIVE"
    status = 409
    title = "The holiday list is not active"


class NameNotUsable(Refusal):
    """A name stands for the program, or for nobody."""

    code = "NAME_NOT_USABLE"
    status = 422
    title = "This name cannot sign"


@dataclass(frozen=True, slots=True)
class TariffKey:
    """One version of one tariff file."""

    kind: str
    name: str
    version: str

    @classmethod
    def plan(cls, cca: str, plan_id: str, version: str) -> TariffKey:
        """A version of a plan."""
        return cls(PLAN_KIND, f"{cca}/{plan_id}", version)

    @property
    def words(self) -> str:
        """How lists and refusals call it."""
        return " ".join(word for word in (self.kind, self.name, self.version) if word)


@dataclass(frozen=True, slots=True)
class Activation:
    """Who stands for a version, and since when."""

    imported_by: str
    activated_by: str
    activated_at: datetime
    reason: str


def signing(name: str) -> str:
    """A person's name, fit to stand under an import or an activation.

    Raises:
        NameNotUsable: it is empty, too long, or the program's own.
    """
    name = name.strip()
    if not name or len(name) > NAME_LENGTH_MAX or name in RESERVED_NAMES:
        raise NameNotUsable(f"{name!r} cannot sign: give a person's name")
    return name


async def activate(
    session: WriteSession, key: TariffKey, by: str, at: datetime, reason: str = ""
) -> Activation:
    """Let a version count from now on.

    Raises:
        TariffVersionUnknown: it was not imported.
        SecondPersonNeeded: the same person imported it.
        TariffAlreadyActive: it was activated before.
        HolidaysNotActive: it names a holiday list of which no version is active.
    """
    await wait_lock(session, TARIFF_LOCK)
    importer = await _importer(session, key)
    if importer is None:
        raise TariffVersionUnknown(f"{key.words} was not imported")
    if importer == by:
        raise SecondPersonNeeded(f"{by} imported {key.words}; somebody else must activate it")
    await _refuse_without_holidays(session, key)
    done = await session.execute(
        insert(TARIFF_ACTIVATIONS)
        .values(_row(key, importer, by, at, reason))
        .on_conflict_do_nothing()
        .returning(TARIFF_ACTIVATIONS.c.seq)
    )
    if done.first() is None:
        raise TariffAlreadyActive(f"{key.words} is active already")
    return Activation(importer, by, at, reason)


async def activate_seeds(
    session: WriteSession, keys: Iterable[TariffKey], at: datetime, reason: str
) -> None:
    """Record tariffs that come with the program as activated by its release."""
    rows = [_row(key, PROGRAM, SEED, at, reason) for key in keys]
    if rows:
        await session.execute(insert(TARIFF_ACTIVATIONS).on_conflict_do_nothing(), rows)


async def activations(session: ReadSession | WriteSession) -> dict[TariffKey, Activation]:
    """Everything that is active."""
    t = TARIFF_ACTIVATIONS.c
    found = await session.execute(select(TARIFF_ACTIVATIONS).order_by(t.seq))
    return {
        TariffKey(row.kind, row.name, row.version): Activation(
            row.imported_by, row.activated_by, row.activated_at, row.reason
        )
        for row in found
    }


def _row(key: TariffKey, importer: str, by: str, at: datetime, reason: str) -> Mapping[str, object]:
    return {
        "kind": key.kind,
        "name": key.name,
        "version": key.version,
        "imported_by": importer,
        "activated_by": by,
        "reason": reason[:REASON_LENGTH_MAX],
        "activated_at": at,
    }


async def _refuse_without_holidays(session: WriteSession, key: TariffKey) -> None:
    if key.kind not in {CALENDAR_KIND, EXPORTS_KIND}:
        return
    t, a = TARIFF_DATA.c, TARIFF_ACTIVATIONS.c
    named = t.content["holidays"].astext
    missing = await session.scalar(
        select(named).where(
            *(t.kind == key.kind, t.name == key.name, t.version == key.version),
            ~exists().where(a.kind == HOLIDAYS_KIND, a.name == named),
        )
    )
    if missing is not None:
        raise HolidaysNotActive(f"{key.words} names the holidays {missing}: activate them first")


async def _importer(session: WriteSession, key: TariffKey) -> str | None:
    p, t = PLANS.c, TARIFF_DATA.c
    query: Select[str] = select(t.imported_by).where(
        t.kind == key.kind, t.name == key.name, t.version == key.version
    )
    if key.kind == PLAN_KIND:
        cca, _, plan_id = key.name.partition("/")
        query = select(p.imported_by).where(
            p.cca == cca, p.plan_id == plan_id, p.version == key.version
        )
    return await session.scalar(query)


ACTIVE_PLAN: Final = and_(
    TARIFF_ACTIVATIONS.c.kind == PLAN_KIND,
    TARIFF_ACTIVATIONS.c.name == PLANS.c.cca + literal("/") + PLANS.c.plan_id,
    TARIFF_ACTIVATIONS.c.version == PLANS.c.version,
)
"""Joins a plan version with its activation."""

ACTIVE_DATA: Final = and_(
    TARIFF_ACTIVATIONS.c.kind == TARIFF_DATA.c.kind,
    TARIFF_ACTIVATIONS.c.name == TARIFF_DATA.c.name,
    TARIFF_ACTIVATIONS.c.version == TARIFF_DATA.c.version,
)
"""Joins taxes or a CCA's particulars with their activation."""
