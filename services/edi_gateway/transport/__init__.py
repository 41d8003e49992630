"""Moves files between us and the utilities: mailboxes in folders, an SFTP server, an SFTP client.

Whatever the road, the rest of the gateway sees one seam (`seam.py`): a list of files that arrived
whole, and a way to put a file where the utility will find it.
"""

from __future__ import annotations
