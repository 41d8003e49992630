"""Makes a complete guide out of one that only says how it differs from another.

Most guides are another guide with a few changes. Such a folder of maps holds a `guide.toml` that
names the guide it extends and lists what differs, and map files only where so much differs that a
list would be longer. The result is a plain pyx12 map folder, so everything that reads guides reads
these too. A difference that fits nothing is a mistake in the file and raises: nothing is skipped.
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

GUIDE_FILE: Final = "guide.toml"
GUIDES_FOLDER: Final = Path(__file__).parent / "maps"
TRANSACTION_LOOP: Final = "ST_LOOP"

_PARTS: Final = {
    "extends": str,
    "editions": list,
    "versions": dict,
    "codes": dict,
    "data_elements": dict,
    "element": list,
    "segment": list,
    "loop": list,
}
_USAGES: Final = frozenset("RSN")


class DifferenceError(ValueError):
    """A `guide.toml` cannot be used; the message names the guide and the part."""


@dataclass(frozen=True, slots=True)
class GuideFile:
    """A guide's own folder and what its `guide.toml` says; `says` is empty without one."""

    name: str
    folder: Path
    says: Mapping[str, Any] = field(default_factory=dict)

    @property
    def extends(self) -> str:
        """The name of the guide this one differs from; empty for a complete one."""
        return str(self.says.get("extends", ""))


def lineage(name: str, folder: Path | None = None) -> tuple[GuideFile, ...]:
    """Return a guide and the guides it extends, itself first, the complete one last.

    Each is looked for in `folder`, then among the guides that come with the program. Raises
    DifferenceError for a folder or entry that cannot be used.
    """
    found: list[GuideFile] = []
    while name:
        if name in {guide.name for guide in found}:
            raise DifferenceError(f"{name}: a guide cannot extend itself")
        found.append(_guide_file(name, folder))
        name = found[-1].extends
    return tuple(found)


def editions(guides: tuple[GuideFile, ...]) -> tuple[str, ...]:
    """Return the guides that read other versions: the nearest list in the lineage."""
    for guide in guides:
        if "editions" in guide.says:
            return tuple(str(name) for name in guide.says["editions"])
    return ()


def inserted(guides: tuple[GuideFile, ...]) -> dict[str, int]:
    """Return, by segment id, the place of an element this lineage inserts (`DTM` 5)."""
    return {
        str(entry["at"]).rpartition("/")[2]: int(place["at"])
        for guide in guides
        for entry in guide.says.get("segment", ())
        for place in entry.get("insert", ())
    }


@contextmanager
def complete_folder(guides: tuple[GuideFile, ...]) -> Iterator[Path]:
    """Give a lineage as one complete map folder, which lasts as long as the context."""
    if len(guides) == 1:
        yield guides[0].folder
        return
    with tempfile.TemporaryDirectory(prefix="ccax-guide-") as temporary:
        path = Path(temporary)
        for guide in reversed(guides):
            if not guide.folder.is_dir():
                raise DifferenceError(f"{guide.folder}: there is no such guide")
            for source in guide.folder.glob("*.xml"):
                shutil.copyfile(source, path / source.name)
            if guide.extends:
                _apply(guide, path)
        yield path


def _guide_file(name: str, folder: Path | None) -> GuideFile:
    places = [place / name for place in (folder, GUIDES_FOLDER) if place is not None]
    path = next((place for place in places if place.is_dir()), places[0])
    file = path / GUIDE_FILE
    if not file.is_file():
        return GuideFile(name, path)
    try:
        says = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DifferenceError(f"{file}: {error}") from error
    for key, value in says.items():
        if not isinstance(value, _PARTS.get(key, ())):
            raise DifferenceError(f"{file}: {key} is no part of a guide, or has the wrong type")
    if "extends" not in says and set(says) - {"editions"}:
        raise DifferenceError(f"{file}: differences need the guide they extend")
    return GuideFile(name, path, says)


