"""We visit a utility's own SFTP server: an independent one that serves plain folders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from services.edi_gateway.transport.folder import MailboxFolders, QuietPeriods
from services.edi_gateway.transport.seam import NameNotAllowed, NameTaken
from services.edi_gateway.transport.sftp_client import (
    FileChanged,
    HostKeyChanged,
    LoginRefused,
    RemoteRefusal,
    RemoteServer,
    RequestRefused,
    ServerUnreachable,
    collect,
    deliver,
    retry_delays,
)
from tests.integration.edi_gateway.transport.actors import INTERCHANGE, new_key

SHORT_S = 0.05


@dataclass
class UtilityServer:
    """The utility's server: what lies in its folders, and what it does wrong when told to."""

    folder: Path
    remote: RemoteServer
    acceptor: asyncssh.SSHAcceptor
    before_read: Callable[[], object] | None = None
    break_on_rename: bool = False
    write_limit: int = 10**9

    @property
    def to_us(self) -> Path:
        return self.folder / "to_us"

    @property
    def from_us(self) -> Path:
        return self.folder / "from_us"


class _Served(asyncssh.SFTPServer):
    def __init__(
        self, chan: asyncssh.SSHServerChannel[bytes], told: Callable[[], UtilityServer]
    ) -> None:
        self.told = told
        super().__init__(chan, chroot=str(told().folder).encode())

    def read(self, file_obj: object, offset: int, size: int) -> bytes | Awaitable[bytes]:
        if (act := self.told().before_read) is not None:
            act()
        return super().read(file_obj, offset, size)

    def write(self, file_obj: object, offset: int, data: bytes) -> int | Awaitable[int]:
        if offset + len(data) > self.told().write_limit:
            self.connection.abort()
        return super().write(file_obj, offset, data)

    def rename(self, oldpath: bytes, newpath: bytes) -> Awaitable[None] | None:
        answer = super().rename(oldpath, newpath)
        if self.told().break_on_rename:
            self.connection.abort()
        return answer


@pytest.fixture
async def utility(tmp_path: Path) -> AsyncIterator[UtilityServer]:
    folder = tmp_path / "utility"
    for name in ("to_us", "from_us", "done"):
        (folder / name).mkdir(parents=True)
    ours, theirs = new_key(tmp_path / "our_key"), new_key(tmp_path / "their_key")
    (tmp_path / "authorized").write_bytes(ours.export_public_key())
    served: list[UtilityServer] = []
    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[theirs],
        authorized_client_keys=str(tmp_path / "authorized"),
        sftp_factory=lambda channel: _Served(channel, lambda: served[0]),
    )
    remote = RemoteServer(
        host="127.0.0.1",
        port=acceptor.get_port(),
        user="ccax",
        key_path=tmp_path / "our_key",
        host_key=theirs.export_public_key().decode(),
        inbound_dir="/to_us",
        outbound_dir="/from_us",
    )
    served.append(UtilityServer(folder, remote, acceptor))
    yield served[0]
    acceptor.close()
    await acceptor.wait_closed()


