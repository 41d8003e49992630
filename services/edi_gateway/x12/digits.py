"""Reads a column of decimal numbers out of bytes at once, exactly, as whole millionths.

Eight digits fit one machine word, so a column is read with a few operations on whole arrays
instead of one call a number. Numbers of another form than digits with at most one point are not
guessed at: the answer is then None, and the plain reader says what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Words = npt.NDArray[np.uint64]
    Offsets = npt.NDArray[np.int64]
    Integers = npt.NDArray[np.int64]

WORD = 8
DECIMALS_MAX = 6
DIGITS_MAX = 7
"""Digits before the point; more go to the plain reader."""

_POINT = ord(".")
_ZEROS = np.uint64(0x3030303030303030)
_HIGH = np.uint64(0xF0F0F0F0F0F0F0F0)
_SIX = np.uint64(0x0606060606060606)
_BYTE = np.uint64(8)
_TOP = np.array([0] + [(2**64 - 1) << 8 * (WORD - n) & (2**64 - 1) for n in range(1, 9)], np.uint64)
"""Masks of the last n characters of a word."""

_PAIRS = np.uint64(0x000000FF000000FF)
_TEN, _SIXTEEN, _HALF = np.uint64(10), np.uint64(16), np.uint64(32)
_FOURS_HIGH = np.uint64(0x000F424000000064)
_FOURS_LOW = np.uint64(0x0000271000000001)


def words(cells: Bytes) -> Words:
    """Return the eight bytes from every offset on, as one little-endian word each (no copy)."""
    return np.ndarray(
        (max(len(cells) - WORD + 1, 0),), dtype="<u8", buffer=cells.data, strides=(1,)
    )


def word(text: bytes) -> np.uint64:
    """Return eight bytes as such a word."""
    return np.uint64(int.from_bytes(text, "little"))


class Numbers(NamedTuple):
    """A column of numbers as 1e-6 units, and how many digits each was written with."""

    micro_units: Integers
    digits: Offsets


def read_numbers(at: Words, begins: Offsets, ends: Offsets) -> Numbers | None:
    """Read the numbers between two columns of offsets; None when any is unusual.

    At least sixteen bytes must stand before the first number.
    """
    lengths = ends - begins
    if lengths.min() < 1 or lengths.max() > DIGITS_MAX + 1 + DECIMALS_MAX:
        return None
    tails = at[ends - WORD]
    decimals = _decimals(tails, lengths)
    digits = lengths - (decimals >= 0)
    first = int(decimals[0])
    if (decimals == first).all():
        read = _column(at, tails, ends, lengths, first)
        return None if read is None else Numbers(read, digits)
    result: Integers = np.empty(len(begins), dtype=np.int64)
    for each in np.unique(decimals).tolist():
        rows = np.flatnonzero(decimals == each)
        read = _column(at, tails[rows], ends[rows], lengths[rows], each)
        if read is None:
            return None
        result[rows] = read
    return Numbers(result, digits)


def _decimals(tails: Words, lengths: Offsets) -> npt.NDArray[np.int8]:
    """How many digits follow the point of each number; -1 when it has none within reach."""
    octets = tails.view(np.uint8).reshape(-1, WORD)
    first = bytes(octets[0])[WORD - 1 - DECIMALS_MAX :].rfind(_POINT)
    if first >= 0:
        count = DECIMALS_MAX - first
        if lengths.min() > count and (octets[:, WORD - 1 - count] == _POINT).all():
            return np.full(len(tails), count, dtype=np.int8)
    decimals = np.full(len(tails), -1, dtype=np.int8)
    for count in range(DECIMALS_MAX + 1):
        here = (octets[:, WORD - 1 - count] == _POINT) & (lengths > count)
        decimals[here & (decimals < 0)] = count
    return decimals


def _column(
    at: Words, tails: Words, ends: Offsets, lengths: Offsets, decimals: int
) -> Integers | None:
    """Read numbers that all have the same count of decimals (-1: no point)."""
    if decimals == 0:
        return None
    if decimals < 0:
        if lengths.max() > DIGITS_MAX:
            return None
        whole = _eight(tails, lengths)
        return None if whole is None else _scaled(whole, 0)
    digits = lengths - 1
    if digits.max() <= DIGITS_MAX:
        kept = _TOP[decimals]
        joined = _eight((tails & kept) | ((tails << _BYTE) & ~kept), digits)
        return None if joined is None else _scaled(joined, decimals)
    if (digits - decimals).max() > DIGITS_MAX:
        return None
    whole = _eight(at[ends - (WORD + 1 + decimals)], digits - decimals)
    fraction = _eight(tails, np.full(len(tails), decimals, dtype=np.int64))
    if whole is None or fraction is None:
        return None
    return _scaled(whole, 0) + _scaled(fraction, decimals)


def _scaled(numbers: Integers, decimals: int) -> Integers:
    """Make millionths of whole numbers that were written with so many decimals."""
    return np.multiply(numbers, int(10 ** (DECIMALS_MAX - decimals)), dtype=np.int64)


def _eight(text: Words, lengths: Offsets) -> Integers | None:
    """Read the last `lengths` characters of each word as a number; None when one is no digit."""
    kept = _TOP[lengths]
    text = (text & kept) | (_ZEROS & ~kept)
    if ((text & _HIGH) != _ZEROS).any() or (((text + _SIX) & _HIGH) != _ZEROS).any():
        return None
    value = text - _ZEROS
    value = value * _TEN + (value >> _BYTE)
    value = (value & _PAIRS) * _FOURS_HIGH + ((value >> _SIXTEEN) & _PAIRS) * _FOURS_LOW
    return (value >> _HALF).astype(np.int64)
