"""Checks one value against its rule: length, signs, codes, numbers, dates and times.

The codes are AK4-03 of the 997 (X12 004010 data element 723).
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from services.edi_gateway.x12.findings import Severity
from services.edi_gateway.x12.policy import Leeway

if TYPE_CHECKING:
    from services.edi_gateway.x12.rules import ElementRule, SegmentRule

MISSING = "1"
CONDITION = "2"
TOO_MANY = "3"
TOO_SHORT = "4"
TOO_LONG = "5"
BAD_CHARACTER = "6"
BAD_CODE = "7"
BAD_DATE = "8"
BAD_TIME = "9"
EXCLUDED = "10"
UNEXPECTED = "2"
"""AK3-04, of a segment that the guide does not use in this place."""

EARLIEST_YEAR = 1800
CENTURY_PIVOT = 50
FORMAT_QUALIFIER = "1250"
FORMATTED_VALUE = "1251"

CHARSET = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"&'()*+,-./:;?=%~@[]_{}\\|<>#$"
)
_NUMBER_SIGNS = frozenset("-.0123456789")
PLAIN_DATE = (
    "(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)"
)
"""CCYYMMDD of 1900 to 2099, leap days left out."""

PLAIN_TIME = "(?:[01][0-9]|2[0-3])[0-5][0-9]"
"""HHMM."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_CHARSET = re.compile(r"""[^A-Za-z0-9!"&'()*+,\-./:;?= %~@\[\]_{}\\|<>#$]""")
_ONLY_HIGH = re.compile(r"""[A-Za-z0-9!"&'()*+,\-./:;?= %~@\[\]_{}\\|<>#$\x80-\xff]*\Z""")
_INTEGER = re.compile(r"-?[0-9]+\Z")
_DECIMAL = re.compile(r"-?[0-9]*(?:\.[0-9]+)?\Z")
_DIGITS = re.compile(r"[0-9]+\Z")


class Problem(NamedTuple):
    """What is wrong in one segment, before it is placed in a document.

    `element` 0 means the segment as a whole. `leeway` names the kind of fault that the partner's
    policy weighs; `severity` is then what holds without a partner.
    """

    severity: Severity
    code: str
    element: int
    component: int
    data_element: str
    value: str
    message: str
    leeway: Leeway | None = None


def value_problems(segment: SegmentRule, rule: ElementRule, value: str) -> list[Problem]:
    """Every problem of one element or component value that was sent."""
    name = f"{segment.id}{rule.number:02d}"

    def problem(
        severity: Severity, code: str, message: str, leeway: Leeway | None = None
    ) -> Problem:
        return Problem(
            severity, code, rule.number, 0, rule.data_element, value, f"{name} {message}", leeway
        )

    if rule.not_used:
        return [problem("error", EXCLUDED, "is not used by this guide.", "unknown_elements")]
    found: list[Problem] = []
    length = _measured_length(rule, value)
    if length < rule.min_length:
        found.append(problem("error", TOO_SHORT, f"'{value}' is shorter than {rule.min_length}."))
    elif length > rule.max_length:
        found.append(problem("error", TOO_LONG, f"'{value}' is longer than {rule.max_length}."))
    if _CONTROL.search(value):
        return [*found, problem("error", BAD_CHARACTER, "holds a control character.")]
    if rule.codes and value not in rule.codes:
        found.append(problem("error", BAD_CODE, f"'{value}' is not an allowed code."))
    elif rule.advised_codes and value not in rule.advised_codes:
        message = f"'{value}' is not a code of this guide."
        found.append(problem("warning", BAD_CODE, message, "unknown_codes"))
    severity, code, message = _type_problem(rule, value)
    if message:
        found.append(problem(severity, code, message))
    return found


def plainly_good(rule: ElementRule, separator: str) -> re.Pattern[str] | None:
    """Return a pattern that only values without any problem match; None when there is none.

    It takes the common case at once; what it does not match is looked at closely. Values held to
    a list of codes have none.
    """
    pattern = plain_pattern(rule, separator)
    return re.compile(pattern + r"\Z") if pattern else None


