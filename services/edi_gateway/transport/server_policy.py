"""Sets how much one partner may take from our SFTP server, and whom to call when files move.

Limits are named here, in one place, so that an operator can read them and a test can lower them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

FILE_BYTES_MAX = 1024**3
"""Largest file a partner may upload."""
OPEN_HANDLES_MAX = 64
"""Files one session may have open at once."""
CONNECTIONS_PER_PARTNER_MAX = 8
CONNECTIONS_MAX = 200
"""Connections at once, logged in or not."""
STRANGERS_PER_ADDRESS_MAX = 32
"""Connections from one address that have not proved a key yet: one flood must not shut out all."""
FREE_BYTES_MIN = 512 * 1024**2
"""Disk space below which no new upload begins: the archive and the database need it."""
LOGIN_GRACE_S = 20.0
KEEPALIVE_S = 30.0
KEEPALIVE_MISSES_MAX = 3

AuthorizedKeys = Callable[[str], Awaitable[list[str]]]
"""Asks for the public keys (OpenSSH lines) that open a utility's mailbox at this moment."""


async def _no_path_hook(_partner: str, _path: Path) -> None:
    """Nothing to do."""


async def _no_name_hook(_partner: str, _name: str) -> None:
    """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What to call when something happened in a mailbox.

    Hooks are nudges: they run beside the partner's session, their failures are logged, and the
    mailbox stays the truth for whoever missed one.

    Attributes:
        on_closed: a file was uploaded and closed in good order; it is at this path.
        on_renamed: a file in inbound got another name; it is at this path.
        on_picked_up: the partner removed this file from outbound.
    """

    on_closed: Callable[[str, Path], Awaitable[None]] = _no_path_hook
    on_renamed: Callable[[str, Path], Awaitable[None]] = _no_path_hook
    on_picked_up: Callable[[str, str], Awaitable[None]] = _no_name_hook


@dataclass(frozen=True, slots=True)
class Limits:
    """What one partner, one session and one address may take; sizes in bytes, times in seconds."""

    file_bytes: int = FILE_BYTES_MAX
    open_handles: int = OPEN_HANDLES_MAX
    connections_per_partner: int = CONNECTIONS_PER_PARTNER_MAX
    connections: int = CONNECTIONS_MAX
    strangers_per_address: int = STRANGERS_PER_ADDRESS_MAX
    free_bytes: int = FREE_BYTES_MIN
    login_grace_s: float = LOGIN_GRACE_S
    keepalive_s: float = KEEPALIVE_S
