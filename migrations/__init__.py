"""How the tables came to be: one history for each service, in words, oldest first.

Each service's folder holds its own versions; the plumbing that runs them is shared.
"""

from __future__ import annotations
