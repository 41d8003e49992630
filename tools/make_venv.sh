#!/bin/sh
# Make the virtual environment, or say in one sentence why it cannot be made.
# Usage: tools/make_venv.sh PYTHON FOLDER
set -eu

python=$1
folder=$2

if ! command -v "$python" >/dev/null 2>&1; then
  echo "CCA Exchange needs Python 3.11 or later, and there is no '$python' here: install it, or name one with 'make PYTHON=…'." >&2
  exit 1
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  version=$("$python" -c 'import platform; print(platform.python_version())')
  echo "CCA Exchange needs Python 3.11 or later, and '$python' is $version: name a later one with 'make PYTHON=…'." >&2
  exit 1
fi

if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  echo "This Python cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt-get install python3-venv)." >&2
  exit 1
fi

"$python" -m venv "$folder"
