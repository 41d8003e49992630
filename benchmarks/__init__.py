"""Measurements: how fast, how much memory, side by side in one run; never part of the tests."""
