"""The ledger of every CCA: its accounts, its months, write-offs, and what accounting is given."""

from __future__ import annotations
