"""A mailbox is a folder; a file is taken from it when it is whole, and put into it whole."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.edi_gateway.transport import storing
from services.edi_gateway.transport.folder import MailboxFolders, QuietPeriods
from services.edi_gateway.transport.naming import upload_name
from services.edi_gateway.transport.seam import (
    Arrival,
    ArrivedFile,
    Mailboxes,
    MailboxUnreadable,
    NameNotAllowed,
    NameTaken,
)
from services.edi_gateway.transport.uploads import identity_of

WHOLE = (
    b"ISA*00*          *00*          *01*006912877      *ZZ*CCAEXCHANGE    "
    b"*261122*1200*U*00401*000000001*0*T*>~IEA*0*000000001~"
)


class Watch:
    """A clock for durations that the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def folders(tmp_path: Path, watch: Watch) -> MailboxFolders:
    folders = MailboxFolders(tmp_path, QuietPeriods(), elapsed_s=watch)
    for partner in ("pge", "sce"):
        await folders.create(partner)
    return folders


async def seen(folders: MailboxFolders) -> list[tuple[str, Arrival]]:
    return [(file.name, file.status) for file in await folders.arrived("pge")]


class TestTakingFiles:
    def test_the_folders_are_the_mailboxes_of_the_seam(self, folders: MailboxFolders) -> None:
        mailboxes: Mailboxes = folders
        assert mailboxes is folders

    async def test_a_file_with_a_trailer_waits_a_moment(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        (folders.inbound("pge") / "a.edi").write_bytes(WHOLE)
        assert await seen(folders) == []
        watch.now_s = 0.3
        assert await seen(folders) == [("a.edi", Arrival.COMPLETE)]

    async def test_a_file_that_grows_is_taken_once_it_stops(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        path = folders.inbound("pge") / "a.edi"
        for tenths in range(1, 30):
            with path.open("ab") as writer:
                writer.write(WHOLE)
            assert await seen(folders) == []
            watch.now_s = tenths / 5
        await seen(folders)
        watch.now_s += 0.3
        [file] = await folders.arrived("pge")
        assert file.size == 29 * len(WHOLE)

    async def test_a_rewrite_of_the_same_size_begins_the_wait_anew(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        path = folders.inbound("pge") / "a.edi"
        path.write_bytes(WHOLE)
        await seen(folders)
        path.write_bytes(WHOLE.replace(b"000000001", b"000000002"))
        os.utime(path, (1, 1))
        watch.now_s = 1
        assert await seen(folders) == []

    @pytest.mark.parametrize("length", [1, 2, 50, 105, 106, 110, len(WHOLE) - 1])
    async def test_a_cut_file_is_incomplete_after_the_long_wait(
        self, folders: MailboxFolders, watch: Watch, length: int
    ) -> None:
        (folders.inbound("pge") / "a.edi").write_bytes(WHOLE[:length])
        await seen(folders)
        watch.now_s = 4.9
        assert await seen(folders) == []
        watch.now_s = 5.0
        assert await seen(folders) == [("a.edi", Arrival.INCOMPLETE)]

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"hello"])
    async def test_what_is_not_x12_is_complete_after_the_long_wait(
        self, folders: MailboxFolders, watch: Watch, content: bytes
    ) -> None:
        (folders.inbound("pge") / "a.pdf").write_bytes(content)
        await seen(folders)
        watch.now_s = 4.9
        assert await seen(folders) == []
        watch.now_s = 5.0
        assert await seen(folders) == [("a.pdf", Arrival.COMPLETE)]

    @pytest.mark.parametrize(
        "name", ["a.part", "a.filepart", "a.TMP", "a.edi.swp", ".a.edi", "..a"]
    )
    async def test_temporary_names_are_ignored(
        self, folders: MailboxFolders, watch: Watch, name: str
    ) -> None:
        (folders.inbound("pge") / name).write_bytes(WHOLE)
        await seen(folders)
        watch.now_s = 100
        assert await seen(folders) == []

    async def test_folders_and_links_are_ignored(
        self, folders: MailboxFolders, watch: Watch, tmp_path: Path
    ) -> None:
        (tmp_path / "elsewhere").write_bytes(WHOLE)
        (folders.inbound("pge") / "folder").mkdir()
        (folders.inbound("pge") / "link").symlink_to(tmp_path / "elsewhere")
        os.mkfifo(folders.inbound("pge") / "pipe")
        await seen(folders)
        watch.now_s = 100
        assert await seen(folders) == []

    async def test_a_file_open_for_writing_is_never_taken(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        path = folders.inbound("pge") / "a.edi"
        path.write_bytes(WHOLE)
        identity = identity_of(path.stat())
        folders.uploads.opened(identity)
        await seen(folders)
        watch.now_s = 100
        assert await seen(folders) == []
        folders.uploads.closed(identity, in_good_order=True)
        assert await seen(folders) == [("a.edi", Arrival.COMPLETE)], "its writer said so"

    async def test_an_upload_cut_before_a_restart_is_incomplete_even_if_it_looks_whole(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        (folders.inbound("pge") / upload_name("a.edi")).write_bytes(WHOLE)
        await seen(folders)
        watch.now_s = 5
        assert await seen(folders) == [("a.edi", Arrival.INCOMPLETE)]

    async def test_an_upload_to_another_copy_of_the_gateway_is_not_called_cut_short(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        path = folders.inbound("pge") / upload_name("a.edi")
        with path.open("wb") as file:
            storing.hold(file.fileno())
            assert await seen(folders) == []
            watch.now_s = 5
            assert await seen(folders) == []
        await seen(folders)
        watch.now_s = 10
        assert await seen(folders) == [("a.edi", Arrival.INCOMPLETE)]

    async def test_the_oldest_comes_first(self, folders: MailboxFolders, watch: Watch) -> None:
        for number in (3, 1, 2):
            path = folders.inbound("pge") / f"{9 - number}.edi"
            path.write_bytes(WHOLE)
            os.utime(path, (number, number))
        await seen(folders)
        watch.now_s = 1
        assert [name for name, _ in await seen(folders)] == ["8.edi", "7.edi", "6.edi"]

    async def test_ten_thousand_files_are_listed_once_each(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        for number in range(10_000):
            (folders.inbound("pge") / f"{number}.edi").write_bytes(WHOLE)
        await seen(folders)
        watch.now_s = 1
        assert len({name for name, _ in await seen(folders)}) == 10_000


class TestAMailboxThatCannotBeRead:
    async def test_it_disturbs_no_other(self, folders: MailboxFolders, watch: Watch) -> None:
        (folders.inbound("sce") / "a.edi").write_bytes(WHOLE)
        folders.inbound("pge").rmdir()
        await folders.survey(["pge", "sce"])
        watch.now_s = 1
        pge, sce = await folders.survey(["pge", "sce"])
        assert pge.files == ()
        assert pge.problem is not None
        assert "No such file" in pge.problem
        assert [file.name for file in sce.files] == ["a.edi"]
        assert sce.problem is None
        with pytest.raises(MailboxUnreadable):
            await folders.arrived("pge")


class TestTakingAFileAway:
    async def taken(self, folders: MailboxFolders, watch: Watch) -> ArrivedFile:
        (folders.inbound("pge") / "a.edi").write_bytes(WHOLE)
        await seen(folders)
        watch.now_s += 1
        [file] = await folders.arrived("pge")
        return file

    async def test_its_bytes_can_be_read_and_then_it_is_gone(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        file = await self.taken(folders, watch)
        assert b"".join([chunk async for chunk in folders.read(file)]) == WHOLE
        await folders.remove_inbound(file)
        await folders.remove_inbound(file)
        assert list(folders.inbound("pge").iterdir()) == []

    async def test_another_file_under_its_name_stays(
        self, folders: MailboxFolders, watch: Watch
    ) -> None:
        file = await self.taken(folders, watch)
        fresh = folders.inbound("pge") / "b.part"
        fresh.write_bytes(b"other bytes")
        fresh.rename(file.path)
        await folders.remove_inbound(file)
        assert file.path.read_bytes() == b"other bytes"


class TestDelivering:
    async def test_a_file_appears_whole_and_alone(self, folders: MailboxFolders) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for piece in (WHOLE[:10], b"", WHOLE[10:]):
                assert (folders.outbound("pge") / "a.edi").exists() is False
                yield piece

        await folders.deliver("pge", "a.edi", pieces())
        [path] = folders.outbound("pge").iterdir()
        assert (path.name, path.read_bytes()) == ("a.edi", WHOLE)

    async def test_the_same_bytes_again_are_a_success(self, folders: MailboxFolders) -> None:
        await folders.deliver("pge", "a.edi", [WHOLE])
        await folders.deliver("pge", "a.edi", [WHOLE[:5], WHOLE[5:]])
        assert [path.name for path in folders.outbound("pge").iterdir()] == ["a.edi"]

    @pytest.mark.parametrize("other", [b"", WHOLE + b"~", WHOLE.replace(b"1~", b"2~")])
    async def test_other_bytes_are_never_overwritten(
        self, folders: MailboxFolders, other: bytes
    ) -> None:
        await folders.deliver("pge", "a.edi", [WHOLE])
        with pytest.raises(NameTaken):
            await folders.deliver("pge", "a.edi", [other])
        [path] = folders.outbound("pge").iterdir()
        assert path.read_bytes() == WHOLE

    async def test_a_failure_in_the_middle_leaves_nothing(self, folders: MailboxFolders) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield WHOLE
            raise ConnectionError("the archive went away")

        with pytest.raises(ConnectionError):
            await folders.deliver("pge", "a.edi", pieces())
        assert list(folders.outbound("pge").iterdir()) == []

    async def test_what_a_crash_left_behind_is_cleared_at_the_next_start(
        self, folders: MailboxFolders
    ) -> None:
        (folders.outbound("pge") / ".a.edi.0123456789abcdef.part").write_bytes(b"half")
        (folders.inbound("pge") / "theirs.part").write_bytes(b"half")
        assert await folders.clear_leftovers("pge") == 1
        assert list(folders.outbound("pge").iterdir()) == []
        assert [path.name for path in folders.inbound("pge").iterdir()] == ["theirs.part"]

    async def test_what_another_copy_of_the_gateway_is_writing_stays(
        self, folders: MailboxFolders
    ) -> None:
        written = folders.outbound("pge") / ".a.edi.0123456789abcdef.part"
        with written.open("wb") as file:
            storing.hold(file.fileno())
            assert await folders.clear_leftovers("pge") == 0
        assert await folders.clear_leftovers("pge") == 1

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "../a", "a/b", ".a", "a.part", "a\n", "a\x00b", "x" * 201]
    )
    async def test_names_that_could_leave_or_hide_are_refused(
        self, folders: MailboxFolders, name: str
    ) -> None:
        with pytest.raises(NameNotAllowed):
            await folders.deliver("pge", name, [WHOLE])

    @pytest.mark.parametrize("partner", ["", "..", "../sce", "PGE", "a/b"])
    async def test_partners_that_could_leave_the_root_are_refused(
        self, folders: MailboxFolders, partner: str
    ) -> None:
        with pytest.raises(NameNotAllowed):
            await folders.deliver(partner, "a.edi", [WHOLE])


class TestReceiving:
    async def test_a_fetched_file_is_complete_at_once(self, folders: MailboxFolders) -> None:
        await folders.receive("pge", "a.edi", [WHOLE])
        assert await seen(folders) == [("a.edi", Arrival.COMPLETE)]

    async def test_two_of_one_name_both_wait(self, folders: MailboxFolders) -> None:
        await folders.receive("pge", "a.edi", [WHOLE])
        await folders.receive("pge", "a.edi", [WHOLE + b"\n"])
        files = await folders.arrived("pge")
        assert [file.name for file in files] == ["a.edi", "a.edi"]
        assert {file.size for file in files} == {len(WHOLE), len(WHOLE) + 1}
