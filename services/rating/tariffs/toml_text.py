"""Writes a plan as TOML, the way people write plan files: plain values first, tables after.

Python reads TOML and does not write it. Only what plan files hold is written here: text, whole
numbers, truths, dates, lists and tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(content: Mapping[str, object]) -> str:
    """Return the text of a TOML document; values that are `None` are left out."""
    return "\n".join(_table(content, ())).strip() + "\n"


def _table(content: Mapping[str, object], place: tuple[str, ...]) -> Iterator[str]:
    told = {name: value for name, value in content.items() if value is not None}
    for name, value in told.items():
        if not isinstance(value, Mapping) and not _is_tables(value):
            yield f"{_key(name)} = {_value(value)}"
    for name, value in told.items():
        inner = (*place, name)
        if isinstance(value, Mapping):
            yield from ("", f"[{_path(inner)}]") if _has_values(value) else ()
            yield from _table(value, inner)
        else:
            for each in _tables(value):
                yield from ("", f"[[{_path(inner)}]]")
                yield from _table(each, inner)


def _has_values(table: Mapping[str, object]) -> bool:
    """Whether a table needs a head of its own; one that holds only tables does not."""
    plain = any(not isinstance(v, Mapping) and not _is_tables(v) for v in table.values())
    return plain or not table


def _is_tables(value: object) -> bool:
    return bool(_tables(value))


def _tables(value: object) -> list[Mapping[str, object]]:
    """The tables of a list of tables; nothing for other values."""
    listed = value if isinstance(value, list | tuple) else ()
    return [one for one in listed if isinstance(one, Mapping)]


def _path(names: Sequence[str]) -> str:
    return ".".join(_key(name) for name in names)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
