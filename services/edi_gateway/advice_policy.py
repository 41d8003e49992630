"""Which of our reasons a utility wants to hear by 824, and under which of its codes: profile data.

Most of what we hold is ours to work out and no business of the utility. What only the utility can
put right is told to it: under the code that it knows, at once or after some days.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.documents import AdviceAction
from shared.contracts.parts import Reason


class AdviceRule(BaseModel):
    """How one of our codes is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,4}$")]
    """TED02, from the list that the utility knows (Ameren CPWG codes by default)."""
    after_days: Annotated[int, Field(ge=0, le=365)] = 0
    """How long to wait: usage of an account that is enrolled tomorrow needs no 824 today."""
    action: AdviceAction = AdviceAction.CORRECT_AND_RESEND


class AdvicePolicy(BaseModel):
    """Our codes → what the utility is told, by received set; a code that is not listed stays here.

    There is no place for an 824: an 824 is never answered by an 824.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    usage: dict[str, AdviceRule] = {}
    """867: codes of holds (`TOTAL_MISMATCH`) and of unusable content (`API`)."""
    payments: dict[str, AdviceRule] = {}
    """820: codes of payments held whole, and of unusable content."""

    def rules(self, set_id: str) -> dict[str, AdviceRule]:
        """Return the rules for a received set; none for a set that no 824 is sent on."""
        return {"867": self.usage, "820": self.payments}.get(set_id, {})

    def told(self, set_id: str, reasons: tuple[Reason, ...]) -> tuple[AdviceAction, list[Reason]]:
        """Put reasons that are to be told at once into the utility's codes.

        Returns:
            What is expected of the utility, and its codes with our words; no codes, no 824.
        """
        rules = self.rules(set_id)
        found = [(rules[r.code], r.text) for r in reasons if r.code in rules]
        now = [(rule, text) for rule, text in found if not rule.after_days]
        again = any(rule.action is AdviceAction.CORRECT_AND_RESEND for rule, _ in now)
        action = AdviceAction.CORRECT_AND_RESEND if again else AdviceAction.NOTIFY
        return action, [Reason(code=rule.code, text=text) for rule, text in now]

    def delayed(self, set_id: str) -> dict[str, AdviceRule]:
        """Return the rules that wait."""
        return {code: rule for code, rule in self.rules(set_id).items() if rule.after_days}
