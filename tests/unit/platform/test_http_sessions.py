"""The signed session of the console."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from shared.platform.clock import FixedClock
from shared.platform.web.identity import Principal, Role
from shared.platform.web.sessions import ForeignForm, Sessions, load_session_key

CLOCK = FixedClock(datetime(2026, 11, 22, 15, tzinfo=UTC))
SESSIONS = Sessions(b"k" * 32, CLOCK)
WHO = Principal(uuid4(), "desk", Role.OPERATOR, ("mce",))


class TestCookie:
    def test_what_was_sealed_is_opened(self) -> None:
        opened = SESSIONS.open(SESSIONS.seal(WHO))

        assert opened is not None
        assert (opened.token_id, opened.role, opened.ccas) == (WHO.token_id, WHO.role, WHO.ccas)

    @given(place=st.integers(min_value=0, max_value=200), letter=st.sampled_from("AZaz09-_."))
    def test_a_changed_cookie_is_worthless(self, place: int, letter: str) -> None:
        sealed = SESSIONS.seal(WHO)
        changed = sealed[:place] + letter + sealed[place + 1 :]

        assert changed == sealed or SESSIONS.open(changed) is None

    @given(cookie=st.text(max_size=300))
    def test_nonsense_is_nobody(self, cookie: str) -> None:
        assert SESSIONS.open(cookie) is None

    def test_another_installations_cookie_is_worthless(self) -> None:
        assert Sessions(b"x" * 32, CLOCK).open(SESSIONS.seal(WHO)) is None


class TestForms:
    def test_a_form_belongs_to_one_session(self) -> None:
        mine, other = SESSIONS.open(SESSIONS.seal(WHO)), SESSIONS.open(SESSIONS.seal(WHO))
        assert mine is not None
        assert other is not None
        form = FormData({"form_token": SESSIONS.form_token(mine)})

        SESSIONS.check_form(mine, form)
        with pytest.raises(ForeignForm):
            SESSIONS.check_form(other, form)
        with pytest.raises(ForeignForm):
            SESSIONS.check_form(mine, FormData())
        with pytest.raises(ForeignForm):
            SESSIONS.check_form(WHO, FormData({"form_token": SESSIONS.form_token(None)}))


class TestKey:
    def test_it_is_made_once_and_for_its_owner_only(self, tmp_path: Path) -> None:
        key = load_session_key(tmp_path / "data")

        assert load_session_key(tmp_path / "data") == key
        assert (tmp_path / "data" / "session.key").stat().st_mode & 0o777 == 0o600
        assert [path.name for path in (tmp_path / "data").iterdir()] == ["session.key"]

    def test_a_damaged_key_stops_the_start(self, tmp_path: Path) -> None:
        (tmp_path / "session.key").write_bytes(b"short")

        with pytest.raises(ValueError, match="32 bytes"):
            load_session_key(tmp_path)
