"""Who may come in: API tokens for people and programs, public keys for utilities' mailboxes.

A token is shown once, when it is made; only a slow hash of its secret is kept, so a copy of the
database opens nothing. A partner's key is public and kept as it is.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Final
from uuid import UUID, uuid4

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Row, insert, select, update

from services.edi_gateway.store import api_token, partner_key
from shared.platform.database import ReadSession, WriteSession
from shared.platform.refusals import Refusal
from shared.platform.web.identity import Role

TOKEN_MARK: Final = "ccax"  # noqa: S105  the visible first word of every token, no secret
SECRET_BYTES: Final = 32
NAME_CHARS_MAX: Final = 80
TOKEN_CHARS_MAX: Final = 200
KEY_CHARS_MAX: Final = 1_000
KEY_TYPE: Final = "ssh-ed25519"
KEY_BYTES: Final = 32

# The secret is 256 random bits, so guessing is hopeless whatever the hash costs; OWASP's lower
# memory setting keeps a burst of sign-ins from taking the machine's memory.
HASHER: Final = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))

_TOKEN: Final = re.compile(rf"{TOKEN_MARK}_([0-9a-f]{{32}})_([A-Za-z0-9_-]{{20,100}})")


class UnknownToken(Refusal):
    """No token has this id or name."""

    code: ClassVar[str] = "unknown_token"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such token"


class TokenNameTaken(Refusal):
    """Another token, perhaps a revoked one, has this name; the ledger must stay unambiguous."""

    code: ClassVar[str] = "token_name_taken"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another token has this name"


class TokenNotAllowed(Refusal):
    """The wanted token makes no sense: no name, no CCA at all, or already expired."""

    code: ClassVar[str] = "token_not_allowed"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "Such a token cannot be made"


class KeyNotUsable(Refusal):
    """The text is no Ed25519 public key in OpenSSH's form."""

    code: ClassVar[str] = "key_not_usable"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This is not an Ed25519 public key"


class KeyAlreadyThere(Refusal):
    """The utility has this key already."""

    code: ClassVar[str] = "key_already_there"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The utility has this key already"


class UnknownKey(Refusal):
    """The utility has no such key, or it was revoked before."""

    code: ClassVar[str] = "unknown_key"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "The utility has no such key"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token as lists show it: everything but its secret."""

    id: UUID
    name: str
    role: Role
    ccas: tuple[str, ...] | None
    created_at: datetime
    expires_on: date | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    service_account: bool

    def is_good(self, on: date) -> bool:
        """Whether it opens anything on this day; the day it expires on is its last."""
        return self.revoked_at is None and (self.expires_on is None or on <= self.expires_on)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; `plain` is not kept anywhere and cannot be shown again."""

    row: TokenRow
    plain: str


TOKEN_COLUMNS = tuple(api_token.c[name] for name in TokenRow.__slots__)


def as_token(row: Row[tuple[object, ...]]) -> TokenRow:
    """Read a row of `TOKEN_COLUMNS`."""
    fields = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
    fields["role"] = Role(fields["role"])
    fields["ccas"] = None if fields["ccas"] is None else tuple(fields["ccas"])
    return TokenRow(**fields)


def split_token(plain: str) -> tuple[UUID, str] | None:
    """Return a token's id and secret, or None when the text is no token at all."""
    found = _TOKEN.fullmatch(plain) if len(plain) <= TOKEN_CHARS_MAX else None
    return (UUID(hex=found[1]), found[2]) if found else None


async def create_token(
    session: WriteSession,
    *,
    name: str,
    role: Role,
    at: datetime,
    ccas: tuple[str, ...] | None = None,
    expires_on: date | None = None,
    service_account: bool = False,
) -> NewToken:
    """Make a token; its plain text is in the answer and nowhere else.

    `ccas` are the CCAs its bearer may see, None for every CCA; `expires_on` is its last day.

    Raises:
        TokenNameTaken: a token of this name exists or existed.
        TokenNotAllowed: no name, an empty list of CCAs, or a last day that has passed.
    """
    name = name.strip()
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise TokenNotAllowed(f"A token needs a name of 1 to {NAME_CHARS_MAX} printable letters.")
    if ccas is not None and not ccas:
        raise TokenNotAllowed("A token for no CCA at all would see nothing.")
    if expires_on is not None and expires_on < at.date():
        raise TokenNotAllowed(f"The last day {expires_on} has passed.")
    if await session.scalar(select(api_token.c.id).where(api_token.c.name == name)):
        raise TokenNameTaken(f"There is or was a token named {name}; choose another name.")
    secret, token_id = secrets.token_urlsafe(SECRET_BYTES), uuid4()
    secret_hash = await asyncio.to_thread(HASHER.hash, secret)
    row = TokenRow(
        id=token_id,
        name=name,
        role=role,
        ccas=ccas,
        created_at=at,
        expires_on=expires_on,
        revoked_at=None,
        last_used_at=None,
        service_account=service_account,
    )
    await session.execute(
        insert(api_token).values(
            id=token_id,
            name=name,
            role=role.value,
            ccas=None if ccas is None else list(ccas),
            secret_hash=secret_hash,
            created_at=at,
            expires_on=expires_on,
            service_account=service_account,
        )
    )
    return NewToken(row, f"{TOKEN_MARK}_{token_id.hex}_{secret}")


