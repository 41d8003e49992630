"""A utility with an Ed25519 key, our SFTP server, and the programs a utility would use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from services.edi_gateway.transport.folder import MailboxFolders
from services.edi_gateway.transport.server_policy import Hooks
from services.edi_gateway.transport.sftp_server import PartnerSftpServer

INTERCHANGE = (
    b"ISA*00*          *00*          *01*006912877      *ZZ*CCAEXCHANGE    "
    b"*261122*1200*U*00401*000000001*0*T*>~\n"
    b"GS*PT*006912877*CCAEXCHANGE*20261122*1200*1*X*004010~\nGE*0*1~\nIEA*1*000000001~\n"
)


@dataclass
class Heard:
    """What the hooks were told."""

    closed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    picked_up: list[str] = field(default_factory=list)

    def hooks(self) -> Hooks:
        async def closed(partner: str, path: Path) -> None:
            self.closed.append(f"{partner}:{path.name}")

        async def renamed(partner: str, path: Path) -> None:
            self.renamed.append(f"{partner}:{path.name}")

        async def picked_up(partner: str, name: str) -> None:
            self.picked_up.append(f"{partner}:{name}")

        return Hooks(closed, renamed, picked_up)


@dataclass
class Utility:
    """A utility's computer: a key, a known host, OpenSSH's `sftp`, and a scripted client."""

    home: Path
    server: PartnerSftpServer
    user: str
    key: asyncssh.SSHKey

    @property
    def ssh_options(self) -> list[str]:
        return [
            *("-F", "/dev/null", "-P", str(self.server.port)),
            *("-o", f"UserKnownHostsFile={self.home / 'known_hosts'}"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"),
            *("-o", f"IdentityFile={self.home / 'key'}", "-o", "IdentitiesOnly=yes"),
        ]

    async def start_sftp(self, *commands: str) -> asyncio.subprocess.Process:
        """Start OpenSSH's sftp; a command that begins with "-" may fail."""
        batch = self.home / f"batch{len(list(self.home.glob('batch*')))}"
        batch.write_text("\n".join(commands) + "\n")
        return await asyncio.create_subprocess_exec(
            *("sftp", "-b", str(batch), *self.ssh_options, f"{self.user}@127.0.0.1"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def sftp(self, *commands: str) -> tuple[int, str]:
        """Run OpenSSH's sftp to its end: exit status and everything it said."""
        program = await self.start_sftp(*commands)
        out, _ = await asyncio.wait_for(program.communicate(), 60)
        assert program.returncode is not None
        return program.returncode, out.decode()

    async def connect(self) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1",
            self.server.port,
            username=self.user,
            client_keys=[self.key],
            known_hosts=([asyncssh.import_public_key(self.server.host_key)], [], []),
            config=None,
            agent_path=None,
        )

    def file(self, name: str, content: bytes = INTERCHANGE) -> Path:
        path = self.home / name
        path.write_bytes(content)
        return path


def new_key(path: Path) -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(path)
    path.chmod(0o600)
    return key


@dataclass
class Exchange:
    """Our side: the mailboxes, the keys in force, what the hooks heard."""

    folders: MailboxFolders
    keys: dict[str, list[str]]
    heard: Heard
    server: PartnerSftpServer

    def new_utility(self, home: Path, user: str) -> Utility:
        home.mkdir(exist_ok=True)
        key = new_key(home / "key")
        self.keys.setdefault(user, []).append(key.export_public_key().decode())
        known = f"[127.0.0.1]:{self.server.port} {self.server.host_key}\n"
        (home / "known_hosts").write_text(known)
        return Utility(home, self.server, user, key)

    async def inbound_bytes(self, utility: str = "pge") -> dict[str, bytes]:
        return {
            file.path.name: file.path.read_bytes() for file in await self.folders.arrived(utility)
        }


async def until(condition: Callable[[], object], *, tries: int = 200) -> None:
    """Wait up to four seconds for something another party does."""
    for _ in range(tries):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("It did not happen")
