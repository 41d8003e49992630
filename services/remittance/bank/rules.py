"""How a utility's deposits are recognised at the bank: its rules as data.

One file for each utility, `shared/partners/<utility>/bank.toml`; a utility without one is matched
by the defaults of the trade.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

PARTNERS_FOLDER: Final = Path(__file__).parents[3] / "shared" / "partners"
FILE_NAME: Final = "bank.toml"

Days = Annotated[int, Field(ge=0, le=60)]


class BankRules(BaseModel):
    """How a deposit without a trace number finds its 820, and when one of the two is late.

    Attributes:
        days_before: how long before the settlement day (BPR16) a deposit may be booked.
        days_after: how long after it.
        late_after_days: a payment without its deposit, or a deposit without its 820, that is
            older than this is late.
        originators: words of the bank by which the utility's deposits are known, in upper case;
            none: whatever comes into the account is expected to be the utility's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days_before: Days = 1
    days_after: Days = 5
    late_after_days: Days = 3
    originators: tuple[Annotated[str, Field(min_length=2, max_length=40)], ...] = ()

    def expects(self, cents: int, words: str) -> bool:
        """Whether a movement looks like the utility's, so that an 820 should announce it.

        Args:
            cents: what came in, or, negative, went out.
            words: what the bank says about it.
        """
        if not self.originators:
            return cents > 0
        spoken = words.upper()
        return any(word in spoken for word in self.originators)


@cache
def bank_rules_of(utility: str, folder: Path = PARTNERS_FOLDER) -> BankRules:
    """Return the rules of a utility.

    Raises:
        ValidationError: its file says something that cannot be meant.
    """
    path = folder / utility / FILE_NAME
    if not path.is_file():
        return BankRules()
    return BankRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
