"""Keeps the views that somebody wants at hand: a name and an address, each person's own.

A view is kept as its address, so it shows what is there when it is opened, and what its owner may
see by then. To share one is to send its address.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.rating.store import SAVED_VIEWS
from services.rating.views import View
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal
from shared.platform.web.addresses import ADDRESS_LENGTH_MAX, is_own_page

VIEWS_MAX: Final = 100
PLACES: Final = frozenset({"after", "before", "cursor"})
"""Where in a list somebody stands: not a part of what they look for."""


class TooManyViews(Refusal):
    """A person keeps only so many views."""

    code = "TOO_MANY_VIEWS"
    status = 409
    title = f"At most {VIEWS_MAX} views are kept"


def _own(address: str) -> str:
    if not is_own_page(address):
        raise ValueError("only pages of this console are kept")
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in PLACES]
    return f"{parts.path}?{urlencode(query)}" if query else parts.path


class NewView(BaseModel):
    """A view to be kept; one of the same name is replaced."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[
        str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=80)
    ]
    address: Annotated[str, StringConstraints(max_length=ADDRESS_LENGTH_MAX), AfterValidator(_own)]
    """A page of the console with its filter; the place in the list is left out."""


class SavedView(View):
    """A view that somebody keeps."""

    name: str
    address: str
    kept_at: datetime


async def saved_views_of(session: ReadSession, owner: str) -> list[SavedView]:
    """The views of one person, by name."""
    t = SAVED_VIEWS.c
    found = await session.execute(
        select(t.name, t.address, t.kept_at).where(t.owner == owner).order_by(t.name)
    )
    return [SavedView.model_validate(row, from_attributes=True) for row in found]


async def keep_view(session: WriteSession, owner: str, new: NewView, at: datetime) -> None:
    """Keep a view under a name.

    Raises:
        TooManyViews: there are enough.
    """
    await wait_lock(session, f"rating/saved-views/{owner}")
    t = SAVED_VIEWS.c
    others = await session.scalar(select(func.count()).where(t.owner == owner, t.name != new.name))
    if (others or 0) >= VIEWS_MAX:
        raise TooManyViews("remove one before you keep another")
    values: dict[str, Any] = {"address": new.address, "kept_at": at}
    await session.execute(
        insert(SAVED_VIEWS)
        .values(owner=owner, name=new.name, **values)
        .on_conflict_do_update(index_elements=[t.owner, t.name], set_=values)
    )


async def drop_view(session: WriteSession, owner: str, name: str) -> None:
    """Remove a view; one that is not there is removed already."""
    t = SAVED_VIEWS.c
    await session.execute(delete(SAVED_VIEWS).where(t.owner == owner, t.name == name))
