"""Rates again what was rated wrongly, in bulk and without an engineer: look first, then do it."""
