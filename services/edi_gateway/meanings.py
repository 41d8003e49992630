"""What a code means, in words: `QD` is energy delivered to the customer, measured, not estimated.

Maps say which codes are allowed; people want to know what they say. The words are data, one file
for each guide beside this one, so that a guide's vocabulary can grow without a change of code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from services.edi_gateway.x12.differences import lineage

VOCABULARY_FOLDER: Final = Path(__file__).parent / "vocabulary"

Words = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class VocabularyError(Exception):
    """A vocabulary file of ours cannot be used; the message names the file and what is wrong."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    codes: dict[str, dict[str, Words]] = {}
    places: dict[str, dict[str, Words]] = {}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one guide: by data element, and by place where a code means something special.

    A place is an element (`BPT07`) or an element behind a qualifier (`REF*7G/02`).
    """

    codes: Mapping[str, Mapping[str, str]]
    places: Mapping[str, Mapping[str, str]]

    def meaning(
        self, *, segment_id: str, qualifier: str, number: int, data_element: str, code: str
    ) -> str:
        """Return what a code means where it stands; empty when nobody has written it down."""
        for place in (f"{segment_id}*{qualifier}/{number:02d}", f"{segment_id}{number:02d}"):
            found = self.places.get(place, {}).get(code)
            if found:
                return found
        return self.codes.get(data_element, {}).get(code, "")


@lru_cache(maxsize=16)
def load_vocabulary(guide: str, folder: Path | None = None) -> Vocabulary:
    """Load the words of a guide and of those it extends, once per process.

    A guide without a file has no words of its own; the nearer guide's words win.

    Raises:
        VocabularyError: the file is no TOML or holds something else than words.
    """
    codes: dict[str, dict[str, str]] = {}
    places: dict[str, dict[str, str]] = {}
    for name in reversed([one.name for one in lineage(guide)]):
        read = _read((folder or VOCABULARY_FOLDER) / f"{name}.toml")
        for whole, more in ((codes, read.codes), (places, read.places)):
            for key, words in more.items():
                whole.setdefault(key, {}).update(words)
    return Vocabulary(codes, places)


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return _File()
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise VocabularyError(f"{path}: {error}") from error
