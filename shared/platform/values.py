"""Values that are made by the hundred thousand: unchangeable to the type checker, cheap to make.

Python makes a frozen dataclass by asking `object.__setattr__` for every field, which takes ten
times as long as plain assignment: a third of the time that charging an account takes. `value` is
a frozen dataclass wherever types are checked, so a change of a field does not pass `make check`,
and a plain one at run time. `changed` is `dataclasses.replace` for such values. What holds arrays
is declared with `eq=False`: it is equal to itself alone.

    @value(frozen=True, slots=True)
    class Line: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
    from dataclasses import replace as changed
else:
    from dataclasses import dataclass, fields
    from functools import cache, partial
    from operator import attrgetter

    def value(*, frozen, slots, order=False, eq=True):  # noqa: ANN001, ANN201  typed above
        """Make a dataclass that is compared and hashed by its fields, and never changed."""
        if not (frozen and slots):
            raise TypeError("a value is frozen and has slots")
        return partial(dataclass, slots=True, unsafe_hash=eq, order=order, eq=eq)

    def changed(of, /, **changes):  # noqa: ANN001, ANN003, ANN201  typed above
        """Copy a value with other fields."""
        read, places = _reader(type(of))
        values = list(read(of))
        for name, new in changes.items():
            values[places[name]] = new
        return type(of)(*values)

    @cache
    def _reader(kind):  # noqa: ANN001, ANN202  private
        names = [each.name for each in fields(kind)]
        return attrgetter(*names), {name: place for place, name in enumerate(names)}


__all__ = ["changed", "value"]
