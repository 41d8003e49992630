"""What differs from one utility to the next, as typed and checked values.

A translator asks the profile and never the utility's name, so that adding a utility is adding data.
The files themselves are read by `partners.py`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.edi_gateway.advice_policy import AdvicePolicy
from services.edi_gateway.x12 import Anchor, IntervalLayout, Policy
from services.edi_gateway.x12.policy import Weight
from shared.contracts.parts import CcaCode, Environment, Identifier, Text, UtilityCode
from shared.contracts.usage import Bucket, HistoryLevel, Unit

DUNS_LENGTH: Final = 9
DUNS_PLUS_FOUR_LENGTH: Final = 13


def normalise_duns(text: str, *, plus_four: bool = True) -> str | None:
    """Return the nine digits of a DUNS as partners write it, or None when it is none.

    Padding is dropped, leading zeros that a spreadsheet swallowed are put back, and the suffix of
    a DUNS+4 is cut off when `plus_four` allows that form.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) <= DUNS_LENGTH:
        return digits.zfill(DUNS_LENGTH)
    if plus_four and len(digits) <= DUNS_PLUS_FOUR_LENGTH:
        return digits.zfill(DUNS_PLUS_FOUR_LENGTH)[:DUNS_LENGTH]
    return None


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone")
    return name


def _different_signs(signs: tuple[str, str, str]) -> tuple[str, str, str]:
    if len(set(signs)) != len(signs) or any(len(s) != 1 or s.isalnum() or s == " " for s in signs):
        raise ValueError("element, component and terminator are three different single signs")
    return signs


Duns = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
IsaId = Annotated[str, Field(pattern=r"^[ -~]{1,15}$")]
GsId = Annotated[str, Field(pattern=r"^[ -~]{2,15}$")]
Signs = Annotated[tuple[str, str, str], AfterValidator(_different_signs)]


class PartnerData(BaseModel):
    """A frozen piece of a partner file; a field that nobody knows is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(PartnerData):
    """How a party names itself in an envelope: ISA05/06 (or 07/08) and GS02 (or 03)."""

    isa_qualifier: Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
    isa_id: IsaId
    gs_id: GsId


class Identities(PartnerData):
    """The same party in test and in production."""

    test: Identity
    production: Identity

    def in_(self, environment: Environment) -> Identity:
        """Return the identity for one environment."""
        return self.test if environment is Environment.TEST else self.production


class Outbound(PartnerData):
    """How the files we send are written."""

    delimiters: Signs
    """Element, component, segment terminator."""
    line_break: Literal["", "\n", "\r\n"]


class Strictness(StrEnum):
    """What a small fault does: refuse what it is found in, or only be told with it."""

    STRICT = "strict"
    WARN = "warn"

    @property
    def weight(self) -> Weight:
        """The same in the words of the codec."""
        return "error" if self is Strictness.STRICT else "warning"


class PeriodEnd(StrEnum):
    """What DTM*151 means: the next period's first day, or the last day of this one."""

    SHARED = "shared"
    INCLUSIVE = "inclusive"


class ReadingRules(PartnerData):
    """How inbound files are taken; what each kind of fault means stands at `x12.Policy`."""

    unknown_codes: Strictness
    unknown_segments: Strictness
    unknown_elements: Strictness
    wrong_counts: Strictness
    control_numbers: Strictness
    all_or_nothing: bool
    """Whether one bad transaction refuses its whole group; nothing of that group is applied."""
    period_end: PeriodEnd

    @property
    def policy(self) -> Policy:
        """The same in the words of the codec."""
        return Policy(
            unknown_codes=self.unknown_codes.weight,
            unknown_segments=self.unknown_segments.weight,
            unknown_elements=self.unknown_elements.weight,
            wrong_counts=self.wrong_counts.weight,
            control_numbers=self.control_numbers.weight,
        )


class QuantityMeaning(StrEnum):
    """What QTY01 says of a quantity."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    RECEIVED = "received"
    RECEIVED_ESTIMATED = "received_estimated"
    IGNORED = "ignored"

    @property
    def estimated(self) -> bool:
        """Whether the utility estimated the quantity."""
        return self in {QuantityMeaning.ESTIMATED, QuantityMeaning.RECEIVED_ESTIMATED}

    @property
    def received(self) -> bool:
        """Whether the quantity flowed from the customer's generation onto the grid."""
        return self in {QuantityMeaning.RECEIVED, QuantityMeaning.RECEIVED_ESTIMATED}


