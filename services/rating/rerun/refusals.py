"""Why a job of re-rating is not done as asked."""

from __future__ import annotations

from typing import ClassVar

from shared.platform.refusals import Refusal


class RerunUnknown(Refusal):
    """There is no such job in this scope."""

    code: ClassVar[str] = "RERUN_UNKNOWN"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such job"


class SubmitKeyTaken(Refusal):
    """The same key came before with another question."""

    code: ClassVar[str] = "SUBMIT_KEY_TAKEN"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This key was used for something else"


class RerunNotReady(Refusal):
    """The job's state does not allow it."""

    code: ClassVar[str] = "RERUN_NOT_READY"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The job is not at that point"


class RerunNeedsAnother(Refusal):
    """More money moves than one person may decide alone."""

    code: ClassVar[str] = "RERUN_NEEDS_SECOND_PERSON"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another person must start this job"


class PlanCodeUnknown(Refusal):
    """No active plan of the CCA names the code that a rate code shall stand for."""

    code: ClassVar[str] = "PLAN_CODE_UNKNOWN"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "No plan knows this code"


class RateCodeHasPlan(Refusal):
    """A plan names the rate code itself; a mapping would hide it."""

    code: ClassVar[str] = "RATE_CODE_HAS_PLAN"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "A plan is for this rate code already"
