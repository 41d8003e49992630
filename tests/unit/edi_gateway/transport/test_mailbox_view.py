"""What a partner sees of its mailbox while we and others are at work in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.edi_gateway.transport.mailbox_view import MailboxView, Place

VANISHING = ("taken.edi", ".delivered.edi.0123456789abcdef.part")


class TestListingABusyMailbox:
    def test_files_that_vanish_in_the_middle_of_it_are_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outbound = tmp_path / "outbound"
        outbound.mkdir()
        for name in (*VANISHING, "waiting.edi"):
            (outbound / name).write_bytes(b"ISA")
        scandir = os.scandir

        @contextmanager
        def list_then_lose(folder: Path) -> Iterator[list[os.DirEntry[str]]]:
            with scandir(folder) as entries:
                listed = list(entries)
            for name in VANISHING:
                (folder / name).unlink()
            yield listed

        monkeypatch.setattr(os, "scandir", list_then_lose)
        view = MailboxView(tmp_path, is_open=lambda _: False)

        assert [name for name, _ in view.entries(Place("outbound", None))] == ["waiting.edi"]