async def list_tokens(session: ReadSession) -> tuple[TokenRow, ...]:
    """Return every token that was ever made, oldest first."""
    rows = await session.execute(select(*TOKEN_COLUMNS).order_by(api_token.c.created_at))
    return tuple(as_token(row) for row in rows)


async def revoke_token(session: WriteSession, token: UUID | str, at: datetime) -> TokenRow:
    """End a token, by its id or name, for ever; ending it again changes nothing.

    Other processes that have just used it may let it in for one more minute.

    Raises:
        UnknownToken: there is none.
    """
    which = api_token.c.id == token if isinstance(token, UUID) else api_token.c.name == token
    await session.execute(
        update(api_token).where(which, api_token.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    row = (await session.execute(select(*TOKEN_COLUMNS).where(which))).one_or_none()
    if row is None:
        raise UnknownToken(f"No token {token}.")
    return as_token(row)


@dataclass(frozen=True, slots=True)
class PartnerKey:
    """One public key that opens a utility's mailbox."""

    id: UUID
    utility: str
    public_key: str
    fingerprint: str
    comment: str
    added_at: datetime
    revoked_at: datetime | None


KEY_COLUMNS = tuple(partner_key.c[name] for name in PartnerKey.__slots__)


def read_public_key(text: str) -> tuple[str, str, str]:
    """Check a line of OpenSSH's public key form (RFC 4253 section 6.6, RFC 8709).

    Returns:
        The key without its comment, its SHA-256 fingerprint as `ssh-keygen -l` prints it, and the
        comment.

    Raises:
        KeyNotUsable: it is a private key, another kind of key, or damaged.
    """
    text = text.strip()
    if "PRIVATE KEY" in text:
        raise KeyNotUsable("This is a private key: keep it secret and add the .pub file instead.")
    words = text.split(maxsplit=2)
    if len(text) > KEY_CHARS_MAX or "\n" in text or len(words) < 2:  # noqa: PLR2004  type and key
        raise KeyNotUsable(f"One line is needed: {KEY_TYPE} AAAA… comment.")
    if words[0] != KEY_TYPE:
        raise KeyNotUsable(f"The key is {words[0][:40]}; only {KEY_TYPE} is accepted.")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raise KeyNotUsable("The key is damaged: it is not base64.") from None
    head = len(KEY_TYPE).to_bytes(4, "big") + KEY_TYPE.encode() + KEY_BYTES.to_bytes(4, "big")
    if not blob.startswith(head) or len(blob) != len(head) + KEY_BYTES:
        raise KeyNotUsable("The key is damaged: it does not hold 32 bytes of an Ed25519 key.")
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    comment = words[2] if len(words) > 2 else ""  # noqa: PLR2004  the third word
    return f"{KEY_TYPE} {words[1]}", f"SHA256:{digest}", comment


async def add_partner_key(
    session: WriteSession, utility: str, text: str, at: datetime
) -> PartnerKey:
    """Let the holder of a key into a utility's mailbox; a revoked key may be added anew.

    Raises:
        KeyNotUsable: the text is no Ed25519 public key.
        KeyAlreadyThere: the utility has it.
    """
    public_key, fingerprint, comment = read_public_key(text)
    held = (
        await session.execute(
            select(*KEY_COLUMNS).where(
                partner_key.c.utility == utility, partner_key.c.fingerprint == fingerprint
            )
        )
    ).one_or_none()
    if held is not None and held.revoked_at is None:
        raise KeyAlreadyThere(f"{utility.upper()} has {fingerprint} already.")
    key_id = held.id if held is not None else uuid4()
    values = {"comment": comment, "added_at": at, "revoked_at": None}
    if held is None:
        await session.execute(
            insert(partner_key).values(
                id=key_id, utility=utility, public_key=public_key, fingerprint=fingerprint, **values
            )
        )
    else:
        await session.execute(
            update(partner_key).where(partner_key.c.id == key_id).values(**values)
        )
    return PartnerKey(key_id, utility, public_key, fingerprint, comment, at, None)


async def list_partner_keys(
    session: ReadSession, utility: str | None = None
) -> tuple[PartnerKey, ...]:
    """Return all keys, revoked ones too, oldest first."""
    query = select(*KEY_COLUMNS).order_by(partner_key.c.utility, partner_key.c.added_at)
    if utility is not None:
        query = query.where(partner_key.c.utility == utility)
    return tuple(PartnerKey(*row) for row in await session.execute(query))


async def revoke_partner_key(
    session: WriteSession, utility: str, fingerprint: str, at: datetime
) -> PartnerKey:
    """Keep the holder of a key out of a utility's mailbox from now on.

    Raises:
        UnknownKey: the utility has no such key.
    """
    row = (
        await session.execute(
            update(partner_key)
            .where(
                partner_key.c.utility == utility,
                partner_key.c.fingerprint == fingerprint,
                partner_key.c.revoked_at.is_(None),
            )
            .values(revoked_at=at)
            .returning(*KEY_COLUMNS)
        )
    ).one_or_none()
    if row is None:
        raise UnknownKey(f"{utility.upper()} has no key {fingerprint} that is in force.")
    return PartnerKey(*row)


async def authorized_keys(session: ReadSession | WriteSession, utility: str) -> list[str]:
    """Return the keys that open a utility's mailbox now, as lines of an authorized_keys file."""
    rows = await session.scalars(
        select(partner_key.c.public_key)
        .where(partner_key.c.utility == utility, partner_key.c.revoked_at.is_(None))
        .order_by(partner_key.c.added_at)
    )
    return list(rows)
