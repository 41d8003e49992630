"""`ccax validate` and `ccax explain`: what is wrong with a file of X12, and what it says.

Both need neither database nor settings: a file, our guides, and words for the person who holds it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from services.edi_gateway.explaining import (
    NOT_IN_THE_MAP,
    ExplainedElement,
    ExplainedSegment,
    ExplainedTransaction,
    code_in_words,
)
from services.edi_gateway.partners import UnknownPartnerError, load_partners
from services.edi_gateway.validating import (
    Checked,
    CheckedTransaction,
    ExplainedFile,
    Quoted,
    Status,
    Tally,
    Terms,
    check_file,
    explain_file,
)
from services.edi_gateway.x12 import Finding
from services.edi_gateway.x12.guide import reference_verdict
from shared.contracts.parts import Reason

PROGRESS_BYTES: Final = 4 * 1024 * 1024
"""From this size on, a terminal is shown how far the check has come."""

SHOWN_MAX: Final = 200
"""So many findings are told in words; `--json` tells them all."""

NAME_WIDTH: Final = 44
VALUE_WIDTH: Final = 24

console = Console(highlight=False, soft_wrap=True)
told_apart = Console(stderr=True, highlight=False, soft_wrap=True)

FilePath = Annotated[Path, typer.Argument(metavar="FILE", help="A file of X12.")]
Utility = Annotated[
    str | None,
    typer.Option(
        help="Check as if this utility had sent it (pge, sce, sdge): its guide, its policy on "
        "wrong counts, and the content too. Left out: the default guide, syntax alone."
    ),
]


def register(app: typer.Typer) -> None:
    """Put both commands into the command line."""
    app.command()(validate)
    app.command()(explain)


def validate(
    file: FilePath,
    *,
    utility: Utility = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object a line: each finding, at last the summary."),
    ] = False,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="Ask pyx12's own walker too; slow, 3 seconds a megabyte."),
    ] = False,
) -> None:
    """Check a file of X12 and say in words what is wrong, where, and with which 997 code.

    Exit status: 0 clean (warnings may be told), 1 something would be rejected or set aside,
    2 the file cannot be read or is not X12.
    """
    terms, tally = _terms(utility), Tally()
    try:
        with _progress(file) as told:
            parts = check_file(file, terms, tally, told)
            if as_json:
                _write_json(parts, terms)
            else:
                _tell(parts, terms)
        pyx12 = _ask_reference(file, terms, tally) if reference and not tally.refusal else None
    except OSError as error:
        raise _unreadable(file, error) from error
    if as_json:
        _write_line({"kind": "summary", **_summary(tally, terms), "reference": pyx12})
    else:
        _sum_up(file, tally, terms, pyx12)
    raise typer.Exit(tally.status)


def explain(
    file: FilePath,
    *,
    transaction: Annotated[
        int | None, typer.Option(min=1, help="Only this one, counted from 1 over the whole file.")
    ] = None,
    utility: Utility = None,
) -> None:
    """Show every segment of a file with its name, its elements, and what their codes mean.

    Exit status: 0 explained, 2 the file cannot be read, is not X12, or has no such transaction.
    """
    terms = _terms(utility)
    try:
        for part in explain_file(file, terms, transaction):
            if isinstance(part, ExplainedFile):
                _refuse(file, part, transaction)
            elif isinstance(part, ExplainedTransaction):
                _show_transaction(part, terms)
            elif isinstance(part, ExplainedSegment):
                _print(_segment_text(part, terms))
            else:
                _print(_finding_text(part, terms))
    except OSError as error:
        raise _unreadable(file, error) from error


def _terms(utility: str | None) -> Terms:
    if utility is None:
        return Terms.of(None)
    book = load_partners()
    try:
        return Terms.of(book.partner(utility))
    except UnknownPartnerError:
        known = ", ".join(profile.code for profile in book.utilities)
        message = f"{utility!r} is no utility of ours; there are {known}."
        raise typer.BadParameter(message, param_hint="--utility") from None


def _unreadable(file: Path, error: OSError) -> typer.Exit:
    told_apart.print(f"{file}: {error.strerror or error}", markup=False, style="red")
    return typer.Exit(Status.UNREADABLE)


def _refuse(file: Path, found: ExplainedFile, wanted: int | None) -> None:
    """Say so and end when there is nothing to explain."""
    if found.refusal:
        message = found.refusal
    elif wanted is not None and wanted > found.transactions:
        message = f"There are {found.transactions} transactions, so there is no number {wanted}."
    else:
        return
    told_apart.print(f"{file}: {message}", markup=False, style="red")
    raise typer.Exit(Status.UNREADABLE)


class _Told:
    """Moves the bar on, if there is one."""

    def __init__(self, bar: Progress | None, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("checking", total=total) if bar else None

    def __call__(self, done: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done)


@contextmanager
def _progress(file: Path) -> Iterator[_Told]:
    """Show a bar for a large file, on a terminal only, and apart from what is told."""
    size = file.stat().st_size
    if size < PROGRESS_BYTES or not told_apart.is_terminal:
        yield _Told(None, size)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=told_apart, transient=True) as bar:
        yield _Told(bar, size)


def _tell(parts: Iterable[Checked], terms: Terms) -> None:
    shown = left_out = 0
    for part in parts:
        lines = [_finding_text(quoted.finding, terms, quoted.text) for quoted in part.findings]
        if isinstance(part, CheckedTransaction):
            lines += [_reason_text(part, reason) for reason in part.reasons]
        for line in lines:
            if shown < SHOWN_MAX:
                shown += 1
                console.print(line)
            else:
                left_out += 1
    if left_out:
        console.print(f"… and {left_out:,} more; --json tells them all.", style="bold")


def _finding_text(finding: Finding, terms: Terms, quote: str = "") -> Text:
    """Two or three lines: what weight and where, the sentence, the segment as sent."""
    style = "bold red" if finding.is_error else "yellow"
    text = Text()
    text.append(f"{finding.severity.upper():8}", style)
    text.append(f"{finding.place}  byte {finding.byte_offset:,}  ")
    text.append(f"({code_in_words(finding, terms.guide.name)})\n", "dim")
    text.append(f"{'':8}{finding.message}")
    if quote:
        text.append(f"\n{'':8}{quote}", "cyan")
    return text


def _reason_text(part: CheckedTransaction, reason: Reason) -> Text:
    text = Text()
    text.append(f"{'ASIDE':8}", "bold red")
    text.append(f"{part.place}  control number {part.control_number}  ")
    text.append(f"({reason.code})\n", "dim")
    text.append(f"{'':8}{reason.text}")
    return text


def _ask_reference(file: Path, terms: Terms, tally: Tally) -> dict[str, Any]:
    verdict = reference_verdict(file.read_bytes(), terms.guide.name, terms.guide.folder)
    return {
        "accepted": verdict.accepted,
        "fault": verdict.fault or None,
        "agrees": verdict.accepted is (tally.errors == 0),
    }


def _summary(tally: Tally, terms: Terms) -> dict[str, Any]:
    return {
        "guide": terms.guide.name,
        "utility": terms.partner.profile.code if terms.partner else None,
        "status": int(tally.status),
        **asdict(tally),
        "refusal": tally.refusal or None,
    }


def _sum_up(file: Path, tally: Tally, terms: Terms, pyx12: dict[str, Any] | None) -> None:
    if tally.refusal:
        console.print(f"{file}: not readable as X12.", style="bold red", markup=False)
        return
    sets = ", ".join(f"{number:,} × {set_id}" for set_id, number in sorted(tally.sets.items()))
    text = Text(f"{file}: {_count(tally.segments, 'segment')}, ")
    text.append(_count(tally.transactions, "transaction"))
    text.append(f" ({sets})" if sets else "")
    text.append(f", guide {terms.guide.name}\n")
    good = tally.status is Status.CLEAN
    text.append("clean" if good else "not clean", "bold green" if good else "bold red")
    text.append(f": {tally.rejected:,} would be rejected, ")
    if terms.partner is not None:
        text.append(f"{tally.set_aside:,} set aside for their content, ")
    text.append(f"{_count(tally.errors, 'error')}, {_count(tally.warnings, 'warning')}")
    if pyx12 is not None:
        said = "accepts" if pyx12["accepted"] else "rejects"
        agrees = "agrees" if pyx12["agrees"] else "DIFFERS"
        text.append(f"\npyx12 {said} the file: it {agrees}", "" if pyx12["agrees"] else "bold red")
        if pyx12["fault"]:
            text.append(f" (its walker broke down: {pyx12['fault']})")
    console.print(text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _write_json(parts: Iterable[Checked], terms: Terms) -> None:
    for part in parts:
        for quoted in part.findings:
            _write_line(_finding_json(quoted, part, terms))
        if isinstance(part, CheckedTransaction):
            for reason in part.reasons:
                _write_line(
                    {
                        "kind": "reason",
                        "transaction": part.place,
                        "control_number": part.control_number,
                        "code": reason.code,
                        "text": reason.text,
                    }
                )


def _finding_json(quoted: Quoted, part: Checked, terms: Terms) -> dict[str, Any]:
    inside = isinstance(part, CheckedTransaction)
    return {
        "kind": "finding",
        "transaction": part.place if inside else None,
        "control_number": part.control_number if isinstance(part, CheckedTransaction) else None,
        **asdict(quoted.finding),
        "code_in_words": code_in_words(quoted.finding, terms.guide.name),
        "segment": quoted.text or None,
    }


def _write_line(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _show_transaction(part: ExplainedTransaction, terms: Terms) -> None:
    _print(Text())
    for segment in part.segments:
        _print(_segment_text(segment, terms))
    for finding in part.elsewhere:
        _print(_finding_text(finding, terms))
    _print(Text())


def _print(text: Text) -> None:
    """Print lines; where nobody sees colours, without the price of looking for them."""
    if console.is_terminal:
        console.print(text)
    else:
        sys.stdout.write(text.plain + "\n")


def _segment_text(segment: ExplainedSegment, terms: Terms) -> Text:
    """The segment's number, name and place, what was sent, then a line for each element."""
    number = f"{segment.position}" if segment.position else ""
    text = Text(f"{number:>5} ", "dim")
    text.append(f"{segment.id:4}", "bold")
    text.append(segment.name or NOT_IN_THE_MAP, "" if segment.known else "yellow")
    where = f" · in {segment.loop}" if segment.loop else ""
    text.append(f"{where} · byte {segment.start:,}\n", "dim")
    text.append(f"{'':10}{segment.text}", "cyan")
    for finding in segment.findings:
        text.append("\n")
        text.append_text(_remark(finding, terms))
    for element in segment.elements:
        text.append("\n")
        text.append_text(_element_text(element, terms))
    return text


def _element_text(element: ExplainedElement, terms: Terms) -> Text:
    text = Text(f"{'':10}{element.place:9} ", "dim")
    text.append(f"{element.name[:NAME_WIDTH]:{NAME_WIDTH}} ")
    if element.meaning:
        text.append(f"{element.value:{VALUE_WIDTH}} ", "bold")
        text.append(element.meaning, "green")
    elif element.value:
        text.append(element.value, "bold")
    else:
        text.append("not sent", "yellow")
    for finding in element.findings:
        text.append("\n")
        text.append_text(_remark(finding, terms))
    return text


def _remark(finding: Finding, terms: Terms) -> Text:
    text = Text(f"{'':10}")
    style = "bold red" if finding.is_error else "yellow"
    text.append(f"^ {finding.severity.upper()}: {finding.message}", style)
    text.append(f" ({code_in_words(finding, terms.guide.name)})", "dim")
    return text
