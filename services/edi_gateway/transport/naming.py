"""Decides what a file name in a mailbox means: finished, half-written, a second of its name.

Utilities upload under any name, directly or through a temporary name. The server and the folder
reader must agree on every name, so the rules are written once, here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

NAME_MAX_BYTES = 200
"""Room is left, below the usual 255 bytes, for our own prefix and suffix."""

SAME_NAME_MAX = 10_000
"""Files of one name that may wait at once before the next is refused."""

PARTNER = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
TEMPORARY_SUFFIXES = (".part", ".filepart", ".tmp", ".swp")
_UPLOAD = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.upload", re.DOTALL)
_OWN_SUFFIX = ".part"
_OWN = re.compile(r"\..+\.[0-9a-f]{16}\.part", re.DOTALL)
_VERSION = re.compile(r"(?P<name>.+)\.~(?P<version>[0-9]{1,5})~", re.DOTALL)
_FIRST_PRINTABLE = 0x20
_DELETE = 0x7F


@dataclass(frozen=True, slots=True)
class Version:
    """A finished file: the partner's name for it, and which of that name it is (1, 2, …)."""

    name: str
    number: int


def is_partner(key: str) -> bool:
    """Whether the key may name a mailbox (and therefore a folder)."""
    return PARTNER.fullmatch(key) is not None


def is_temporary(name: str) -> bool:
    """Whether the name says "not finished": `.part`, `.filepart`, `.tmp`, `.swp`, a dotfile."""
    return name.startswith(".") or name.lower().endswith(TEMPORARY_SUFFIXES)


def is_acceptable(name: str) -> bool:
    """Whether a file may be created under this name, finished or temporary."""
    return (
        0 < len(name.encode("utf-8", "surrogateescape")) <= NAME_MAX_BYTES
        and not name.startswith(".")
        and not any(ord(char) < _FIRST_PRINTABLE or ord(char) == _DELETE for char in name)
        and "/" not in name
        and "\\" not in name
        and _VERSION.fullmatch(name) is None
    )


def upload_name(name: str) -> str:
    """A hidden, unique name for bytes that are on their way to `name`."""
    return f".{name}.{secrets.token_hex(8)}.upload"


def own_hidden_name(name: str) -> str:
    """A hidden, unique name for bytes that we ourselves are putting under `name`."""
    return f".{name}.{secrets.token_hex(8)}{_OWN_SUFFIX}"


def is_own_leftover(entry: str) -> bool:
    """Whether the entry is a file we are writing, or were when a copy of the gateway died."""
    return _OWN.fullmatch(entry) is not None


def name_of_upload(entry: str) -> str | None:
    """The name an upload was on its way to, or None when the entry is no upload."""
    match = _UPLOAD.fullmatch(entry)
    return match["name"] if match else None


def version_of(entry: str) -> Version:
    """The partner's name and the version a finished entry stands for."""
    match = _VERSION.fullmatch(entry)
    return Version(match["name"], int(match["version"])) if match else Version(entry, 1)


def entries_for(name: str) -> Iterator[str]:
    """The entries that may hold a finished file of that name, in order of preference."""
    yield name
    for number in range(2, SAME_NAME_MAX + 1):
        yield f"{name}.~{number}~"
