"""How columns are declared: the words that all tables of remittance are made of."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, DateTime, Text

SCOPE_COLUMNS: Final = ("cca", "utility", "environment")


def scope() -> tuple[Column[str], ...]:
    """Whose money a row is about.

    It stands behind the business key in indexes: a table has few scopes and many numbers, and an
    index that begins with the scope is chosen wrongly while a fresh table has no statistics.
    """
    return tuple(word(name) for name in SCOPE_COLUMNS)


def word(name: str, *, nullable: bool = False) -> Column[str]:
    """A text: PostgreSQL gains nothing from limits of length, which contracts set."""
    return Column(name, Text, nullable=nullable)


def cents(name: str, *, nullable: bool = False) -> Column[int]:
    """An amount of money."""
    return Column(name, BigInteger, nullable=nullable)


def day(name: str, *, nullable: bool = False) -> Column[object]:
    """A day of the books, the bank or the utility."""
    return Column(name, Date, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> Column[object]:
    """An instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
