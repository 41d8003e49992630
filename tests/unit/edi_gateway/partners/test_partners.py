"""The partner files that we ship, the look-ups, and how a wrong file is refused."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from services.edi_gateway.partners import (
    PARTNERS_FOLDER,
    PartnerBook,
    PartnerFileError,
    UnknownPartnerError,
    load_partners,
)
from services.edi_gateway.profile import normalise_duns
from shared.contracts.parts import Environment
from shared.contracts.usage import Bucket

TEST = Environment.TEST


@pytest.fixture(scope="module")
def book() -> PartnerBook:
    return load_partners()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped partner files that a test may spoil."""
    return Path(shutil.copytree(PARTNERS_FOLDER, tmp_path / "partners"))


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


class TestShippedFiles:
    def test_three_utilities_and_seven_ccas(self, book: PartnerBook) -> None:
        assert [utility.code for utility in book.utilities] == ["pge", "sce", "sdge"]
        assert {cca.code: cca.utility for cca in book.ccas} == {
            "mce": "pge",
            "3ce": "pge",
            "pce": "pge",
            "cpa": "sce",
            "sdcp": "sdge",
            "cea": "sdge",
            "sjce": "pge",
        }

    def test_sce_parts_elements_by_a_control_byte(self, book: PartnerBook) -> None:
        assert book.utility("sce").outbound.delimiters == ("\x1c", ">", "~")

    def test_every_value_names_its_source(self) -> None:
        for path in PARTNERS_FOLDER.rglob("*.toml"):
            for line in path.read_text().splitlines():
                if "=" in line and not line.startswith("#"):
                    assert "  # " in line, f"{path.name}: {line}"

    def test_the_codes_mean_what_the_guides_say(self, book: PartnerBook) -> None:
        buckets = book.utility("pge").usage.buckets
        assert (buckets["51"], buckets["42"], buckets["41"]) == (
            Bucket.TOTAL,
            Bucket.ON_PEAK,
            Bucket.OFF_PEAK,
        )

    def test_the_book_travels_between_processes(self, book: PartnerBook) -> None:
        assert pickle.loads(pickle.dumps(book)) == book  # noqa: S301  our own bytes


class TestSender:
    @pytest.mark.parametrize(
        ("qualifier", "isa_id"),
        [
            ("01", "006908818"),
            ("01", "006908818      "),
            ("01", "6908818        "),
            ("16", "0069088189999  "),
            ("14", "69088180001"),
        ],
    )
    def test_it_is_known_in_every_form_of_its_duns(
        self, book: PartnerBook, qualifier: str, isa_id: str
    ) -> None:
        found = book.by_sender(qualifier, isa_id, TEST)
        assert found is not None
        assert found.code == "sce"

    @pytest.mark.parametrize("isa_id", ["", "006908819", "SOMEBODY", "00690881800009"])
    def test_a_stranger_is_nobody(self, book: PartnerBook, isa_id: str) -> None:
        assert book.by_sender("01", isa_id, TEST) is None

    def test_a_suffix_is_a_stranger_where_the_profile_does_not_take_it(self, folder: Path) -> None:
        spoil(folder / "sce" / "profile.toml", "duns_plus_four = true", "duns_plus_four = false")
        book = load_partners(folder)
        assert book.by_sender("16", "0069088189999", TEST) is None
        assert book.by_sender("01", "006908818", TEST) is not None

    def test_test_and_production_may_have_different_names(self, folder: Path) -> None:
        path = folder / "pge" / "profile.toml"
        text = path.read_text().replace('isa_id = "006912877"', 'isa_id = "006912877T"', 1)
        path.write_text(text)
        book = load_partners(folder)
        assert book.by_sender("01", "006912877T", TEST) is not None
        assert book.by_sender("01", "006912877T", Environment.PRODUCTION) is None

    def test_we_know_ourselves(self, book: PartnerBook) -> None:
        assert book.is_own("ZZ", "CCAEXCHANGE    ", TEST)
        assert not book.is_own("01", "CCAEXCHANGE", TEST)


