"""What is learned from files stays under one bound, whoever sends whatever in whichever signs."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from services.edi_gateway.x12 import Delimiters, load_guide, templates, validate
from services.edi_gateway.x12 import remembering as kept
from services.edi_gateway.x12.acceptance import accept, accept_known, accept_or_tell
from services.edi_gateway.x12.remembering import MEMORY, Memory, Readers, Share
from tests.unit.edi_gateway.x12.damage import damaged
from tests.unit.edi_gateway.x12.documents import FUNCTIONAL_IDS, USAGE, transaction
from tests.unit.edi_gateway.x12.growing import Grower

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.edi_gateway.x12 import Guide

DOCUMENTS = 2_000
SMALL = 6_000
IN_A_ROW = 50
"""Documents of one sender, that is of one set of separators, that come one after another."""

SIGNS = tuple(Delimiters(*one) for one in product("*|^\x1c+", ">:\x1d!", "~\n\x1e'"))


@pytest.fixture
def _small_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the memory of this process be small, so that a test can fill it many times."""
    make_small(monkeypatch)
    yield
    MEMORY.clear()


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    MEMORY.clear()
    monkeypatch.setattr(MEMORY, "entries_max", SMALL)
    monkeypatch.setattr(MEMORY, "full_at", SMALL * 3 // 4)


def documents(guide: Guide) -> list[tuple[list[str], Delimiters]]:
    """Return documents that no one would think of, most of them damaged, from many senders."""
    chance = random.Random(3)
    grower = Grower(guide, chance)
    grown = [(one, grower.document(one)) for one in sorted(FUNCTIONAL_IDS) for _ in range(2)]
    made = []
    for number in range(DOCUMENTS):
        sender = number // IN_A_ROW
        (set_id, body), signs = grown[sender % len(grown)], SIGNS[sender % len(SIGNS)]
        if number % 3:
            body = damaged(body, chance) or body
        table = str.maketrans({"*": signs.element, ">": signs.component})
        made.append(([one.translate(table) for one in transaction(body, set_id=set_id)], signs))
    return made


class TestManyFormsAndSeparators:
    def test_what_is_kept_stays_under_the_bound_and_verdicts_do_not_change(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guide = load_guide()
        made = documents(guide)
        verdicts = [validate(guide, texts, signs) for texts, signs in made]
        make_small(monkeypatch)

        before = forgotten = 0
        for (texts, signs), verdict in zip(made, verdicts, strict=True):
            assert accept_or_tell(guide, texts, signs) in (None, verdict)
            assert validate(guide, texts, signs) == verdict
            assert MEMORY.entries <= SMALL
            assert MEMORY.entries == sum(share.entries for share in MEMORY.shares())
            forgotten += MEMORY.entries < before
            before = MEMORY.entries
        assert forgotten > 10


@pytest.mark.usefixtures("_small_memory")
class TestOneReader:
    def test_values_without_number_are_not_all_kept(self) -> None:
        guide = load_guide()
        for number in range(SMALL // 3):
            body = USAGE.replace("JANE DOE", f"X{number} JANE\x7f").replace("402", f"{number}A")
            assert validate(guide, transaction(body), Delimiters())[0] is None
            assert MEMORY.entries <= SMALL

    def test_long_texts_are_not_kept(self) -> None:
        guide = load_guide()
        validate(guide, transaction(USAGE), Delimiters())
        before = MEMORY.entries
        for number in range(100):
            long = USAGE.replace("402", f"{number}" + "7" * 5_000)
            validate(guide, transaction(f"{'Z' * 300}{number}*1\n{long}"), Delimiters())

        assert MEMORY.entries - before < 100


class TestMemory:
    def test_what_was_longest_not_used_is_forgotten(self) -> None:
        memory = Memory(entries_max=40, full_at=2 * kept.READER_ENTRIES)
        readers: Readers[list[object]] = Readers(lambda _, name: [name], memory)
        first, second = readers.get("first"), readers.get("second")
        assert readers.get("first") is first
        readers.get("third")

        assert readers.get("first") is first
        assert readers.get("second") is not second

    def test_who_still_reads_by_what_was_forgotten_learns_nothing_more(self) -> None:
        memory = Memory()
        share = Share(memory)
        memory.keep("one", object(), share)
        assert share.take(10)
        memory.clear()

        assert not share.take(1)
        share.give_back(5)
        assert memory.entries == 0


class TestFormsOfLaterDays:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(templates, "WATCHED_MAX", 8)
        monkeypatch.setattr(templates, "RESTING", 16)

    def test_a_form_is_learned_however_many_documents_came_before(self) -> None:
        guide = _unread_guide()
        for notes in range(1, 21):
            _walk(guide, _noted(notes))
        for _ in range(5):  # the last of them are watched again
            _walk(guide, USAGE)
        assert not _is_known(guide, USAGE)
        for _ in range(2):
            _walk(guide, USAGE)
        assert _is_known(guide, USAGE)

    def test_a_form_that_no_document_has_any_more_is_forgotten(self) -> None:
        guide = _unread_guide()
        for _ in range(3):
            _walk(guide, USAGE)
        assert _is_known(guide, USAGE)
        for notes in range(1, 60):
            _walk(guide, _noted(notes))
        assert not _is_known(guide, USAGE)


def _unread_guide() -> Guide:
    """Return the guide with a map of its own, so that nothing is known of it yet."""
    guide = load_guide()
    return replace(guide, sets={**guide.sets, "867": replace(guide.sets["867"])})


def _noted(number: int) -> str:
    """Word a usage document of a form that no other has."""
    codes = ("43" if bit == "1" else "45" for bit in f"{number:06b}")
    return "\n".join((USAGE, *(f"MEA*AA*PRQ*1*KH***{code}" for code in codes)))


def _walk(guide: Guide, body: str) -> None:
    assert accept(guide, transaction(body), Delimiters()) is not None


def _is_known(guide: Guide, body: str) -> bool:
    text = "~".join((*transaction(body), ""))
    return accept_known(guide, "867", text, Delimiters()) is not None