def _apply(guide: GuideFile, path: Path) -> None:
    """Write the differences of one guide into a folder that holds what it extends."""
    says = guide.says
    try:
        if "versions" in says:
            _edit(path / "maps.xml", lambda root: _set_versions(root, says["versions"]))
        if "data_elements" in says:
            _edit(path / "dataele.xml", lambda root: _set_data_elements(root, says))
        if "codes" in says:
            _edit(path / "codes.xml", lambda root: _set_codes(root, says["codes"]))
        _set_places(path, says)
    except DifferenceError as error:
        raise DifferenceError(f"{guide.folder / GUIDE_FILE}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        message = f"{guide.folder / GUIDE_FILE}: {type(error).__name__}: {error}"
        raise DifferenceError(message) from error


def _edit(file: Path, change: Callable[[ET.Element], None]) -> None:
    tree = ET.parse(file)  # noqa: S314 - our own file
    change(tree.getroot())
    tree.write(file, encoding="UTF-8", xml_declaration=True)


def _only_keys(entry: Mapping[str, Any], allowed: str, what: str) -> None:
    unknown = set(entry) - set(allowed.split())
    if unknown:
        raise DifferenceError(f"{what}: {', '.join(sorted(unknown))} cannot be said here")


def _set_versions(root: ET.Element, versions: Mapping[str, str]) -> None:
    """Answer to other GS08: each new one to the maps of an old one, and to no other."""
    for group in root.iter("version"):
        for one in list(group.findall("map")):
            if not one.get("fic"):
                continue
            group.remove(one)
            for new, old in versions.items():
                if one.get("vriic") == old:
                    ET.SubElement(group, "map", {**one.attrib, "vriic": new}).text = one.text


def _set_data_elements(root: ET.Element, says: Mapping[str, Any]) -> None:
    known = {str(one.get("ele_num")): one for one in root.iter("data_ele")}
    for number, entry in says["data_elements"].items():
        _only_keys(entry, "type min_length max_length name", f"data_elements.{number}")
        one = known.get(number)
        if one is None:
            one = ET.SubElement(root, "data_ele", {"ele_num": number})
        for key, name in (("type", "data_type"), ("min_length", "min_len"),
                          ("max_length", "max_len"), ("name", "name")):  # fmt: skip
            if key in entry:
                one.set(name, str(entry[key]))
            elif one.get(name) is None:
                raise DifferenceError(f"data_elements.{number} is new and needs {key}")


def _set_codes(root: ET.Element, lists: Mapping[str, Any]) -> None:
    known = {str(one.findtext("id")): one for one in root.iter("codeset")}
    for name, entry in lists.items():
        what = f"codes.{name}"
        _only_keys(entry, "add remove only data_element name", what)
        one = known.get(name)
        if one is None:
            if "only" not in entry or "data_element" not in entry:
                raise DifferenceError(f"{what} is new and needs data_element and only")
            one = ET.SubElement(root, "codeset")
            ET.SubElement(one, "id").text = name
            ET.SubElement(one, "name").text = str(entry.get("name", name))
            ET.SubElement(one, "data_ele").text = str(entry["data_element"])
            ET.SubElement(one, "version")
        version = one.find("version")
        if version is None:
            raise DifferenceError(f"{what} has no version in the guide extended")
        _replace_codes(version, _changed([str(c.text) for c in version], entry, what))


def _changed(codes: list[str], entry: Mapping[str, Any], what: str) -> list[str]:
    """Return a list of codes as an entry changes it."""
    if "only" in entry:
        return [str(code) for code in entry["only"]]
    add, remove = [str(c) for c in entry.get("add", ())], [str(c) for c in entry.get("remove", ())]
    if missing := set(remove) - set(codes):
        raise DifferenceError(f"{what} removes {', '.join(sorted(missing))}, which it has not")
    if twice := set(add) & set(codes):
        raise DifferenceError(f"{what} adds {', '.join(sorted(twice))}, which it has")
    return [code for code in codes if code not in remove] + add


def _replace_codes(parent: ET.Element, codes: list[str]) -> None:
    for one in list(parent):
        parent.remove(one)
    for code in codes:
        ET.SubElement(parent, "code").text = code


def _set_places(path: Path, says: Mapping[str, Any]) -> None:
    """Change elements, segments and loops of the maps; a place that no map has is an error."""
    changes = (("element", _set_element), ("segment", _set_segment), ("loop", _set_loop))
    entries = [(entry, kind, change) for kind, change in changes for entry in says.get(kind, ())]
    if not entries:
        return
    trees = {file: ET.parse(file) for file in sorted(path.glob("[0-9]*.xml"))}  # noqa: S314
    touched: set[Path] = set()
    for entry, kind, change in entries:
        what = f"{kind} {entry['at']}"
        hits = 0
        for file, tree in trees.items():
            root = tree.getroot()
            if root.get("xid") not in entry.get("sets", (root.get("xid"),)):
                continue
            for node in _places(root, kind, str(entry["at"])):
                change(node, entry, what)
                touched.add(file)
                hits += 1
        if not hits:
            raise DifferenceError(f"{what}: no map of the guide extended has this place")
    for file in touched:
        trees[file].write(file, encoding="UTF-8", xml_declaration=True)


def _places(root: ET.Element, kind: str, at: str) -> list[ET.Element]:
    """Return the nodes of a path: the last name, anywhere inside the names before it."""
    kinds = ("element", "composite") if kind == "element" else (kind,)
    start = next(one for one in root.iter("loop") if one.get("xid") == TRANSACTION_LOOP)
    found = [start]
    for name in at.split("/"):
        found = [node for one in found for node in one.iter() if node.get("xid") == name]
    return [node for node in dict.fromkeys(found) if node.tag in kinds]


def _set_usage(node: ET.Element, entry: Mapping[str, Any], what: str) -> None:
    if "usage" in entry:
        if entry["usage"] not in _USAGES:
            raise DifferenceError(f"{what}: usage is R, S or N")
        node.set("usage", str(entry["usage"]))
    if "name" in entry:
        node.set("name", str(entry["name"]))


def _set_element(node: ET.Element, entry: Mapping[str, Any], what: str) -> None:
    _only_keys(entry, "sets at usage name advises only add remove", what)
    _set_usage(node, entry, what)
    lists = node.find("valid_codes")
    if "advises" in entry:
        if lists is not None:
            node.remove(lists)
        ET.SubElement(node, "valid_codes", {"external": str(entry["advises"])})
    elif {"only", "add", "remove"} & set(entry):
        if lists is None:
            lists = ET.SubElement(node, "valid_codes")
        if lists.attrib.pop("external", None) and "only" not in entry:
            raise DifferenceError(f"{what} has a list that advises: change it under [codes]")
        _replace_codes(lists, _changed([str(c.text) for c in lists], entry, what))


def _set_segment(node: ET.Element, entry: Mapping[str, Any], what: str) -> None:
    _only_keys(entry, "sets at usage name max_use syntax insert", what)
    _set_usage(node, entry, what)
    if "max_use" in entry:
        node.set("max_use", str(entry["max_use"]))
    if "syntax" in entry:
        for note in node.findall("syntax"):
            node.remove(note)
        for position, text in enumerate(entry["syntax"]):
            note = ET.Element("syntax")
            note.text = str(text)
            node.insert(position, note)
    for place in entry.get("insert", ()):
        _insert(node, place, what)


def _insert(node: ET.Element, place: Mapping[str, Any], what: str) -> None:
    """Put a new element into a segment; those behind it move one further."""
    _only_keys(place, "at data_element name usage", what)
    at = int(place["at"])
    segment, elements = str(node.get("xid")), [e for e in node if e.tag in ("element", "composite")]
    for number, one in enumerate(elements[at - 1 :], start=at + 1):
        if one.tag == "composite":
            raise DifferenceError(f"{what}: a composite cannot be moved")
        one.set("xid", f"{segment}{number:02d}")
        one.set("seq", f"{number:02d}")
    node.insert(
        list(node).index(elements[at - 1]),
        ET.Element(
            "element",
            {
                "xid": f"{segment}{at:02d}",
                "data_ele": str(place["data_element"]),
                "name": str(place["name"]),
                "usage": str(place.get("usage", "S")),
                "seq": f"{at:02d}",
            },
        ),
    )


def _set_loop(node: ET.Element, entry: Mapping[str, Any], what: str) -> None:
    _only_keys(entry, "sets at usage name repeat", what)
    _set_usage(node, entry, what)
    if "repeat" in entry:
        node.set("repeat", str(entry["repeat"]))
