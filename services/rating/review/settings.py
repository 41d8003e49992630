"""How a CCA wants its audits: on or off, hold or warn, limits, owner; by version.

A setting is never changed and never deleted: a new version stands beside the old one with who wrote
it, when and why. What the program does by itself is version 0. A version that lets something go
which is held now counts once another person has approved it (`approvals`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import BindParameter, Row, Select, Text, bindparam, func, insert, not_, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.rating.review.classes import CustomerClass
from services.rating.review.registry import (
    AUDITS,
    BATCH_RELEASE,
    HIGH_VALUE,
    AuditKind,
    Mode,
)
from services.rating.store import REVIEW
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal

PROGRAM_DEFAULT: Final = "program"
LIMIT_MAX: Final = 10**12
IN_MONEY: Final = "_cents"
"""How the names of limits end that are amounts of money."""

Words = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300)]
Reason = Annotated[
    str,
    StringConstraints(
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        min_length=3,
        max_length=300,
    ),
]
"""Why somebody does something: words, never left out."""


class UnknownAudit(Refusal):
    """There is no audit of that name, or no setting concerns it."""

    code = "AUDIT_UNKNOWN"
    status = 404
    title = "There is no such audit to be set"


class SettingNotUsable(Refusal):
    """A setting names limits that the audit does not have, or leaves some out."""

    code = "AUDIT_SETTING_REFUSED"
    status = 422
    title = "The setting does not fit the audit"


class AuditSetting(BaseModel):
    """What an audit does for one CCA and class of customers."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    enabled: bool = True
    mode: Mode = Mode.WARN
    """Whether a finding holds the charge, or is only listed."""
    minimum_cents: Annotated[int, Field(ge=0, le=LIMIT_MAX)] = 0
    """Charges and credits smaller than this are not looked at."""
    limits: dict[str, Annotated[int, Field(ge=0, le=LIMIT_MAX)]] = {}
    """The audit's numbers; those left out stay as the program has them."""
    owner: Words = ""
    """Who looks at what it holds."""


class ReleaseSetting(BaseModel):
    """Whether a CCA's batches go out by themselves, or wait for somebody to release them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: Annotated[str, StringConstraints(pattern="^(auto|manual)$")] = "auto"


class NewSetting(BaseModel):
    """A setting to be written, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    setting: AuditSetting | ReleaseSetting
    customer_class: CustomerClass = CustomerClass.ALL
    reason: Reason

    @model_validator(mode="after")
    def _batches_have_no_class(self) -> Self:
        if isinstance(self.setting, ReleaseSetting) and self.customer_class is not (
            CustomerClass.ALL
        ):
            raise ValueError("batches are released for all classes alike")
        return self


@dataclass(frozen=True, slots=True)
class SettingVersion:
    """A version of a setting, and who stands for it; version 0 is the program's.

    Attributes:
        two_people: it loosens a hold, so it counts only once another person has approved it.
        approved_by: who did.
    """

    cca: str
    code: str
    customer_class: CustomerClass
    version: int
    content: AuditSetting | ReleaseSetting
    by: str = PROGRAM_DEFAULT
    reason: str = ""
    at: datetime | None = None
    two_people: bool = False
    approved_by: str | None = None
    approved_at: datetime | None = None
    approval_reason: str = ""

    @property
    def waits(self) -> bool:
        """Whether it does not count, because nobody else has approved it."""
        return self.two_people and self.approved_by is None


@dataclass(frozen=True)
class ReviewSettings:
    """All settings of one CCA in force: by audit and class, with the program's behind them."""

    cca: str
    versions: tuple[SettingVersion, ...] = ()
    _found: dict[tuple[str, CustomerClass], AuditSetting] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def of(self, kind: AuditKind, customer_class: CustomerClass) -> AuditSetting:
        """What an audit does for a class: the class's own setting, the CCA's, the program's."""
        asked = (kind.code, customer_class)
        if asked not in self._found:
            self._found[asked] = self._of(kind, customer_class)
        return self._found[asked]

    def _of(self, kind: AuditKind, customer_class: CustomerClass) -> AuditSetting:
        mine = {v.customer_class: v.content for v in self.versions if v.code == kind.code}
        for wanted in (customer_class, CustomerClass.ALL):
            content = mine.get(wanted)
            if isinstance(content, AuditSetting):
                return with_defaults(kind, content)
        return default_of(kind)

    def in_force(self, code: str, customer_class: CustomerClass) -> AuditSetting | ReleaseSetting:
        """What a setting says now, whoever it comes from."""
        if code == BATCH_RELEASE:
            return ReleaseSetting(release="manual" if self.releases_by_hand else "auto")
        return self.of(AUDITS[code], customer_class)

    @property
    def releases_by_hand(self) -> bool:
        """Whether charges wait until somebody releases their batch."""
        return any(
            isinstance(v.content, ReleaseSetting) and v.content.release == "manual"
            for v in self.versions
        )

    @property
    def value_classes(self) -> tuple[CustomerClass, ...]:
        """Classes for which the value hold is to be proved: all, and those with their own."""
        own = {v.customer_class for v in self.versions if v.code == HIGH_VALUE}
        return tuple(sorted({CustomerClass.ALL, *own}))


def default_of(kind: AuditKind) -> AuditSetting:
    """What the program does by itself."""
    return AuditSetting(mode=kind.mode, limits=dict(kind.limits))


