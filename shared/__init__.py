"""What every service stands on: the words they exchange, the plumbing and the partners' data.

This folder knows no service: `contracts` holds the messages, `platform` the plumbing,
`partners` the trading profiles. Services import from here, never the other way round.
"""

from __future__ import annotations
