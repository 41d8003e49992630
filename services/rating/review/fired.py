"""Tells when each audit last found something, for each class of customers.

An audit that never fires is either not needed or broken; the page of controls shows which it could
be, and of the value hold when it last stopped somebody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    TableValuedAlias,
    Text,
    func,
    literal,
    select,
    true,
)

from services.rating.review.classes import CustomerClass
from services.rating.review.registry import ALWAYS_HELD, AUDITS
from services.rating.store import HOLDS, REVIEW, USAGE
from shared.platform.database import ReadSession

LastFired = Mapping[tuple[str, CustomerClass], datetime]
"""When a code last found something about a charge of a class; of `all`, of any class.

Findings of before the class was kept, that held nothing, are of `all` alone."""


async def load_last_fired(session: ReadSession, cca: str) -> LastFired:
    """Read when each code last found something: one look into an index a code and class.

    Args:
        session: where to read.
        cca: whose findings, at any utility.
    """
    f, h, u = REVIEW.findings.c, HOLDS.c, USAGE.c
    every = _unnested(AUDITS, "code")
    classes = _unnested([each.value for each in CustomerClass], "customer_class")
    last = _last(
        REVIEW.findings,
        f.found_at,
        *(f.code == every.c.code, f.customer_class == classes.c.customer_class, f.cca == cca),
    )
    by_class = await session.execute(
        select(every.c.code, classes.c.customer_class, last.c.at).select_from(
            every.join(classes, true()).join(last, true())
        )
    )
    fired: dict[tuple[str, CustomerClass], datetime] = {}
    for code, customer_class, at in by_class:
        for whose in (CustomerClass(customer_class), CustomerClass.ALL):
            fired[code, whose] = max(at, fired.get((code, whose), at))
    always = _unnested(ALWAYS_HELD, "code")
    last = _last(HOLDS.join(USAGE), h.opened_at, h.code == always.c.code, u.cca == cca)
    held = await session.execute(select(always.c.code, last.c.at).join(last, true()))
    return fired | {(code, CustomerClass.ALL): at for code, at in held}


def _unnested(words: Iterable[str], name: str) -> TableValuedAlias:
    return (
        func.unnest(literal(list(words), ARRAY(Text)))
        .table_valued(name, name=f"every_{name}")
        .render_derived()
    )


def _last(
    source: FromClause, moment: ColumnElement[datetime], *where: ColumnElement[bool]
) -> FromClause:
    return (
        select(moment.label("at"))
        .select_from(source)
        .where(*where)
        .order_by(moment.desc())
        .limit(1)
        .lateral()
    )
