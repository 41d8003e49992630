"""Other X12 libraries of the Python index, measured beside ours where they happen to be installed.

None is a dependency: install one into an environment of its own choice, or put it on PYTHONPATH, to
see it in the table. All of them only cut files into segments and elements; pyx12, which validates,
is a dependency and is always measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Peer:
    """A library: `module` tells whether it is there, `read` makes it read a whole file."""

    name: str
    module: str
    does: str
    read: Callable[[Any, Path], object]

    def load(self) -> Any:  # noqa: ANN401 - a foreign module
        """Return the module, or None when it is not installed."""
        try:
            return import_module(self.module)
        except ImportError:
            return None


def _linuxforhealth(module: Any, path: Path) -> object:  # noqa: ANN401 - a foreign module
    count = 0
    with module.X12SegmentReader(str(path)) as reader:
        for _ in reader.segments():
            count += 1
    return count


def _badx12(module: Any, path: Path) -> object:  # noqa: ANN401 - a foreign module
    return module.Parser().parse_document(str(path))


PEERS = (
    Peer("linuxforhealth-x12", "linuxforhealth.x12.io", "cuts segments", _linuxforhealth),
    Peer("badx12", "badx12", "cuts segments into objects", _badx12),
)
