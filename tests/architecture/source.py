"""The project's own files, read once, as the house rules look at them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("services", "shared", "simulator", "migrations")
SCRIPTS = ("tools", "benchmarks")
WRITTEN = (*PACKAGES, *SCRIPTS, "tests", "docs", "deploy", ".ci")

# What set-up and runs leave inside our folders, and files that hold no text of ours.
NOT_OURS = ("__pycache__", "node_modules", "vendor", "out")
LEFT_IN_THE_ROOT = ".coverage"
NOT_TEXT = (".png", ".jpg", ".ico", ".woff2", ".gz", ".zip", ".pyc")


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: its place, its dotted name and its syntax tree."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """The path from the project's root, with forward slashes."""
        return self.path.relative_to(ROOT).as_posix()

    def is_in(self, *places: str) -> bool:
        """Whether the file is one of these files or lies in one of these folders."""
        return any(self.place == place or self.place.startswith(f"{place}/") for place in places)


@dataclass(frozen=True, slots=True)
class Import:
    """One name a module imports: where it says so and how it is spelled in full."""

    line: int
    target: str
    at_module_level: bool


@functools.cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file of these folders, in the order of their paths."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not set(path.relative_to(ROOT).parts).intersection(NOT_OURS):
                text = path.read_text(encoding="utf-8")
                found.append(Module(path, dotted_name(path), text, ast.parse(text)))
    return tuple(found)


@functools.cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text file we wrote, as (place, text): the root's own files and our folders."""
    paths = [
        path
        for path in ROOT.iterdir()
        if path.is_file() and path.name != ".env" and not path.name.startswith(LEFT_IN_THE_ROOT)
    ]
    for folder in WRITTEN:
        paths.extend(path for path in (ROOT / folder).rglob("*") if path.is_file())
    found = []
    for path in sorted(paths):
        place = path.relative_to(ROOT)
        if path.suffix in NOT_TEXT or set(place.parts).intersection(NOT_OURS):
            continue
        found.append((place.as_posix(), path.read_text(encoding="utf-8", errors="replace")))
    return tuple(found)


def dotted_name(path: Path) -> str:
    """How the file is imported; a package is known by its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(module: Module) -> Iterator[Import]:
    """Everything a module imports, also inside functions and for types only."""
    inside = {
        id(inner)
        for outer in ast.walk(module.tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, id(node) not in inside)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                target = f"{node.module}.{alias.name}"
                yield Import(node.lineno, target, id(node) not in inside)


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other in a ring (Tarjan's components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        path.append(name)
        for target in sorted(arrows.get(name, ())):
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in path:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            ring = path[path.index(name) :]
            del path[path.index(name) :]
            if len(ring) > 1:
                found.append(sorted(ring))

    for name in sorted(arrows):
        if name not in index:
            visit(name)
    return found
