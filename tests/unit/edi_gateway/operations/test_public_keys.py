"""Which public keys a utility may use."""

from __future__ import annotations

import base64

import asyncssh
import pytest

from services.edi_gateway.operations.access import KeyNotUsable, read_public_key, split_token


def fresh_key(kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(kind, comment="pge mft")


class TestReadPublicKey:
    def test_an_ed25519_key_is_read_with_the_usual_fingerprint(self) -> None:
        key = fresh_key()
        line = key.export_public_key().decode()

        public, fingerprint, comment = read_public_key(line)

        assert line.startswith(public)
        assert fingerprint == key.get_fingerprint()
        assert comment == "pge mft"

    def test_a_private_key_is_sent_back_with_a_warning(self) -> None:
        with pytest.raises(KeyNotUsable, match="private key"):
            read_public_key(fresh_key().export_private_key().decode())

    def test_other_kinds_of_key_are_refused(self) -> None:
        line = fresh_key("ecdsa-sha2-nistp256").export_public_key().decode()

        with pytest.raises(KeyNotUsable, match="ecdsa"):
            read_public_key(line)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "ssh-ed25519",
            "ssh-ed25519 !!!",
            "ssh-ed25519 " + base64.b64encode(b"short").decode(),
            'command="sh" ssh-ed25519 AAAA',
            "ssh-ed25519 AAAA\nssh-ed25519 BBBB",
        ],
    )
    def test_a_damaged_key_is_refused(self, text: str) -> None:
        with pytest.raises(KeyNotUsable):
            read_public_key(text)

    def test_a_key_under_a_false_name_is_refused(self) -> None:
        blob = fresh_key("ecdsa-sha2-nistp256").export_public_key().split()[1].decode()

        with pytest.raises(KeyNotUsable, match="32 bytes"):
            read_public_key(f"ssh-ed25519 {blob}")


class TestSplitToken:
    def test_what_is_no_token_is_told_at_once(self) -> None:
        for text in ("", "ccax_", "ccax_12_secret", "x" * 5000, "ccax_" + "0" * 32 + "_é" * 20):
            assert split_token(text) is None

    def test_a_secret_may_hold_underscores(self) -> None:
        parts = split_token("ccax_" + "0" * 32 + "_a_b-c_dddddddddddddddddd")

        assert parts is not None
        assert parts[1] == "a_b-c_dddddddddddddddddd"
