"""Every route of the installation as one process has it, with who is let in; nothing runs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute

from services import host
from services.host import Host
from shared.contracts.parts import ServiceName
from shared.platform.clock import SystemClock
from shared.platform.lifecycle import Lifecycle
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Role, admit_to_cca

NOWHERE = "postgresql://nobody@nowhere/nothing"


@dataclass(frozen=True, slots=True)
class Door:
    """One route.

    Attributes:
        roles: those that it asks for, on its own or with the router it belongs to.
        asks_for_cca: whether it keeps people to the CCAs that are open to them by `?cca=`.
    """

    path: str
    methods: frozenset[str]
    roles: frozenset[Role]
    asks_for_cca: bool

    @property
    def changes(self) -> bool:
        """Whether it is for more than looking."""
        return not self.methods & {"GET", "HEAD"}


def doors(folder: Path, *services: ServiceName) -> list[Door]:
    """The routes of a process that runs these services.

    Args:
        folder: an empty one, for the key of sessions.
        *services: those that run in the process.
    """
    settings = PlatformSettings(data_dir=folder)
    made = Host(settings, Lifecycle("doors"), MemoryBus(), NOWHERE)
    clock = SystemClock()
    host._build(made, services, clock)  # noqa: SLF001  the composition, without its databases
    return list(_walk(host._app(made, clock).routes))  # noqa: SLF001


def _walk(
    routes: Iterable[Any], before: str = "", asked: frozenset[Any] = frozenset()
) -> Iterator[Door]:
    for route in routes:
        if isinstance(route, APIRoute):
            calls = asked | frozenset(_calls(route.dependant))
            yield Door(
                before + route.path,
                frozenset(route.methods or ()),
                frozenset(role for call in calls if (role := _role(call)) is not None),
                admit_to_cca in calls,
            )
        elif (within := getattr(route, "original_router", None)) is not None:
            context = route.include_context
            shared = {each.dependency for each in (*context.dependencies, *within.dependencies)}
            yield from _walk(within.routes, before + context.prefix, asked | shared)


def _calls(dependant: Any) -> Iterator[Any]:  # noqa: ANN401  FastAPI's own
    yield dependant.call
    for each in dependant.dependencies:
        yield from _calls(each)


def _role(call: Any) -> Role | None:  # noqa: ANN401  any dependency
    """The role that a dependency made by `require` asks for."""
    if not getattr(call, "__qualname__", "").startswith("require.<locals>"):
        return None
    role: Role = inspect.getclosurevars(call).nonlocals["role"]
    return role
