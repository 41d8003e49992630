"""Who we trade with: how each utility names itself, writes its files and means its codes.

A utility is one folder of data (`shared/partners/<utility>/profile.toml`), the CCAs are one list
and we ourselves are one file. Everything is checked when it is loaded, so that a wrong value stops
the start of the service, with the file and the field in the message, and not a bill at night.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from services.edi_gateway.profile import (
    Cca,
    Identities,
    PartnerData,
    TradingPartner,
    UtilityProfile,
)
from shared.contracts.parts import Environment, Text

PARTNERS_FOLDER: Final = Path(__file__).parents[2] / "shared" / "partners"
PROFILE_FILE: Final = "profile.toml"
CCAS_FILE: Final = "ccas.toml"
BACK_OFFICE_FILE: Final = "back_office.toml"


class PartnerFileError(Exception):
    """A partner file cannot be used; the message names the file, the field and what is wrong."""


class UnknownPartnerError(LookupError):
    """No file of ours describes this utility or CCA."""


class BackOffice(PartnerData):
    """Our own name and envelope identity."""

    name: Text
    identity: Identities


class _CcaFile(PartnerData):
    cca: tuple[Cca, ...]


class PartnerBook(PartnerData):
    """All trading partners, with the look-ups that the gateway makes."""

    own: BackOffice
    utilities: tuple[UtilityProfile, ...]
    ccas: tuple[Cca, ...]

    @cached_property
    def _partners(self) -> dict[str, TradingPartner]:
        return {
            profile.code: TradingPartner(
                profile=profile,
                ccas=tuple(cca for cca in self.ccas if cca.utility == profile.code),
            )
            for profile in self.utilities
        }

    def partner(self, utility: str) -> TradingPartner:
        """Return a utility and its CCAs.

        Raises:
            UnknownPartnerError: there is no folder of that name.
        """
        try:
            return self._partners[utility]
        except KeyError:
            raise UnknownPartnerError(f"no utility {utility!r}") from None

    def utility(self, code: str) -> UtilityProfile:
        """Return a utility's profile.

        Raises:
            UnknownPartnerError: there is no folder of that name.
        """
        return self.partner(code).profile

    def cca(self, code: str) -> Cca:
        """Return a CCA by its short name.

        Raises:
            UnknownPartnerError: `ccas.toml` does not list it.
        """
        for cca in self.ccas:
            if cca.code == code:
                return cca
        raise UnknownPartnerError(f"no CCA {code!r}")

    def by_sender(
        self, qualifier: str, isa_id: str, environment: Environment
    ) -> UtilityProfile | None:
        """Return the utility that ISA05 and ISA06 name, or None when we do not trade with it.

        A DUNS is recognised with lost leading zeros and, if the profile says so, as DUNS+4.
        """
        for profile in self.utilities:
            if profile.signs_as(profile.identity.in_(environment), qualifier, isa_id):
                return profile
        return None

    def is_own(self, qualifier: str, isa_id: str, environment: Environment) -> bool:
        """Tell whether ISA07 and ISA08 name us."""
        own = self.own.identity.in_(environment)
        return (qualifier.strip(), isa_id.strip()) == (own.isa_qualifier, own.isa_id)

    def cca_by_duns(self, duns: str, utility: str) -> Cca | None:
        """Return the CCA that `utility` names by this DUNS, or None when it serves none such."""
        partner = self._partners.get(utility)
        return partner.cca_by_duns(duns) if partner else None


def load_partners(folder: Path | None = None) -> PartnerBook:
    """Read and check every partner file under `folder` (by default the ones shipped with us).

    Raises:
        PartnerFileError: a file is missing, is not TOML, or holds a wrong value; the message names
            the file and the field.
    """
    root = folder or PARTNERS_FOLDER
    profiles = tuple(_load_profiles(root))
    listed = _load(root / CCAS_FILE, _CcaFile).cca
    _check_ccas(root / CCAS_FILE, listed, {profile.code for profile in profiles})
    return PartnerBook(
        own=_load(root / BACK_OFFICE_FILE, BackOffice), utilities=profiles, ccas=listed
    )


def _load_profiles(root: Path) -> Iterator[UtilityProfile]:
    seen: dict[str, str] = {}
    paths = sorted(root.glob(f"*/{PROFILE_FILE}"))
    if not paths:
        raise PartnerFileError(f"{root}: no utility has a folder with a {PROFILE_FILE} here")
    for path in paths:
        profile = _load(path, UtilityProfile)
        if profile.code != path.parent.name:
            raise PartnerFileError(f"{path}: code: {profile.code!r} is not the folder's name")
        if profile.duns in seen:
            raise PartnerFileError(f"{path}: duns: {profile.duns} is {seen[profile.duns]}'s too")
        seen[profile.duns] = profile.code
        yield profile


def _check_ccas(path: Path, ccas: tuple[Cca, ...], utilities: set[str]) -> None:
    codes: set[str] = set()
    numbers: set[tuple[str, str]] = set()
    for place, cca in enumerate(ccas):
        if cca.utility not in utilities:
            raise PartnerFileError(f"{path}: cca.{place}.utility: no utility {cca.utility!r}")
        if cca.code in codes:
            raise PartnerFileError(f"{path}: cca.{place}.code: {cca.code!r} is listed twice")
        if (cca.utility, cca.duns) in numbers:
            raise PartnerFileError(f"{path}: cca.{place}.duns: {cca.duns} is listed twice")
        codes.add(cca.code)
        numbers.add((cca.utility, cca.duns))


DataT = TypeVar("DataT", bound=PartnerData)


def _load(path: Path, model: type[DataT]) -> DataT:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PartnerFileError(f"{path}: the file is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PartnerFileError(f"{path}: not a TOML file: {error}") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(step) for step in item['loc']) or '(whole file)'}: {item['msg']}"
            for item in error.errors()
        )
        raise PartnerFileError(f"{path}: {wrong}") from error
