"""Finds out what kind of bank file it is, and has it read.

Whatever the file is called: a bank's portal names downloads as it likes, so the first record tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.remittance.bank import bai2_file, camt053, ctx
from services.remittance.bank.statement import FileFormat, Statement, UnreadableFile, dollars

FILE_BYTES_MAX: Final = 16 * 1024 * 1024
CENTS_MAX: Final = 10**15
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def format_of(data: bytes) -> FileFormat:
    """Tell the kind of a file by how it begins.

    Raises:
        UnreadableFile: it is empty, too large, or begins like none of the kinds.
    """
    if len(data) > FILE_BYTES_MAX:
        raise UnreadableFile(
            f"the file has {len(data):,} bytes; at most {FILE_BYTES_MAX:,} are read"
        )
    begins = data.removeprefix(BYTE_ORDER_MARK).lstrip()[:3]
    if begins.startswith(b"<"):
        return FileFormat.CAMT053
    if begins == b"01,":
        return FileFormat.BAI2
    if begins == b"101":
        return FileFormat.CTX
    raise UnreadableFile(
        "The file begins neither like BAI2 (01,), nor CAMT.053 (XML), nor NACHA (101)."
    )


def read_file(data: bytes) -> tuple[FileFormat, tuple[Statement, ...]]:
    """Read a file of any kind.

    Returns:
        Its kind and its statements; those with `held_for` must not move anything.

    Raises:
        UnreadableFile: no statement can be made of it.
    """
    kind = format_of(data)
    statements = camt053.read(data) if kind is FileFormat.CAMT053 else _read_text(kind, data)
    for statement in statements:
        _check_amounts(statement)
    return kind, statements


def _read_text(kind: FileFormat, data: bytes) -> tuple[Statement, ...]:
    try:
        text = data.removeprefix(BYTE_ORDER_MARK).decode("ascii")
    except UnicodeDecodeError as fault:
        raise UnreadableFile(f"{kind.value}: byte {fault.start + 1} is no ASCII letter") from fault
    readers: dict[FileFormat, Callable[[str], tuple[Statement, ...]]] = {
        FileFormat.BAI2: bai2_file.read,
        FileFormat.CTX: ctx.read,
    }
    return readers[kind](text)


def _check_amounts(statement: Statement) -> None:
    """Stop at an amount that no account of a CCA ever had: the file is damaged."""
    amounts = [statement.opening_cents or 0, statement.closing_cents or 0, statement.moved_cents]
    amounts += [movement.cents for movement in statement.movements]
    amounts += [problem.difference_cents for problem in statement.held_for]
    most = max(amounts, key=abs)
    if abs(most) > CENTS_MAX:
        raise UnreadableFile(f"The amount {dollars(most)} is beyond all reason.")
