"""How columns are declared: the words that the tables of all services are made of."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, DateTime, Identity, Text

SCOPE_COLUMNS: Final = ("cca", "utility", "environment")
"""Whose a row is. They come last in indexes: in front, they would tempt the planner to read a whole
CCA while a new table has no statistics yet. Lists of one CCA by time are the exception."""


def scope() -> tuple[Column[str], ...]:
    """Whose a row is: never to be left out, and never crossed."""
    return tuple(word(name) for name in SCOPE_COLUMNS)


def serial(name: str) -> Column[int]:
    """A number that the database gives, as the key of rows that are only added."""
    return Column(name, BigInteger, Identity(always=True), primary_key=True)


def word(name: str, *, nullable: bool = False) -> Column[str]:
    """A text: PostgreSQL gains nothing from limits of length, which contracts set."""
    return Column(name, Text, nullable=nullable)


def cents(name: str, *, nullable: bool = False) -> Column[int]:
    """An amount of money."""
    return Column(name, BigInteger, nullable=nullable)


def day(name: str, *, nullable: bool = False) -> Column[object]:
    """A local date."""
    return Column(name, Date, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> Column[object]:
    """An instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)
