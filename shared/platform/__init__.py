"""The plumbing below every service: database, messages, workers, clocks and logs.

Nothing here knows what a kilowatt-hour or an X12 segment is; a service brings its own tables and
handlers and gets units of work, safe delivery and supervision in return.
"""

from __future__ import annotations
