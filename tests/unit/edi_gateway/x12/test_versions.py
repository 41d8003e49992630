"""Versions of envelope and documents: what is read, and what is refused with an answer."""

from __future__ import annotations

import pytest

from services.edi_gateway.x12 import (
    ReadTransaction,
    build_997,
    check_group,
    edition_for,
    load_guide,
    read_transaction,
    refuses_group,
    scan,
)
from tests.unit.edi_gateway.x12.documents import USAGE, set_file, usage_file

OLD_USAGE = """BPT*00*U1*981101*DD
DTM*649*981105
REF*12*1234567890
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
PTD*PM***OZ*EL
DTM*150*981001*0000*ES*19
DTM*151*****D6*981031
DTM*514*****RD8*19981010-19981011
REF*MG*M100
REF*MT*KHMON
QTY*QD*402*KH"""

OLD_REQUEST = """BGN*13*R1*981113
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
LIN*1*SH*EL*SH*CE
ASI*7*021
REF*12*1234567890
DTM*150*020101
LIN*2*SH*EL*SH*CE
ASI*7*021
REF*12*1234567891
DTM*150*020101"""


def read_as_sent(data: bytes, name: str = "uig_004010") -> ReadTransaction:
    """Read the only transaction of a file by the edition its GS08 asks for."""
    found = scan(data).interchanges[0]
    (group,) = found.groups
    (slot,) = group.transactions
    guide = edition_for(load_guide(name), group.functional_id, group.version)
    return read_transaction(data[slot.start : slot.end], found.delimiters, slot, guide)


def in_version(data: bytes, version: str) -> bytes:
    return data.replace(b"*X*004010", f"*X*{version}".encode())


class TestInterchangeVersions:
    @pytest.mark.parametrize("version", ["00400", "00401", "00403", "00501"])
    def test_a_known_one_is_read_without_a_word(self, version: str) -> None:
        data = usage_file().replace(b"*U*00401*", f"*U*{version}*".encode())
        found = scan(data)

        assert found.interchanges[0].version == version
        assert found.interchanges[0].findings == ()
        assert read_as_sent(data).accepted

    def test_an_unknown_one_is_told_and_read(self) -> None:
        data = usage_file().replace(b"*U*00401*", b"*U*00200*")
        (told,) = scan(data).interchanges[0].findings

        assert (told.severity, told.code, told.place) == ("warning", "017", "ISA[1]/ISA12")
        assert told.value == "00200"
        assert read_as_sent(data).accepted


class TestGroupVersions:
    @pytest.mark.parametrize("version", ["004010", "004010UIG", "004010V1", "004010ED5020"])
    @pytest.mark.parametrize("guide", ["uig_004010", "pge", "sce", "sdge"])
    def test_an_industrys_suffix_is_no_other_version(self, version: str, guide: str) -> None:
        group = scan(in_version(usage_file(), version)).interchanges[0].groups[0]

        assert check_group(group, load_guide(guide)) == ()

    @pytest.mark.parametrize("version", ["002040", "005010", "004010TOOLONG1", "004010-1", ""])
    def test_an_unknown_one_is_refused_with_a_997(self, version: str) -> None:
        group = scan(in_version(usage_file(), version)).interchanges[0].groups[0]
        found = check_group(group, load_guide())

        assert refuses_group(found)
        assert [(one.code, one.place, one.value) for one in found] == [("2", "GS[1]/GS08", version)]
        assert build_997(group, (), found) == (
            ("AK1", "PT", "1"),
            ("AK9", "R", "1", "1", "0", "2"),
        )


class TestVersion003070:
    @pytest.mark.parametrize("guide", ["uig_004010", "pge", "sce", "sdge"])
    def test_its_groups_are_read(self, guide: str) -> None:
        data = in_version(set_file("867", OLD_USAGE), "003070")
        group = scan(data).interchanges[0].groups[0]

        assert check_group(group, load_guide(guide)) == ()
        assert read_as_sent(data, guide).findings == ()

    def test_its_documents_come_in_the_forms_of_today(self) -> None:
        document = read_as_sent(in_version(set_file("867", OLD_USAGE), "003070")).transaction

        assert document is not None
        assert document.value("BPT", 3) == "19981101"
        assert document.first("DTM", "649").fields == ("DTM", "649", "19981105")
        meter = document.loop("PTD")
        assert [one.fields for one in meter.all("DTM")] == [
            ("DTM", "150", "19981001", "0000", "ES"),
            ("DTM", "151", "", "", "", "D8", "19981031"),
            ("DTM", "514", "", "", "", "RD8", "19981010-19981011"),
        ]
        assert document.segments == tuple(document.root.walk())

    def test_the_document_may_name_the_century(self) -> None:
        body = OLD_USAGE.replace("981001*0000*ES*19", "481001*0000*ES*19")
        document = read_as_sent(in_version(set_file("867", body), "003070")).transaction

        assert document is not None
        assert document.loop("PTD").value("DTM", 2) == "19481001"

    def test_one_request_may_name_many_accounts(self) -> None:
        read = read_as_sent(in_version(set_file("814", OLD_REQUEST), "003070"))

        assert read.transaction is not None
        assert [loop.value("DTM", 2) for loop in read.transaction.loops("LIN")] == ["20020101"] * 2

    def test_dates_of_eight_digits_are_read_as_well(self) -> None:
        read = read_as_sent(in_version(usage_file(), "003070"))

        assert read.findings == ()
        assert read.transaction == read_as_sent(usage_file()).transaction

    def test_dates_of_six_digits_are_refused_in_today_s_version(self) -> None:
        read = read_as_sent(set_file("867", USAGE.replace("*20261101*", "*261101*")))

        assert [(one.code, one.place) for one in read.findings] == [("4", "867[1]/BPT03")]

    def test_a_period_of_today_s_form_is_refused_in_it(self) -> None:
        body = OLD_USAGE.replace("*****D6*981031", "****D8*19981031")

        assert not read_as_sent(in_version(set_file("867", body), "003070")).accepted
