"""A business "no" that was expected: an unknown account, a wrong date, a file too large.

A refusal is neither a fault of ours nor bad data in a partner's file: it has a stable code that
people and programs can look up, and a status for the API. Everything else that is raised is a
fault and is never caught below the edge.
"""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import ValidationError

WRONG_FIELDS_MAX: Final = 10
"""Fields told of at once: a file of another kind breaks every rule there is."""


class Refusal(Exception):
    """Root of all refusals; each is defined beside the use case that raises it.

    Attributes:
        code: stable name, e.g. `unknown_account`; never changes once published.
        status: HTTP status the API answers with.
        title: a short sentence that is the same for every occurrence.
        detail: what happened this time, in words for a person.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str = "") -> None:
        self.detail = detail or self.title
        super().__init__(self.detail)


def wrong_words(wrong: ValidationError) -> str:
    """What somebody gave that breaks a model's rules, in words: each field and its rule."""
    found = wrong.errors(include_url=False, include_context=False, include_input=False)
    told = [_field_words(one["loc"], one["msg"]) for one in found[:WRONG_FIELDS_MAX]]
    more = len(found) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _field_words(place: tuple[int | str, ...], rule: str) -> str:
    words = rule.removeprefix("Value error, ")
    return f"{'.'.join(str(step) for step in place)}: {words}" if place else words
