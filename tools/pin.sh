#!/bin/sh
# Compile the pinned, hashed requirements from the ranges in pyproject.toml.
#
# The files name no index and no address: a wheel is known by its hash, wherever it comes from.
# Usage: tools/pin.sh [--upgrade]
set -eu
cd "$(dirname "$0")/.."

if ! command -v uv >/dev/null 2>&1; then
  echo "Pinning needs uv: install it with 'pip install uv'." >&2
  exit 1
fi

pin() {
  output=$1
  shift
  uv pip compile "$@" --python-version 3.11 --universal \
    --generate-hashes --no-emit-index-url --no-header --quiet --output-file "requirements/$output.txt"
}

pin run pyproject.toml "$@"
pin dev pyproject.toml --group dev "$@"
pin build --group build "$@"
pin node --group node "$@"
pin bench --group bench "$@"
