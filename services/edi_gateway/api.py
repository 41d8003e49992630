"""The gateway's front of house: all routes of its API and pages, for the composition root."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from services.edi_gateway import (
    api_annotated,
    api_files,
    api_me,
    api_requests,
    api_transactions,
    pages,
    pages_annotated,
    pages_files,
)
from services.edi_gateway.api_desk import GatewayWeb, furnished_with

API_PREFIX = "/v1"

__all__ = ["API_PREFIX", "GatewayWeb", "build_routers"]


def build_routers(desk: GatewayWeb) -> list[APIRouter]:
    """Return the gateway's routes, working with this desk: the API, then the pages."""
    furnished = [Depends(furnished_with(desk))]
    api = APIRouter(prefix=API_PREFIX, dependencies=furnished)
    api.include_router(api_transactions.router)
    api.include_router(api_annotated.router)
    api.include_router(api_files.router)
    api.include_router(api_requests.router)
    api.include_router(api_me.router)
    rooms = APIRouter(dependencies=furnished)
    rooms.include_router(pages.router)
    rooms.include_router(pages_annotated.router)
    rooms.include_router(pages_files.router)
    return [api, rooms]
