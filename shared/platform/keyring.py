"""Keeps numbers that must not be read from a stolen disk or backup: bank accounts above all.

What is sealed is encrypted with AES-256-GCM under the newest key of a key file that lies outside
the database, and carries that key's id, so that keys can be changed while older rows are still
open. The purpose and the row are bound in: a sealed value copied to another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.platform.settings import PlatformSettings

KEY_FILE: Final = "data.keys"
"""Its name in the data folder, where no other place was given."""

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
ID_BYTES: Final = 4
OWNER_ONLY: Final = 0o600


class KeyFault(Exception):
    """The key file is damaged, or lacks the key that something was sealed with."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted value and the id of its key, as two columns keep them."""

    key_id: str
    content: bytes


class Keyring:
    """The keys of one installation, oldest first; the last one seals.

    Args:
        keys: id → 32 bytes, in the order of the file; at least one.

    Raises:
        KeyFault: there is no key.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise KeyFault("the key file holds no key")
        self._keys = dict(keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, oldest first."""
        return tuple(self._keys)

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return self.ids[-1]

    def seal(self, plain: bytes, bound_to: str) -> Sealed:
        """Encrypt under the newest key.

        Args:
            plain: what must not be read.
            bound_to: what it belongs to, e.g. `bank_account <id>`; needed to open it again.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._sealing(self.newest)).encrypt(nonce, plain, bound_to.encode())
        return Sealed(self.newest, nonce + sealed)

    def open(self, sealed: Sealed, bound_to: str) -> bytes:
        """Decrypt.

        Raises:
            KeyFault: the key is not there, the value was changed, or it belongs elsewhere.
        """
        nonce, content = sealed.content[:NONCE_BYTES], sealed.content[NONCE_BYTES:]
        try:
            key = self._sealing(sealed.key_id)
            return AESGCM(key).decrypt(nonce, content, bound_to.encode())
        except (InvalidTag, ValueError) as fault:
            raise KeyFault(f"{bound_to}: the sealed value does not open") from fault

    def prints(self, plain: bytes) -> tuple[bytes, ...]:
        """Fingerprints to look a sealed value up by, one for each key, newest first.

        Without the keys nobody can try numbers out against them, as with a plain hash.
        """
        return tuple(
            hmac.digest(self._derived(key_id, b"print"), plain, "sha256")
            for key_id in reversed(self.ids)
        )

    def _sealing(self, key_id: str) -> bytes:
        return self._derived(key_id, b"seal")

    def _derived(self, key_id: str, purpose: bytes) -> bytes:
        """One key for each purpose, all from the one that is kept."""
        if key_id not in self._keys:
            raise KeyFault(f"the key file lacks the key {key_id}")
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"ccax " + purpose).derive(
            self._keys[key_id]
        )


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Where the keys are: a line for each, `<id> <base64 of 32 bytes>`, newest last.

    It is read again for every use, so that a key that was added is known to running services.

    Attributes:
        path: the file.
        is_given: it was put there by whoever set the installation up, and is never made here: a
            secret that is not mounted must not be replaced by another key.
    """

    path: Path
    is_given: bool = False

    def ring(self) -> Keyring:
        """Read the keys; the file is made with a first key when there is none.

        Raises:
            KeyFault: a line is damaged, or a file that was given is not there.
        """
        if not self.path.exists():
            if self.is_given:
                raise KeyFault(f"the key file {self.path} is not there")
            self._make()
        keys: dict[str, bytes] = {}
        for number, line in enumerate(self.path.read_text(encoding="ascii").splitlines(), 1):
            if line.strip():
                key_id, key = _parsed(line, f"{self.path}, line {number}")
                keys[key_id] = key
        return Keyring(keys)

    def add(self) -> Keyring:
        """Make a new key; from now on it seals, and the older ones only open.

        Raises:
            OSError: the file may not be written here, e.g. because it is a mounted secret.
        """
        self.ring()
        kept = self.path.read_text(encoding="ascii")
        with self.path.open("a", encoding="ascii") as stream:
            stream.write(_new_line() if kept.endswith("\n") else f"\n{_new_line()}")
        return self.ring()

    def _make(self) -> None:
        """Make the file with its first key, so that nobody ever sees half of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.{secrets.token_hex(ID_BYTES)}")
        fresh.touch(mode=OWNER_ONLY)
        fresh.write_text(_new_line(), encoding="ascii")
        with suppress(FileExistsError):  # another process was first: its key is the key
            self.path.hardlink_to(fresh)
        fresh.unlink()


def key_file_of(settings: PlatformSettings) -> KeyFile:
    """Return where this installation keeps its keys."""
    given = settings.data_keys_file
    return KeyFile(given or settings.data_dir / KEY_FILE, is_given=given is not None)


def _new_line() -> str:
    """A line with a new key; its id is drawn from the key itself, so it names that key alone."""
    key = secrets.token_bytes(KEY_BYTES)
    return f"{_id_of(key)} {base64.b64encode(key).decode()}\n"


def _id_of(key: bytes) -> str:
    return sha256(b"ccax key id" + key).hexdigest()[: 2 * ID_BYTES]


def _parsed(line: str, place: str) -> tuple[str, bytes]:
    key_id, _, encoded = line.strip().partition(" ")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise KeyFault(f"{place} holds no key") from fault
    if len(key) != KEY_BYTES or key_id != _id_of(key):
        raise KeyFault(f"{place} does not hold a key of {KEY_BYTES} bytes with its own id")
    return key_id, key
