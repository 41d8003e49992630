"""An upload reaches the disk whole, or it is void."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from services.edi_gateway.transport.handles import Upload
from services.edi_gateway.transport.mailbox_view import Opened
from services.edi_gateway.transport.naming import upload_name

LIMIT = 4_000_000


def upload(folder: Path, name: str = "a.edi", *, append: bool = False) -> Upload:
    path = folder / upload_name(name)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    return Upload(Opened(descriptor, path, name), LIMIT, append_at=0 if append else None)


class TestWriting:
    async def test_pieces_in_any_order_make_the_file(self, tmp_path: Path) -> None:
        chance = random.Random(7)
        content = chance.randbytes(3_000_000)
        offsets = list(range(0, len(content), 32_768))
        offsets[20:60] = chance.sample(offsets[20:60], 40)
        file = upload(tmp_path)
        for offset in offsets:
            await file.write(offset, content[offset : offset + 32_768])
        assert await file.read(100, 50) == content[100:150]
        assert (await file.finish()).read_bytes() == content
        assert [path.name for path in tmp_path.iterdir()] == ["a.edi"]

    async def test_an_appending_writer_is_not_held_to_its_offsets(self, tmp_path: Path) -> None:
        file = upload(tmp_path, append=True)
        for piece in (b"one ", b"two ", b"three"):
            await file.write(0, piece)
        assert (await file.finish()).read_bytes() == b"one two three"

    async def test_a_truncated_file_goes_on_where_it_was_cut(self, tmp_path: Path) -> None:
        file = upload(tmp_path)
        await file.write(0, b"0123456789")
        await file.truncate(4)
        await file.write(4, b"x")
        assert (await file.finish()).read_bytes() == b"0123x"


class TestAVoidUpload:
    @pytest.mark.parametrize("offset", [LIMIT, 10**15])
    async def test_beyond_the_limit_it_is_refused_and_removed(
        self, tmp_path: Path, offset: int
    ) -> None:
        file = upload(tmp_path)
        await file.write(0, b"good")
        with pytest.raises(OSError, match="up to"):
            await file.write(offset, b"x")
        with pytest.raises(OSError, match="again"):
            await file.finish()
        assert list(tmp_path.iterdir()) == []

    async def test_on_a_full_disk_nothing_is_acknowledged(self, tmp_path: Path) -> None:
        path = tmp_path / "a.part"
        path.symlink_to("/dev/full")
        file = Upload(Opened(os.open("/dev/full", os.O_RDWR), path, None), LIMIT)
        await file.write(0, b"x")
        with pytest.raises(OSError, match="No space left"):
            await file.finish()

    async def test_a_newer_file_under_its_temporary_name_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "a.part"
        file = Upload(Opened(os.open(path, os.O_RDWR | os.O_CREAT), path, None), LIMIT)
        with pytest.raises(OSError, match="up to"):
            await file.write(LIMIT, b"x")
        fresh = tmp_path / "fresh"
        fresh.write_bytes(b"newer")
        fresh.replace(path)
        await file.abandon()
        assert path.read_bytes() == b"newer"