@dataclass
class Store:
    """Keeps what was collected, as the archive would."""

    files: dict[str, bytes]

    async def __call__(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        content = b"".join([chunk async for chunk in chunks])
        self.files[name] = content


@pytest.fixture
def store() -> Store:
    return Store({})


class TestCollecting:
    async def test_still_files_are_stored_and_then_deleted_there(
        self, utility: UtilityServer, store: Store
    ) -> None:
        large = INTERCHANGE * 20_000
        (utility.to_us / "a.edi").write_bytes(INTERCHANGE)
        (utility.to_us / "b.edi").write_bytes(large)
        collected = await collect(utility.remote, store, stable_s=SHORT_S)
        assert store.files == {"a.edi": INTERCHANGE, "b.edi": large}
        assert {file.name: file.size for file in collected} == {
            "a.edi": len(INTERCHANGE),
            "b.edi": len(large),
        }
        assert list(utility.to_us.iterdir()) == []

    async def test_they_are_moved_instead_where_that_was_agreed(
        self, utility: UtilityServer, store: Store
    ) -> None:
        for _ in range(2):
            (utility.to_us / "a.edi").write_bytes(INTERCHANGE)
            remote = replace(utility.remote, done_dir="/done/")
            await collect(remote, store, stable_s=SHORT_S)
        [done] = (utility.folder / "done").iterdir()
        assert done.name.startswith("a.edi.")

    async def test_half_written_names_and_folders_are_left(
        self, utility: UtilityServer, store: Store
    ) -> None:
        for name in ("a.part", "b.filepart", "c.tmp", ".d", "e.swp"):
            (utility.to_us / name).write_bytes(INTERCHANGE)
        (utility.to_us / "folder").mkdir()
        assert await collect(utility.remote, store, stable_s=SHORT_S) == []
        assert len(list(utility.to_us.iterdir())) == 6

    async def test_a_file_that_still_grows_waits_for_the_next_visit(
        self, utility: UtilityServer, store: Store
    ) -> None:
        path = utility.to_us / "a.edi"
        path.write_bytes(INTERCHANGE)
        visit = asyncio.create_task(collect(utility.remote, store, stable_s=0.3))
        while not visit.done():
            with path.open("ab") as writer:
                writer.write(b" ")
            await asyncio.sleep(0.02)
        assert await visit == []
        assert await collect(utility.remote, store, stable_s=SHORT_S)
        assert store.files["a.edi"].rstrip() == INTERCHANGE.rstrip()

    async def test_a_file_rewritten_while_it_is_read_is_not_stored(
        self, utility: UtilityServer, store: Store
    ) -> None:
        path = utility.to_us / "a.edi"
        path.write_bytes(INTERCHANGE)
        utility.before_read = lambda: path.write_bytes(INTERCHANGE + b"more")
        with pytest.raises(FileChanged):
            await collect(utility.remote, store, stable_s=SHORT_S)
        assert store.files == {}
        assert path.exists()

    async def test_what_we_could_not_store_stays_there(self, utility: UtilityServer) -> None:
        async def disk_full(name: str, chunks: AsyncIterator[bytes]) -> None:
            raise OSError(28, "No space left on device")

        (utility.to_us / "a.edi").write_bytes(INTERCHANGE)
        with pytest.raises(OSError, match="No space left"):
            await collect(utility.remote, disk_full, stable_s=SHORT_S)
        assert (utility.to_us / "a.edi").exists()

    async def test_a_file_that_was_not_read_to_its_end_is_not_taken_away(
        self, utility: UtilityServer
    ) -> None:
        async def careless(name: str, chunks: AsyncIterator[bytes]) -> None:
            return

        (utility.to_us / "a.edi").write_bytes(INTERCHANGE)
        with pytest.raises(RuntimeError, match="0 of"):
            await collect(utility.remote, careless, stable_s=SHORT_S)
        assert (utility.to_us / "a.edi").exists()

    async def test_it_feeds_the_mailbox_like_any_upload(
        self, utility: UtilityServer, tmp_path: Path
    ) -> None:
        folders = MailboxFolders(tmp_path / "ours", QuietPeriods(60, 60))
        await folders.create("pge")
        (utility.to_us / "a.edi").write_bytes(INTERCHANGE)
        await collect(
            utility.remote,
            lambda name, chunks: folders.receive("pge", name, chunks),
            stable_s=SHORT_S,
        )
        [file] = await folders.arrived("pge")
        assert (file.name, file.path.read_bytes()) == ("a.edi", INTERCHANGE)


class TestDelivering:
    async def test_a_file_appears_whole_under_its_name(self, utility: UtilityServer) -> None:
        await deliver(utility.remote, "PGE_810_000000001.edi", [INTERCHANGE, INTERCHANGE])
        [file] = utility.from_us.iterdir()
        assert (file.name, file.read_bytes()) == ("PGE_810_000000001.edi", INTERCHANGE * 2)

    async def test_a_connection_cut_in_the_middle_leaves_no_file_under_the_name(
        self, utility: UtilityServer
    ) -> None:
        utility.write_limit = 1_000_000
        content = INTERCHANGE * 20_000
        with pytest.raises(ServerUnreachable):
            await deliver(utility.remote, "a.edi", [content])
        assert not (utility.from_us / "a.edi").exists()
        utility.write_limit = 10**9
        await deliver(utility.remote, "a.edi", [content])
        assert [(p.name, p.read_bytes()) for p in utility.from_us.iterdir()] == [("a.edi", content)]

    async def test_a_lost_reply_is_healed_by_delivering_again(self, utility: UtilityServer) -> None:
        utility.break_on_rename = True
        with pytest.raises(ServerUnreachable):
            await deliver(utility.remote, "a.edi", [INTERCHANGE])
        utility.break_on_rename = False
        await deliver(utility.remote, "a.edi", [INTERCHANGE])
        assert [p.name for p in utility.from_us.iterdir()] == ["a.edi"]

    async def test_other_bytes_under_the_name_stay(self, utility: UtilityServer) -> None:
        (utility.from_us / "a.edi").write_bytes(b"other")
        with pytest.raises(NameTaken):
            await deliver(utility.remote, "a.edi", [INTERCHANGE])
        assert (utility.from_us / "a.edi").read_bytes() == b"other"

    @pytest.mark.parametrize("name", ["../a.edi", ".a", "a.part", "", "a/b"])
    async def test_a_name_that_could_leave_the_folder_is_refused(
        self, utility: UtilityServer, name: str
    ) -> None:
        with pytest.raises(NameNotAllowed):
            await deliver(utility.remote, name, [INTERCHANGE])


class TestServersThatCannotBeTrustedOrReached:
    async def test_another_host_key_is_an_alarm_and_nothing_is_sent(
        self, utility: UtilityServer, store: Store, tmp_path: Path
    ) -> None:
        other = new_key(tmp_path / "other").export_public_key().decode()
        remote = replace(utility.remote, host_key=other)
        for visit in (collect(remote, store), deliver(remote, "a.edi", [INTERCHANGE])):
            with pytest.raises(HostKeyChanged) as refusal:
                await visit
            assert not refusal.value.retry
        assert list(utility.from_us.iterdir()) == []

    async def test_a_refused_key_is_not_tried_again(
        self, utility: UtilityServer, store: Store, tmp_path: Path
    ) -> None:
        new_key(tmp_path / "stranger")
        with pytest.raises(LoginRefused) as refusal:
            await collect(replace(utility.remote, key_path=tmp_path / "stranger"), store)
        assert not refusal.value.retry

    async def test_an_absent_server_is_tried_again_later(
        self, utility: UtilityServer, store: Store, free_port: int
    ) -> None:
        with pytest.raises(ServerUnreachable) as refusal:
            await collect(replace(utility.remote, port=free_port), store)
        assert refusal.value.retry

    async def test_a_missing_folder_is_told_plainly(
        self, utility: UtilityServer, store: Store
    ) -> None:
        with pytest.raises(RequestRefused, match="No such file"):
            await collect(replace(utility.remote, inbound_dir="/nowhere"), store)

    async def test_a_missing_key_of_ours_is_a_fault_and_no_fault_of_the_server(
        self, utility: UtilityServer, store: Store
    ) -> None:
        with pytest.raises(FileNotFoundError):
            await collect(replace(utility.remote, key_path=Path("/nowhere")), store)

    def test_three_attempts_fit_into_two_hours(self) -> None:
        minutes = [delay.total_seconds() / 60 for delay in retry_delays()]
        assert len(minutes) == 2
        assert 30 <= sum(minutes) <= 120
        assert issubclass(ServerUnreachable, RemoteRefusal)
