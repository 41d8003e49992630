"""Who am I: what a token may do; also how the other services' processes ask who sent a request."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from shared.platform.web.identity import Role, Viewer
from shared.platform.web.problems import documented

router = APIRouter(tags=["access"])


class Me(BaseModel):
    """The bearer of the request's token."""

    token_id: UUID
    name: str
    role: Role
    ccas: tuple[str, ...] | None
    """The CCAs it may see; null for every CCA."""


@router.get("/me", summary="What this token may do", responses=documented(401))
async def show_me(principal: Viewer) -> Me:
    """Return the bearer's name, role and CCAs."""
    return Me(
        token_id=principal.token_id,
        name=principal.name,
        role=principal.role,
        ccas=principal.ccas,
    )
