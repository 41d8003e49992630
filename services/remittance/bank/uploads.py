"""Reads a bank file out of a form that a browser or a program sends."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from services.remittance.bank.reading import FILE_BYTES_MAX
from shared.platform.refusals import Refusal
from shared.platform.web.edge import BODY_LIMIT

FORM_BYTES: Final = 16 * 1024
"""Room for the form around the file."""
NAME_LETTERS_MAX: Final = 120
FIELDS_MAX: Final = 6
WRONG_TYPE: Final = 415


class NoFile(Refusal):
    """The form holds no file."""

    code: ClassVar[str] = "no_bank_file"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The form holds no file"


def allow_file(request: Request) -> None:
    """Let a body in that is as large as a bank file may be; asked before the body is read.

    Raises:
        HTTPException: it is no form with a file.
    """
    setattr(request.state, BODY_LIMIT, FILE_BYTES_MAX + FORM_BYTES)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(
            WRONG_TYPE, "Send the file as multipart/form-data, in a field named file."
        )


async def file_of(form: FormData) -> tuple[bytes, str]:
    """Return the bytes and the name of the form's file.

    Raises:
        NoFile: there is none, or it is empty.
    """
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.size:
        raise NoFile("The form has no field `file` with a file in it, or the file is empty.")
    return await sent.read(), shown_name(sent.filename or "")


def shown_name(path: str) -> str:
    """Return what a file is called in lists: the last part of its name, printable and not long."""
    last = PurePosixPath(path.replace("\\", "/")).name
    printable = "".join(letter for letter in last if letter.isprintable()).strip()
    return printable[:NAME_LETTERS_MAX] or "unnamed"
