"""Keeps track of the files partners are writing at this moment, so that none is taken early.

A file is known by its identity on disk (device and inode), which survives a rename: a partner that
renames while still writing changes nothing. Only the SFTP server writes here; the folder reader
asks.
"""

from __future__ import annotations

import os
from collections import Counter

Identity = tuple[int, int]
"""Device and inode."""

REMEMBERED_MAX = 200_000
"""Closed files remembered; beyond it the oldest merely wait out the quiet period again."""


def identity_of(status: os.stat_result) -> Identity:
    """The identity of a file on disk."""
    return status.st_dev, status.st_ino


class OpenUploads:
    """The files open for writing, and those that their writer closed in good order.

    Changed and asked on the event loop only; threads get copies.
    """

    def __init__(self) -> None:
        self._open: Counter[Identity] = Counter()
        self._closed: dict[Identity, None] = {}

    def opened(self, identity: Identity) -> None:
        """A writer opened the file."""
        self._closed.pop(identity, None)
        self._open[identity] += 1

    def closed(self, identity: Identity, *, in_good_order: bool) -> None:
        """A writer let go of the file; in good order when it said so itself."""
        self._open[identity] -= 1
        if self._open[identity] <= 0:
            del self._open[identity]
        if in_good_order:
            self._closed[identity] = None
            if len(self._closed) > REMEMBERED_MAX:
                del self._closed[next(iter(self._closed))]

    def forget(self, identity: Identity) -> None:
        """The file is gone; another may get its identity."""
        self._closed.pop(identity, None)

    def is_open(self, identity: Identity) -> bool:
        """Whether somebody is writing the file."""
        return identity in self._open

    def being_written(self) -> frozenset[Identity]:
        """All files open for writing."""
        return frozenset(self._open)

    def finished(self) -> frozenset[Identity]:
        """Files whose writer closed them and that nobody opened again."""
        return frozenset(self._closed)