async def load_settings(session: ReadSession | WriteSession, cca: str) -> ReviewSettings:
    """Read the newest version of every setting of a CCA that counts."""
    found = await session.execute(_IN_FORCE, {"cca": cca})
    return ReviewSettings(cca, tuple(read_versions(found.all())))


async def setting_history(session: ReadSession, cca: str, code: str) -> list[SettingVersion]:
    """Every version of one setting, oldest first; the program's is not among them."""
    t = REVIEW.settings.c
    found = await session.execute(versions_of(cca).where(t.code == code).order_by(t.seq))
    return list(read_versions(found.all()))


def versions_of(cca: str | BindParameter[str]) -> Select[*tuple[Any, ...]]:
    """Every version of a CCA's settings, with who approved it."""
    t, a = REVIEW.settings, REVIEW.setting_approvals
    approved = (
        a.c.by.label("approved_by"),
        a.c.at.label("approved_at"),
        a.c.reason.label("approval_reason"),
    )
    joined = t.outerjoin(a, a.c.seq == t.c.seq)
    return select(t, *approved).select_from(joined).where(t.c.cca == cca)


def _in_force() -> Select[*tuple[Any, ...]]:
    t = REVIEW.settings.c
    return (
        versions_of(bindparam("cca", type_=Text()))
        .where(or_(not_(t.two_people), REVIEW.setting_approvals.c.seq.is_not(None)))
        .ext(distinct_on(t.code, t.customer_class))
        .order_by(t.code, t.customer_class, t.version.desc())
    )


_IN_FORCE: Final = _in_force()


async def write_setting(
    session: WriteSession, cca: str, code: str, new: NewSetting, by: str, at: datetime
) -> SettingVersion:
    """Add a version of a setting; it counts for every charge computed from now on.

    One that loosens a hold counts once somebody else has approved it.

    Raises:
        UnknownAudit: no audit has this code, or none that can be set.
        SettingNotUsable: the setting is another audit's.
    """
    _check(code, new.setting)
    await wait_lock(session, settings_lock(cca))
    before = (await load_settings(session, cca)).in_force(code, new.customer_class)
    after = new.setting
    if isinstance(after, AuditSetting):
        after = with_defaults(AUDITS[code], after)
    two_people = loosens(before, after)
    t = REVIEW.settings.c
    last = await session.scalar(
        select(func.max(t.version)).where(
            t.cca == cca, t.code == code, t.customer_class == new.customer_class.value
        )
    )
    version = SettingVersion(
        *(cca, code, new.customer_class, (last or 0) + 1, new.setting, by, new.reason, at),
        two_people=two_people,
    )
    await session.execute(
        insert(REVIEW.settings).values(
            cca=cca,
            code=code,
            customer_class=new.customer_class.value,
            version=version.version,
            content=new.setting.model_dump(mode="json"),
            two_people=two_people,
            by=by,
            reason=new.reason,
            at=at,
        )
    )
    return version


def settings_lock(cca: str) -> str:
    """Who sets a CCA's audits, or approves what was set, takes turns."""
    return f"rating/review/settings/{cca}"


def with_defaults(kind: AuditKind, setting: AuditSetting) -> AuditSetting:
    """A setting with the limits that it leaves to the program."""
    return setting.model_copy(update={"limits": {**kind.limits, **setting.limits}})


def loosens(before: AuditSetting | ReleaseSetting, after: AuditSetting | ReleaseSetting) -> bool:
    """Whether something that is held now could leave by another setting.

    An audit that holds is loosened by switching it off, by only warning, by a higher minimum, and
    by other limits, of which nobody but the audit knows the tighter side; a lower amount of money
    is always tighter. Batches are loosened by letting them leave by themselves.
    """
    if isinstance(before, ReleaseSetting) or isinstance(after, ReleaseSetting):
        return (before, after) == (ReleaseSetting(release="manual"), ReleaseSetting())
    if not (before.enabled and before.mode is Mode.HOLD):
        return False
    if not (after.enabled and after.mode is Mode.HOLD):
        return True
    return after.minimum_cents > before.minimum_cents or any(
        number > before.limits[name] if name.endswith(IN_MONEY) else number != before.limits[name]
        for name, number in after.limits.items()
    )


def _check(code: str, setting: AuditSetting | ReleaseSetting) -> None:
    if code == BATCH_RELEASE:
        if not isinstance(setting, ReleaseSetting):
            raise SettingNotUsable("batches are released `auto` or `manual`")
        return
    kind = AUDITS.get(code)
    if kind is None:
        raise UnknownAudit(f"no audit {code} can be set")
    if not isinstance(setting, AuditSetting):
        raise SettingNotUsable(f"{code} is an audit, not a way to release batches")
    strange = set(setting.limits) - set(kind.limits)
    if strange:
        raise SettingNotUsable(f"{code} has no limit {', '.join(sorted(strange))}")


def read_versions(rows: Iterable[Row[Any]]) -> Iterable[SettingVersion]:
    """The versions that rows of `versions_of` are."""
    for row in rows:
        content: Mapping[str, Any] = row.content
        kind = ReleaseSetting if row.code == BATCH_RELEASE else AuditSetting
        yield SettingVersion(
            cca=row.cca,
            code=row.code,
            customer_class=CustomerClass(row.customer_class),
            version=row.version,
            content=kind.model_validate(content),
            by=row.by,
            reason=row.reason,
            at=row.at,
            two_people=row.two_people,
            approved_by=row.approved_by,
            approved_at=row.approved_at,
            approval_reason=row.approval_reason or "",
        )
