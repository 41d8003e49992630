"""Guides are data: loaded quickly, named when broken, and understood as they are written."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from services.edi_gateway.x12 import UnusableGuideError, load_guide, read_transaction, scan
from services.edi_gateway.x12.guide import MAPS_FOLDER
from services.edi_gateway.x12.rules import LoopRule
from tests.unit.edi_gateway.x12.documents import usage_file


class TestDefaultGuide:
    def test_covers_the_sets_of_the_trade(self) -> None:
        guide = load_guide()

        assert set(guide.sets) == {"248", "810", "814", "820", "824", "867", "997", "999"}
        assert guide.functional_id("867") == "PT"
        assert guide.functional_id("850") == ""
        assert guide.set_map("850") is None

    def test_each_group_has_its_own_versions(self) -> None:
        versions = load_guide().versions

        assert "005010" in versions["FA"]
        assert "005010" not in versions["PT"]

    def test_parties_are_told_apart_by_their_code(self) -> None:
        usage = load_guide().sets["867"].root

        parties = [c for c in usage.children if isinstance(c, LoopRule) and c.id == "N1"]

        assert [sorted(p.opening.keys) for p in parties] == [["55", "8S"], ["SJ"], ["8R"], []]
        assert [p.required for p in parties] == [True, True, False, False]

    def test_can_be_sent_to_a_worker_process(self) -> None:
        data = usage_file()
        sent = pickle.loads(pickle.dumps(load_guide()))  # noqa: S301 - our own bytes
        found = scan(data).interchanges[0]
        slot = found.groups[0].transactions[0]

        read = read_transaction(data[slot.start : slot.end], found.delimiters, slot, sent)

        assert read.accepted

    def test_every_set_begins_with_st_and_ends_with_se(self) -> None:
        for one in load_guide().sets.values():
            assert one.root.children[0].id == "ST"
            assert one.root.children[-1].id == "SE"


class TestBrokenGuide:
    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UnusableGuideError, match="nowhere"):
            load_guide("nowhere", tmp_path)

    def test_a_map_that_is_not_xml_is_named(self, tmp_path: Path) -> None:
        shutil.copytree(MAPS_FOLDER / "uig_004010", tmp_path / "broken")
        (tmp_path / "broken" / "867.004010.xml").write_text("<transaction", encoding="utf-8")

        with pytest.raises(UnusableGuideError, match="broken"):
            load_guide("broken", tmp_path)

    def test_an_unknown_data_element_is_a_fault(self, tmp_path: Path) -> None:
        shutil.copytree(MAPS_FOLDER / "uig_004010", tmp_path / "partial")
        path = tmp_path / "partial" / "dataele.xml"
        text = path.read_text(encoding="utf-8").replace('ele_num="673"', 'ele_num="9673"')
        path.write_text(text, encoding="utf-8")

        with pytest.raises(UnusableGuideError, match="673"):
            load_guide("partial", tmp_path)
