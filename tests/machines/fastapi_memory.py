"""FastAPI reads a route once a process, however many applications the route is part of.

FastAPI finds out from a function's signature what a request must bring, and does so again for every
application, and for every router on the way to it. A service builds one application in its life and
does not notice; the tests build a thousand of the same routes, and a third of their time went into
it. What is found out depends on nothing but the source, so it is remembered.

One thing FastAPI remembers by itself, whether a function is a generator, a coroutine or neither;
but by the function and not by its source, so that its memory keeps dozens of applications alive
which no test uses any more, for the garbage collector to walk through.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from fastapi import routing
from fastapi.dependencies import models, utils

Key = tuple[object, ...]

KINDS = (
    "_is_gen_callable_cached",
    "_is_async_gen_callable_cached",
    "_is_coroutine_callable_cached",
)


class Identified(Protocol):
    """A function, as FastAPI's own memory names it."""

    @property
    def call(self) -> Callable[..., Any]:
        """The function."""


def remember(patch: pytest.MonkeyPatch) -> None:
    """Let FastAPI remember signatures, parameters and answers as long as the patch lasts."""
    for place, name, key_of in (
        (utils, "_get_signature", _of_function),
        (utils, "analyze_param", _of_parameter),
        (routing, "create_model_field", _of_answer),
    ):
        patch.setattr(place, name, _remembering(getattr(place, name), key_of))
    for name in KINDS:
        find_out = getattr(models, name).__wrapped__
        patch.setattr(models, name, _remembering(find_out, _of_identified))


def _remembering(
    find_out: Callable[..., Any], key_of: Callable[..., Key | None]
) -> Callable[..., Any]:
    """The same function, asked once for each key; a key of None stands for no other call."""
    # What a key tells by its id is kept with it: the id of a thing that is gone may come again.
    known: dict[Key, tuple[Any, object]] = {}

    def answer(*args: Any, **named: Any) -> Any:  # noqa: ANN401  what the function takes and gives
        key = key_of(*args, **named)
        if key is None:
            return find_out(*args, **named)
        if key not in known:
            known[key] = (find_out(*args, **named), (args, named))
        return known[key][0]

    return answer


def _of_function(call: Callable[..., Any]) -> Key | None:
    """Functions made of one piece of source with the same defaults have the same signature."""
    if not inspect.isfunction(call) or hasattr(call, "__wrapped__"):
        return None
    defaults = (*(call.__defaults__ or ()), *(call.__kwdefaults__ or {}).values())
    return (id(call.__code__), *(id(default) for default in defaults))


def _of_identified(identity: Identified) -> Key | None:
    return _of_function(identity.call)


def _of_parameter(
    *, param_name: str, annotation: object, value: object, path_param_names: set[str]
) -> Key:
    """A signature that is remembered has the same annotations each time."""
    return (param_name, id(annotation), id(value), frozenset(path_param_names))


def _of_answer(*, name: str, type_: object, mode: str) -> Key:
    return (name, id(type_), mode)
