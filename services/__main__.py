"""`python -m services` is the same as `ccax`."""

from __future__ import annotations

from services.cli import main

main()
