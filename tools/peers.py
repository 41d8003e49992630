"""Fetch the other X12 libraries that `make bench` measures beside ours.

No third-party code is committed and none of it is ever in our own environment: Python libraries go
into a virtual environment of their own, because they ask for older versions of what we use, and
npm packages beside the script that runs them. Versions and hashes stand in `requirements/bench.txt`
and `benchmarks/peers/package-lock.json`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.assets import NPM_ARGUMENTS, ROOT, npm_command

ENVIRONMENT = ROOT / ".venv" / "peers"
NODE_FOLDER = ROOT / "benchmarks" / "peers"


def main() -> int:
    """Install both kinds; 0 when all of them are there."""
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    requirements = ["--require-hashes", "-r", str(ROOT / "requirements" / "bench.txt")]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([*pip, "install", "--quiet", *requirements], check=True)
        subprocess.run([*npm_command(), *NPM_ARGUMENTS], cwd=NODE_FOLDER, check=True)
    except (subprocess.CalledProcessError, OSError) as problem:
        print(f"The libraries to compare with could not be fetched: {problem}", file=sys.stderr)
        return 1
    print("The libraries to compare with are installed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
