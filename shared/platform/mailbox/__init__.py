"""The post room of a service: outbox, inbox, receipts and dead letters.

This is the only way services tell each other anything. Import from here; the modules inside are
cut by what they do: `outbox` and `relay` send, `consumer` hears, `receipts` confirms, `sweeper`
sends again.
"""

from __future__ import annotations

from shared.platform.mailbox.consumer import Consumer, Handler, Outcome
from shared.platform.mailbox.limits import MailboxLimits
from shared.platform.mailbox.mailbox import Mailbox
from shared.platform.mailbox.outbox import Backlog
from shared.platform.mailbox.tables import MailboxTables, mailbox_tables
from shared.platform.mailbox.topology import inbox_queue, receipts_queue, topology

__all__ = [
    "Backlog",
    "Consumer",
    "Handler",
    "Mailbox",
    "MailboxLimits",
    "MailboxTables",
    "Outcome",
    "inbox_queue",
    "mailbox_tables",
    "receipts_queue",
    "topology",
]
