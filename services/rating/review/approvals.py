"""Lets a second person approve settings that loosen a hold, so that nobody switches one off alone.

It goes like the activation of a tariff: what one person wrote stands as a version that does not
count yet; another approves it, and both names are kept. A newer version of the same setting takes
the place of one that waits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.rating.review.classes import CustomerClass
from services.rating.review.settings import (
    SettingVersion,
    read_versions,
    settings_lock,
    versions_of,
)
from services.rating.store import REVIEW
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal


class SettingNotWaiting(Refusal):
    """No such version waits: it counts already, or a newer one took its place."""

    code: ClassVar[str] = "SETTING_NOT_WAITING"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This version of the setting does not wait for an approval"


class SecondPersonNeeded(Refusal):
    """Whoever asked for a setting cannot approve it."""

    code: ClassVar[str] = "SECOND_PERSON_NEEDED"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another person must approve the setting"


@dataclass(frozen=True, slots=True)
class SettingKey:
    """One version of one setting."""

    cca: str
    code: str
    customer_class: CustomerClass
    version: int

    @classmethod
    def of(cls, version: SettingVersion) -> SettingKey:
        """The key of a version."""
        return cls(version.cca, version.code, version.customer_class, version.version)

    @property
    def words(self) -> str:
        """How refusals call it."""
        return f"{self.code} of {self.cca}, {self.customer_class.value}, version {self.version}"


async def settings_that_wait(session: ReadSession | WriteSession, cca: str) -> list[SettingVersion]:
    """Read the versions of a CCA's settings that another person is to approve."""
    t = REVIEW.settings.c
    newest = await session.execute(
        versions_of(cca)
        .ext(distinct_on(t.code, t.customer_class))
        .order_by(t.code, t.customer_class, t.version.desc())
    )
    return [one for one in read_versions(newest.all()) if one.waits]


async def approve_setting(
    session: WriteSession, key: SettingKey, by: str, reason: str, at: datetime
) -> SettingVersion:
    """Let a version count that somebody else asked for, for every charge computed from now on.

    Raises:
        SettingNotWaiting: it counts already, was never written, or there is a newer one.
        SecondPersonNeeded: the same person asked for it.
    """
    await wait_lock(session, settings_lock(key.cca))
    waiting = await settings_that_wait(session, key.cca)
    asked = next((one for one in waiting if SettingKey.of(one) == key), None)
    if asked is None:
        raise SettingNotWaiting(f"{key.words} counts already, or a newer one took its place")
    if asked.by == by:
        raise SecondPersonNeeded(f"{by} asked for {key.words}; somebody else must approve it")
    t = REVIEW.settings.c
    seq = select(t.seq).where(
        t.cca == key.cca,
        t.code == key.code,
        t.customer_class == key.customer_class.value,
        t.version == key.version,
    )
    signed = {"asked_by": asked.by, "by": by, "reason": reason, "at": at}
    await session.execute(
        insert(REVIEW.setting_approvals).values(seq=seq.scalar_subquery(), **signed)
    )
    return replace(asked, approved_by=by, approved_at=at, approval_reason=reason)
