"""Looks at what meters recorded before anybody relies on it, and fills gaps in a copy of our own.

The utility is the meter data manager: what it sends is what is billed. So checks find and tell, and
hold a bill only where their rule says so; and what is estimated here (`copy`) is for settlement and
forecasts, in tables of its own, and is never sent and never billed. `check` is the way in,
`findings_of` the way to what was found.
"""