def plain_pattern(rule: ElementRule, separators: str) -> str:
    """Return the source of such a pattern, open at its end; no separator can be part of a match.

    Empty when there is none. A 29th of February is left to the close look.
    """
    if rule.not_used or rule.codes or rule.advised_codes or set(separators) & _NUMBER_SIGNS:
        return ""
    shortest, longest, kind = rule.min_length, rule.max_length, rule.data_type
    if kind in ("AN", "ID"):
        signs = "".join(re.escape(sign) for sign in CHARSET if sign not in separators)
        blank = "" if " " in separators else " "
        return rf"[{signs}{blank}]{{{shortest - 1},{longest - 1}}}[{signs}]"
    if kind == "R" and shortest == 1 and longest > 1:
        half = longest // 2
        fraction = rf"\.[0-9]{{1,{longest - half}}}"
        return rf"-?(?:[0-9]{{1,{half}}}(?:{fraction})?|{fraction})"
    if kind.startswith("N"):
        return rf"-?[0-9]{{{shortest},{longest}}}"
    if kind == "DT" and shortest == longest == len("CCYYMMDD"):
        return PLAIN_DATE
    return ""


def format_problem(segment: SegmentRule, rule: ElementRule, form: str, value: str) -> list[Problem]:
    """Check a value whose form the element before it names (DTM05 `D8`, `RD8`, `DT`, `TM`)."""
    message = ""
    code = BAD_DATE
    if form in ("D6", "D8", "DT") and not is_date(value, form):
        message = f"'{value}' is no date of form {form}."
    elif form == "RD8" and not _is_date_range(value):
        message = f"'{value}' is no range of dates."
    elif form == "TM" and not is_time(value):
        code, message = BAD_TIME, f"'{value}' is no time."
    if not message:
        return []
    text = f"{segment.id}{rule.number:02d} {message}"
    return [Problem("error", code, rule.number, 0, rule.data_element, value, text)]


def is_date(value: str, form: str = "DT") -> bool:
    """Whether a value is a calendar date: YYMMDD, CCYYMMDD, or (`DT`) CCYYMMDDHHMM."""
    if not _DIGITS.match(value):
        return False
    size = len(value)
    if size not in {"D6": (6,), "D8": (8,)}.get(form, (6, 8, 12)):
        return False
    if size == len("YYMMDD"):
        value = ("20" if int(value[:2]) < CENTURY_PIVOT else "19") + value
    if int(value[:4]) < EARLIEST_YEAR or (size == len("CCYYMMDDHHMM") and not is_time(value[8:])):
        return False
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    except ValueError:
        return False
    return True


def is_time(value: str) -> bool:
    """Whether a value is a time: HHMM, HHMMSS, or with one or two decimals of a second."""
    if not _DIGITS.match(value) or len(value) not in (4, 6, 7, 8):
        return False
    return value[:2] <= "23" and value[2:4] <= "59" and value[4:6] <= "59"


def _is_date_range(value: str) -> bool:
    first, dash, last = value.partition("-")
    return bool(dash) and is_date(first, "D8") and is_date(last, "D8")


def _measured_length(rule: ElementRule, value: str) -> int:
    if rule.data_type == "R" or rule.data_type.startswith("N"):
        return len(value.replace("-", "").replace(".", ""))
    return len(value)


def _type_problem(rule: ElementRule, value: str) -> tuple[Severity, str, str]:
    kind = rule.data_type
    if kind in ("AN", "ID"):
        return _text_problem(rule, value)
    if kind == "R":
        ok, code, what = _DECIMAL.match(value) is not None, BAD_CHARACTER, "decimal number"
    elif kind.startswith("N"):
        ok, code, what = _INTEGER.match(value) is not None, BAD_CHARACTER, "number"
    elif kind == "DT":
        ok, code, what = is_date(value), BAD_DATE, "calendar date"
    elif kind == "TM":
        ok, code, what = is_time(value), BAD_TIME, "time of day"
    else:
        return "error", "", ""
    return "error", code, "" if ok else f"'{value}' is no {what}."


def _text_problem(rule: ElementRule, value: str) -> tuple[Severity, str, str]:
    """Names with accents are readable and only told; anything else outside X12's signs is not."""
    if _NOT_IN_CHARSET.search(value):
        if rule.data_type == "AN" and _ONLY_HIGH.match(value):
            return "warning", BAD_CHARACTER, "holds letters outside the X12 character set."
        return "error", BAD_CHARACTER, "holds a character outside the X12 character set."
    if value.endswith(" ") and len(value.rstrip()) >= rule.min_length:
        return "warning", BAD_CHARACTER, "ends in blanks that should have been left out."
    return "error", "", ""
