"""Ids that many rows and lookups need: made by name, and in the database driver's own kind.

The driver's ids are `uuid.UUID` to everyone who asks, and equal to them. They are made, looked up
and written to the database several times as quickly, and written as JSON more slowly: say `str`.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Final
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUUID  # type: ignore[import-untyped]  # noqa: N811

_ID_BYTES: Final = 16
_VERSION_AT, _VARIANT_AT = 6, 8


def as_driver_id(key: UUID) -> UUID:
    """The same id as the driver has it."""
    found: UUID = DriverUUID(key.bytes)
    return found


def named_id(space: UUID, name: str) -> UUID:
    """The id of a name: `uuid.uuid5` in the driver's kind (RFC 9562, version 5).

    Args:
        space: the name space.
        name: what the id stands for; the same name always gives the same id.
    """
    told = sha1(space.bytes + name.encode(), usedforsecurity=False).digest()
    octets = bytearray(told[:_ID_BYTES])
    octets[_VERSION_AT] = octets[_VERSION_AT] & 0x0F | 0x50
    octets[_VARIANT_AT] = octets[_VARIANT_AT] & 0x3F | 0x80
    found: UUID = DriverUUID(bytes(octets))
    return found
