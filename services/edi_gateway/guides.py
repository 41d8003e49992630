"""Which guide reads what a utility sends, and how forgiving it is read: both from its profile."""

from __future__ import annotations

from functools import lru_cache

from services.edi_gateway.profile import UtilityProfile
from services.edi_gateway.x12 import Guide, Policy, edition_for, load_guide


def guide_of(profile: UtilityProfile) -> Guide:
    """Return a utility's guide under its policy."""
    return _guide(profile.guide, profile.reading.policy)


def group_guide_of(profile: UtilityProfile, functional_id: str, version: str) -> Guide:
    """Return the guide that reads a group of this utility: older versions have their own."""
    return edition_for(guide_of(profile), functional_id, version)


@lru_cache(maxsize=64)
def _guide(name: str, policy: Policy) -> Guide:
    return load_guide(name).under(policy)
