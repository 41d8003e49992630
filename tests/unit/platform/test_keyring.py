"""What is sealed opens with its key, in its place, and nowhere else."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.platform.keyring import KeyFault, KeyFile, Keyring, Sealed

NUMBER = b"0975312468"


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys" / "data.keys")


class TestSealing:
    def test_what_was_sealed_opens_again(self, keys: KeyFile) -> None:
        sealed = keys.ring().seal(NUMBER, "account 1")

        assert NUMBER not in sealed.content
        assert keys.ring().open(sealed, "account 1") == NUMBER

    def test_the_same_number_never_looks_the_same(self, keys: KeyFile) -> None:
        ring = keys.ring()

        assert ring.seal(NUMBER, "account 1").content != ring.seal(NUMBER, "account 1").content

    def test_it_opens_in_its_own_place_only_and_not_when_it_was_changed(
        self, keys: KeyFile
    ) -> None:
        sealed = keys.ring().seal(NUMBER, "account 1")
        changed = Sealed(sealed.key_id, sealed.content[:-1] + bytes([sealed.content[-1] ^ 1]))

        for wrong, place in ((sealed, "account 2"), (changed, "account 1")):
            with pytest.raises(KeyFault, match="does not open"):
                keys.ring().open(wrong, place)

    def test_a_number_is_found_by_its_fingerprint_which_needs_the_key(self, tmp_path: Path) -> None:
        ours, others = KeyFile(tmp_path / "a").ring(), KeyFile(tmp_path / "b").ring()

        assert ours.prints(NUMBER) == ours.prints(NUMBER)
        assert ours.prints(NUMBER) != others.prints(NUMBER)


class TestRotation:
    def test_a_new_key_seals_and_the_old_one_still_opens(self, keys: KeyFile) -> None:
        before = keys.ring()
        sealed = before.seal(NUMBER, "account 1")

        after = keys.add()

        assert after.ids == (*before.ids, after.newest)
        assert after.open(sealed, "account 1") == NUMBER
        assert after.seal(NUMBER, "account 1").key_id == after.newest
        assert before.prints(NUMBER)[0] in after.prints(NUMBER)

    def test_a_key_is_added_behind_a_file_without_a_last_line_end(self, keys: KeyFile) -> None:
        first = keys.ring().newest
        keys.path.write_text(keys.path.read_text().rstrip("\n"))

        assert keys.add().ids[0] == first
        assert len(keys.ring().ids) == 2

    def test_without_its_key_nothing_opens(self, keys: KeyFile) -> None:
        sealed = keys.ring().seal(NUMBER, "account 1")
        keys.path.unlink()

        with pytest.raises(KeyFault, match="lacks the key"):
            keys.ring().open(sealed, "account 1")


class TestKeyFile:
    def test_only_its_owner_may_read_it(self, keys: KeyFile) -> None:
        keys.ring()

        assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600

    @pytest.mark.parametrize("line", ["", "abc", "12345678 AAAA", "12345678 " + "A" * 43 + "="])
    def test_a_damaged_file_is_a_fault(self, keys: KeyFile, line: str) -> None:
        keys.path.parent.mkdir()
        keys.path.write_text(f"{line}\n")

        with pytest.raises(KeyFault):
            keys.ring()

    def test_processes_that_start_together_end_with_one_key(self, keys: KeyFile) -> None:
        with ThreadPoolExecutor(8) as pool:
            rings = list(pool.map(lambda _: keys.ring().ids, range(16)))

        assert len(set(rings)) == 1
        assert [path.name for path in keys.path.parent.iterdir()] == ["data.keys"]

    def test_a_file_that_was_given_is_never_made(self, tmp_path: Path) -> None:
        with pytest.raises(KeyFault, match="not there"):
            KeyFile(tmp_path / "secret", is_given=True).ring()

        assert list(tmp_path.iterdir()) == []

    def test_a_ring_has_a_key(self) -> None:
        with pytest.raises(KeyFault, match="no key"):
            Keyring({})
