"""`ccax calendars …`, `ccax holidays …`, `ccax export-prices …`: what several plans share.

They are versions like plans: imported as drafts, looked through, compared, and activated by another
person. What a folder holds beside them is imported with `ccax tariffs import`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from services.cli_doors import Signed, carry_out, open_rating, reading, signer, writing
from services.cli_tariffs import show_findings
from services.rating.store_activation import (
    CALENDAR_KIND,
    EXPORTS_KIND,
    HOLIDAYS_KIND,
    TariffKey,
    TariffVersionUnknown,
)
from services.rating.store_shared import DATA_MODELS, list_data, load_calendar_book, load_data
from services.rating.store_tariffs import import_files, key_of
from services.rating.tariffs.check import Severity
from services.rating.tariffs.check_shared import check_shared
from services.rating.tariffs.compare import Difference, compare
from services.rating.tariffs.compare_hours import hours_words
from services.rating.tariffs.export import model_json, shared_csv, shared_toml
from services.rating.tariffs.files import (
    PLANS_FOLDER,
    TariffFile,
    TariffFolder,
    read_folder,
    read_shared,
)
from shared.platform.clock import SystemClock
from shared.platform.database import ReadSession

console = Console()

DIFFERENCES_MAX: Final = 60
"""Lines of a comparison; a corrected table of export prices may differ in thousands."""

Files = Annotated[Path, typer.Argument(exists=True, help="A file, or a folder of them.")]
Name = Annotated[str, typer.Argument(help="E.g. SDGE-TOU, or sdge for holidays.")]
Versioned = Annotated[str, typer.Argument(help="A version, or a file of one.")]


class Form(StrEnum):
    """What a version can be written as."""

    TOML = "toml"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class _Shelf:
    """One kind of what plans share.

    Attributes:
        kind: its kind in the database.
        title: what the commands are about.
    """

    kind: str
    title: str

    def read(self, path: Path) -> list[TariffFile]:
        """The versions of this kind in a file, or in a folder."""
        model = DATA_MODELS[self.kind]
        if path.is_file():
            return read_shared(path, model)
        return [file for file in read_folder(path).files if isinstance(file, model)]

    def key(self, name: str, version: str) -> TariffKey:
        """A version of this kind."""
        return TariffKey(self.kind, name, version)


def _group(shelf: _Shelf) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=shelf.title)
    _add_files(group, shelf)
    _add_signing(group, shelf)
    _add_reading(group, shelf)
    return group


def _add_files(group: typer.Typer, shelf: _Shelf) -> None:
    @group.command("import")
    def import_versions(path: Files, signed: Signed = None) -> None:
        """Import versions as drafts; the same again changes nothing."""

        async def work() -> None:
            who = signer(signed)
            async with writing("rating") as session:
                done = await import_files(session, shelf.read(path), SystemClock().now(), who)
            for name in done.imported:
                console.print(f"imported   {name}")
            console.print(f"{len(done.imported)} imported, {len(done.unchanged)} unchanged")
            if done.imported:
                console.print("They are drafts: another person activates them.")

        carry_out(work())

    @group.command("check")
    def check(path: Files = PLANS_FOLDER) -> None:
        """Look through versions for contradictions, also with the plans that name them."""
        found = check_shared(TariffFolder.of(shelf.read(path)), read_folder(PLANS_FOLDER))
        show_findings(found)
        errors = sum(finding.severity is Severity.ERROR for finding in found)
        console.print(f"{errors} errors, {len(found) - errors} warnings")
        if errors:
            raise typer.Exit(1)


def _add_signing(group: typer.Typer, shelf: _Shelf) -> None:
    @group.command("activate")
    def activate(
        name: Name,
        version: str,
        signed: Signed = None,
        reason: Annotated[str, typer.Option(help="Kept with the activation.")] = "",
    ) -> None:
        """Let an imported version count. Whoever imported it cannot."""

        async def work() -> None:
            key = shelf.key(name, version)
            async with open_rating() as rating:
                released = await rating.activate_tariff(key, signer(signed), reason)
            console.print(f"{key.words} is active")
            console.print(f"{released.tried} held tried again, {released.charged} charged")

        carry_out(work())


def _add_reading(group: typer.Typer, shelf: _Shelf) -> None:
    @group.command("list")
    def list_versions() -> None:
        """Show every imported version, and who stands for it."""

        async def work() -> None:
            table = Table("name", "version", "effective", "known", "imported", "active", "source")
            async with reading("rating") as session:
                for one in await list_data(session, [shelf.kind]):
                    table.add_row(
                        *(one.key.name, one.key.version, str(one.effective_from)),
                        *(str(one.known_from), one.imported_by, one.activated_by or "draft"),
                        one.source,
                    )
            console.print(table)

        carry_out(work())

    @group.command("diff")
    def diff(name: Name, before: Versioned, after: Versioned) -> None:
        """Tell two versions apart; each is an imported version, or a file."""
        files = [_in_file(shelf, name, which) for which in (before, after)]

        async def work() -> None:
            async with reading("rating") as session:
                one, other = [
                    file or await _imported(session, shelf.key(name, which))
                    for file, which in zip(files, (before, after), strict=True)
                ]
                book = await load_calendar_book(session)
            _tell(compare(one, other))
            for words in hours_words(one, other, book):
                console.print(words, highlight=False)

        carry_out(work())

    @group.command("export")
    def export(
        name: Name,
        version: str,
        form: Annotated[Form, typer.Option(help="How to write it.")] = Form.TOML,
    ) -> None:
        """Write an imported version as the file it is read from, as JSON, or as a table."""

        async def work() -> None:
            async with reading("rating") as session:
                file = await _imported(session, shelf.key(name, version))
            write = {Form.TOML: shared_toml, Form.JSON: model_json, Form.CSV: shared_csv}[form]
            sys.stdout.write(write(file))

        carry_out(work())


def _in_file(shelf: _Shelf, name: str, which: str) -> TariffFile | None:
    """The latest version of a name in a file; `None` when the words name no file."""
    if not Path(which).is_file():
        return None
    found = [file for file in shelf.read(Path(which)) if key_of(file).name == name]
    if not found:
        raise LookupError(f"{which} has nothing of {name}")
    return found[-1]


async def _imported(session: ReadSession, key: TariffKey) -> TariffFile:
    found = await load_data(session, key)
    if found is None:
        raise TariffVersionUnknown(f"{key.words} was not imported")
    return found


def _tell(differences: Sequence[Difference]) -> None:
    for difference in differences[:DIFFERENCES_MAX]:
        console.print(difference.words, highlight=False)
    if len(differences) > DIFFERENCES_MAX:
        console.print(f"… and {len(differences) - DIFFERENCES_MAX} more")


calendars_app = _group(_Shelf(CALENDAR_KIND, "On-peak hours, in versions."))
holidays_app = _group(_Shelf(HOLIDAYS_KIND, "Holiday lists, in versions."))
exports_app = _group(_Shelf(EXPORTS_KIND, "What exported energy is worth, in versions."))