class TestCca:
    def test_it_is_known_to_its_own_utility_only(self, book: PartnerBook) -> None:
        found = book.cca_by_duns("968500004", "sce")
        assert found is not None
        assert found.code == "cpa"
        assert book.cca_by_duns("968500004", "pge") is None
        assert book.cca_by_duns("968500004", "nobody") is None

    def test_an_unknown_name_is_said(self, book: PartnerBook) -> None:
        with pytest.raises(UnknownPartnerError, match="xyz"):
            book.cca("xyz")
        with pytest.raises(UnknownPartnerError, match="xyz"):
            book.utility("xyz")


class TestDuns:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("006908818", "006908818"),
            (" 6908818 ", "006908818"),
            ("0069088189999", "006908818"),
            ("69088189999", "006908818"),
            ("12345678901234", None),
            ("00690881X", None),
            ("", None),
        ],
    )
    def test_every_form_becomes_nine_digits(self, text: str, expected: str | None) -> None:
        assert normalise_duns(text) == expected


class TestAnotherUtility:
    def test_it_is_one_folder_of_data(self, folder: Path) -> None:
        shutil.copytree(folder / "pge", folder / "lac")
        spoil(folder / "lac" / "profile.toml", '"pge"', '"lac"')
        spoil(folder / "lac" / "profile.toml", "006912877", "111222333")
        found = load_partners(folder).by_sender("01", "111222333", TEST)
        assert found is not None
        assert found.code == "lac"


class TestWrongFile:
    @pytest.mark.parametrize(
        ("old", "new", "field"),
        [
            ('duns = "006912877"', 'duns = "6912877"', "duns"),
            ('time_zone = "America/Los_Angeles"', 'time_zone = "Mars/Olympus"', "time_zone"),
            ('51 = "total"', '51 = "everything"', "usage.buckets.51"),
            ('delimiters = ["*", ">", "~"]', 'delimiters = ["*", "*", "~"]', "outbound.delimiters"),
            ("label_max = 60", "label_max = 99", "charges.label_max"),
            ("label_max = 60", "label_maximum = 60", "charges.label_maximum"),
            ('code = "pge"', 'code = "xyz"', "code"),
            ('host = ""', 'host = "sftp.example.org"', "sftp"),
            ('"BB", ', '"PM", ', "usage"),
        ],
    )
    def test_the_file_and_the_field_are_named(
        self, folder: Path, old: str, new: str, field: str
    ) -> None:
        path = folder / "pge" / "profile.toml"
        spoil(path, old, new)
        with pytest.raises(PartnerFileError) as refused:
            load_partners(folder)
        assert str(path) in str(refused.value)
        assert f"{field}:" in str(refused.value)

    def test_a_cca_of_no_utility_is_named(self, folder: Path) -> None:
        spoil(folder / "ccas.toml", 'utility = "sdge"', 'utility = "xyz"')
        with pytest.raises(PartnerFileError, match=r"ccas\.toml: cca\.4\.utility"):
            load_partners(folder)

    def test_a_cca_listed_twice_is_named(self, folder: Path) -> None:
        spoil(folder / "ccas.toml", 'code = "pce"', 'code = "mce"')
        with pytest.raises(PartnerFileError, match=r"ccas\.toml: cca\.2\.code"):
            load_partners(folder)

    def test_a_file_that_is_no_toml_is_named(self, folder: Path) -> None:
        (folder / "ccas.toml").write_text("not toml")
        with pytest.raises(PartnerFileError, match=r"ccas\.toml: not a TOML file"):
            load_partners(folder)

    def test_a_missing_file_is_named(self, folder: Path) -> None:
        (folder / "back_office.toml").unlink()
        with pytest.raises(PartnerFileError, match=r"back_office\.toml: the file is missing"):
            load_partners(folder)

    def test_two_utilities_with_one_duns_are_refused(self, folder: Path) -> None:
        spoil(folder / "sce" / "profile.toml", "006908818", "006912877")
        with pytest.raises(PartnerFileError, match="duns"):
            load_partners(folder)

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(PartnerFileError, match="no utility"):
            load_partners(tmp_path)