class ReadingMeaning(StrEnum):
    """What QTY01 of an interval says of its reading."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"


class IntervalRules(PartnerData):
    """How this utility sends interval usage (867 with BPT04 = C1)."""

    anchor: Anchor
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    """The clock of its stamps: prevailing local time, or standard time all year (`Etc/GMT+8`)."""
    unit: Annotated[str, Field(pattern=r"^[A-Z0-9]{2}$")]
    """Component 1 of QTY03, and the first two signs of REF*MT."""
    received_suffix: Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]
    """What REF*MT ends with on a channel of generation put onto the grid."""
    qualities: Annotated[dict[str, ReadingMeaning], Field(min_length=1)]

    @property
    def layout(self) -> IntervalLayout:
        """The same in the words of the codec; a mark of 1 is an estimate."""
        marks = tuple(
            (code, int(meaning is ReadingMeaning.ESTIMATED))
            for code, meaning in self.qualities.items()
        )
        return IntervalLayout(self.anchor, self.time_zone, marks, self.unit, self.received_suffix)


class UsageRules(PartnerData):
    """What the codes of this utility's 867 mean."""

    meter_loops: frozenset[str]
    unmetered_loops: frozenset[str]
    """Loops of service without a meter; they are meter loops too."""
    summary_loops: frozenset[str]
    history_loops: Annotated[dict[str, HistoryLevel], Field(min_length=1)]
    """PTD01 of usage history (BPT01 52), where the same code may mean something else."""
    buckets: dict[str, Bucket]
    units: dict[str, Unit]
    quantities: dict[str, QuantityMeaning]
    intervals: IntervalRules

    @model_validator(mode="after")
    def _one_meaning_for_a_loop(self) -> Self:
        both = self.meter_loops & self.summary_loops
        if both:
            raise ValueError(f"PTD01 {sorted(both)} is a meter loop and a summary loop")
        if not self.unmetered_loops <= self.meter_loops:
            raise ValueError("every loop of unmetered service is a meter loop")
        return self


class SignRule(StrEnum):
    """Where the sign of an 810 line stands: in SAC01 (C or A), or in SAC05."""

    INDICATOR = "indicator"
    SIGNED = "signed"


class ChargeRules(PartnerData):
    """How our 810 must look for this utility."""

    label_max: Annotated[int, Field(ge=1, le=80)]
    lines_per_item: Annotated[int, Field(ge=1, le=25)]
    taxes_per_item: Annotated[int, Field(ge=1, le=10)]
    sign: SignRule


class AdjustmentRule(StrEnum):
    """Whether RMR08 is money: told beside what RMR04 pays, or added to it in BPR02."""

    TOLD = "told"
    ADDED = "added"


class FeeRule(StrEnum):
    """How ADX01 counts in BPR02: added with its sign, or written as what is taken off."""

    ADDED = "added"
    SUBTRACTED = "subtracted"


class PaymentRules(PartnerData):
    """How the sums of this utility's 820 are made (project convention until its guide says)."""

    adjustments: AdjustmentRule = AdjustmentRule.TOLD
    fees: FeeRule = FeeRule.ADDED


class BillWindow(PartnerData):
    """How long our 810 may take: business days after the 867, and the last day's hour."""

    business_days: Annotated[int, Field(ge=1, le=30)]
    cut_off_hour: Annotated[int, Field(ge=0, le=23)]
    holidays: Identifier
    """The name of the holiday calendar."""


class RemoteServer(PartnerData):
    """The utility's own SFTP server, if we are to call it; else it comes to our mailbox."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    user: str
    host_key_file: str
    """Its public key as an OpenSSH line, agreed beforehand; a path, relative to the profile."""
    fetch_from: str = "/outbound"
    """The folder there whose files are for us."""
    deliver_to: str = "/inbound"
    """The folder there that we put files into."""

    @property
    def mailbox_only(self) -> bool:
        """Whether the utility fetches and leaves files with us."""
        return not self.host

    @model_validator(mode="after")
    def _complete_or_empty(self) -> Self:
        if self.host and not (self.user and self.host_key_file):
            raise ValueError("a remote server needs a user and a host_key_file")
        return self


class UtilityProfile(PartnerData):
    """Everything that differs from one utility to the next."""

    code: UtilityCode
    name: Text
    duns: Duns
    duns_plus_four: bool
    guide: Identifier
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    identity: Identities
    outbound: Outbound
    reading: ReadingRules
    usage: UsageRules
    charges: ChargeRules
    payments: PaymentRules = PaymentRules()
    advice: AdvicePolicy
    bill_window: BillWindow
    sftp: RemoteServer

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this utility's dates are meant."""
        return ZoneInfo(self.time_zone)

    def is_duns(self, text: str) -> bool:
        """Tell whether `text` is this utility's DUNS, in any form the profile accepts."""
        return normalise_duns(text, plus_four=self.duns_plus_four) == self.duns

    def signs_as(self, identity: Identity, qualifier: str, isa_id: str) -> bool:
        """Tell whether an envelope's sender is this utility under `identity`."""
        if isa_id.strip() == identity.isa_id:
            return qualifier.strip() == identity.isa_qualifier or self.is_duns(isa_id)
        return identity.isa_id == self.duns and self.is_duns(isa_id)


class Cca(PartnerData):
    """A Community Choice Aggregator we trade for; `products` begins with the default one."""

    code: CcaCode
    name: Text
    duns: Duns
    utility: UtilityCode
    products: Annotated[tuple[Identifier, ...], Field(min_length=1)]


class TradingPartner(PartnerData):
    """One utility and the CCAs it serves: all that a translator needs to know (pickles)."""

    profile: UtilityProfile
    ccas: tuple[Cca, ...]

    def cca_by_duns(self, text: str) -> Cca | None:
        """Return the CCA that this utility names by a DUNS (or DUNS+4, if it may)."""
        duns = normalise_duns(text, plus_four=self.profile.duns_plus_four)
        return next((cca for cca in self.ccas if cca.duns == duns), None)
