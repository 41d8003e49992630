"""What every page of the workbench has in common: whose money, who asks, and how forms are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response

from services.remittance.receivables import Scope
from services.remittance.workbench.desk import Workbench
from shared.platform.web.identity import NotAllowed, Principal, Role
from shared.platform.web.scopes import KnownCca, chosen, open_to
from shared.platform.web.shell import shell_of

PATH: Final = "/reconcile/"
SEE_OTHER: Final = 303
FIELDS_MAX: Final = 1_000


class BadForm(Exception):
    """The form cannot be read; its words are for whoever filled it in."""


@dataclass(frozen=True, slots=True)
class Room:
    """Whose money a page is about, and who asks."""

    request: Request
    principal: Principal
    cca: KnownCca
    scope: Scope

    def page(self, template: str, values: dict[str, Any], status: int = 200) -> Response:
        """Return a page about it."""
        frame = {
            "cca": self.cca,
            "ccas": open_to(self.principal),
            "may_act": self.principal.may(Role.FINANCE),
            "who": self.principal.name,
        }
        return shell_of(self.request).page(
            self.request,
            f"remittance/{template}",
            frame | values,
            principal=self.principal,
            status=status,
        )


def room_of(
    desk: Workbench, request: Request, principal: Principal, cca: str, utility: str = ""
) -> Room:
    """The CCA that is asked for; without a name the first one open, at the utility if one is."""
    open_ones = chosen(principal, cca or None)
    if not open_ones:
        raise NotAllowed(f"The token {principal.name} opens no CCA that we trade for.")
    at_utility = [one for one in open_ones if one.utility == utility]
    one = (at_utility or list(open_ones))[0]
    return Room(request, principal, one, Scope(one.cca, one.utility, desk.environment))


async def said_in(request: Request, principal: Principal) -> dict[str, str]:
    """Return what a form of this session says.

    Raises:
        ForeignForm: it is not from one of this session's own pages.
    """
    async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
        shell_of(request).sessions.check_form(principal, form)
        return {name: str(value).strip() for name, value in form.items()}


def key_of(said: dict[str, str]) -> str:
    """Return the key by which a form that is sent twice is known.

    Raises:
        BadForm: it has none, so it is not one of ours.
    """
    if not said.get("key"):
        raise BadForm("The form is damaged; load the page again.")
    return said["key"][:80]
