"""Interval usage: what meters recorded every quarter of an hour, kept whole and never overwritten.

`take.py` is the way in (a message becomes usage and blocks), `keeping.py` writes and reads the
tables, `pricing.py` hands readings to the engine, and `block.py` is the form in which everybody
sees them. To rate or show stored readings, ask `keeping.load_intervals`.
"""
