"""The house rules see what they are there to see: a rule that never fires holds nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Module, circles, imports
from tests.architecture.test_house_rules import MACHINE_PATH, PROMISE, REGISTRY, float_lines


def module(text: str) -> Module:
    return Module(Path(ROOT / "services/rating/made_up.py"), "made_up", text, ast.parse(text))


class TestCircles:
    def test_a_ring_of_three_is_found(self) -> None:
        arrows = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}

        assert circles(arrows) == [["a", "b", "c"]]

    def test_a_diamond_is_no_ring(self) -> None:
        arrows = {"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}

        assert circles(arrows) == []


class TestImports:
    def test_those_inside_functions_are_told_apart(self) -> None:
        found = list(imports(module("import a.b\n\ndef later():\n    from c import d\n")))

        assert [(item.target, item.at_module_level) for item in found] == [
            ("a.b", True),
            ("c.d", False),
        ]


class TestFloats:
    @pytest.mark.parametrize(
        "text",
        [
            "price = 0.1",
            "price = float(amount)",
            "def rate(price: float) -> None: ...",
            "total = values.astype(np.float64)",
        ],
    )
    def test_one_near_money_is_found(self, text: str) -> None:
        assert list(float_lines(module(text))) == [1]

    @pytest.mark.parametrize(
        "text",
        [
            "PAUSE_S = 0.5",
            "timeout_s: float = 5.0",
            "wait(timeout_s=0.5)",
            "refused = isinstance(value, float)",
            "price = Decimal('0.1')",
        ],
    )
    def test_seconds_and_refusals_are_let_pass(self, text: str) -> None:
        assert list(float_lines(module(text))) == []


class TestWords:
    def test_a_promise_is_found_with_its_entry(self) -> None:
        found = PROMISE.search("# TO" + "DO(interval-corrections): later")

        assert found is not None
        assert found["entry"] == "interval-corrections"

    @pytest.mark.parametrize("path", ["/ho" + "me/ada/x", "/wo" + "rk/main", "/Use" + "rs/ada/x"])
    def test_a_path_of_one_machine_is_found(self, path: str) -> None:
        assert MACHINE_PATH.search(f"see {path}/notes")

    @pytest.mark.parametrize("path", ["/v1/usage", "docs/work/", "${HOME}/data", "/var/lib/ccax"])
    def test_other_paths_are_let_pass(self, path: str) -> None:
        assert not MACHINE_PATH.search(f"see {path}/notes")

    def test_an_address_of_packages_is_found(self) -> None:
        assert REGISTRY.search("https://registry.npmj" + "s.org/htmx.org")
