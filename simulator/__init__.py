"""A utility in a box: the other end of the wire, for demonstrations, tests and load measurements.

It shares no code with the services or with `shared`, so that a misreading of X12 on one side is
not repeated on the other and hidden.
"""

from __future__ import annotations
