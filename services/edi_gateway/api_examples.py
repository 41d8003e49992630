"""One example of each thing the API shows, for its description.

All names, numbers and customers are made up.
"""

from __future__ import annotations

from typing import Any

TRANSACTION: dict[str, Any] = {
    "id": "5f0c7c7e-6b1d-5d8e-9a35-0b7b4a1d9c11",
    "file_id": "0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10",
    "file_name": "PGE_867_20261122.edi",
    "position": 17,
    "direction": "inbound",
    "utility": "pge",
    "cca": "mce",
    "environment": "test",
    "set_id": "867",
    "control_number": "0017",
    "business_key": "U26112200017",
    "account_number": "1234567890",
    "amount": None,
    "at": "2026-11-22T14:03:11.250000Z",
    "states": {
        "valid": "accepted",
        "delivered": "-",
        "acknowledged": "accepted",
        "applied": "-",
        "rated": "charged",
        "paid": "waiting",
    },
    "exception": None,
    "duplicate_of": None,
    "answers": None,
    "links": {
        "self": "/v1/transactions/5f0c7c7e-6b1d-5d8e-9a35-0b7b4a1d9c11",
        "timeline": "/v1/transactions/5f0c7c7e-6b1d-5d8e-9a35-0b7b4a1d9c11/timeline",
        "raw": "/v1/transactions/5f0c7c7e-6b1d-5d8e-9a35-0b7b4a1d9c11/raw",
        "annotated": "/v1/transactions/5f0c7c7e-6b1d-5d8e-9a35-0b7b4a1d9c11/annotated",
        "file": "/v1/files/0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10",
    },
}
FILE: dict[str, Any] = {
    "id": "0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10",
    "direction": "inbound",
    "utility": "pge",
    "cca": None,
    "environment": "test",
    "name": "PGE_867_20261122.edi",
    "origin": "sftp",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "size": 48211,
    "at": "2026-11-22T14:03:11.250000Z",
    "state": "read",
    "set_id": None,
    "refusal": None,
    "duplicate_of": None,
    "transactions_total": 120,
    "transactions_done": 120,
    "read_at": "2026-11-22T14:03:12.010000Z",
    "delivered_at": None,
    "links": {
        "self": "/v1/files/0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10",
        "timeline": "/v1/files/0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10/timeline",
        "raw": "/v1/files/0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10/raw",
        "transactions": "/v1/transactions?file_id=0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10",
    },
}
ENTRY: dict[str, Any] = {
    "at": "2026-11-22T14:03:11.250000Z",
    "kind": "FileReceived",
    "actor": "system",
    "message": "PGE_867_20261122.edi received from PGE by sftp, 48211 bytes",
    "data": {"size": 48211},
    "file_id": "0b5f0a3e-91ce-4c44-9b3a-2f6a1f6a2f10",
    "file_name": "PGE_867_20261122.edi",
    "sequence": 1,
    "transaction_id": None,
    "set_id": None,
    "hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
}
FINDING: dict[str, Any] = {
    "severity": "error",
    "level": "element",
    "code": "7",
    "place": "867/PTD[2]/QTY01",
    "value": "XX",
    "message": "Code XX is not allowed here",
    "byte_offset": 1183,
}
