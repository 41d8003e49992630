"""Names the utilities, their CCAs, towns and rates that the simulated world is made of.

Utilities and towns are real, since rates and taxes hang on them; DUNS numbers of CCAs, people,
streets' house numbers and account numbers are invented. Plain data, kept apart from the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PEAK: Final = "42"
MID: Final = "43"
OFF: Final = "41"
SUPER_OFF: Final = "45"
TOTAL: Final = "51"

SUMMER_MONTHS: Final = {"pge": range(6, 10), "sce": range(6, 10), "sdge": range(6, 11)}


@dataclass(frozen=True, slots=True)
class Rate:
    """A utility rate code with the time-of-use buckets (MEA07) it reports in each season.

    Each bucket carries its usual share of the month in percent; a rate without buckets reports
    only the total.
    """

    code: str
    weight: int
    summer: tuple[tuple[str, int], ...] = ()
    winter: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Town:
    """A town of a CCA's territory."""

    city: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Cca:
    """A Community Choice Aggregator as the utility knows it (N1*SJ)."""

    key: str
    name: str
    duns: str
    weight: int
    towns: tuple[Town, ...]
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class UtilityIdentity:
    """A utility as the back office knows it (N1*8S, ISA06 with qualifier 01, GS02)."""

    key: str
    name: str
    duns: str
    account_prefix: str
    ccas: tuple[Cca, ...]


_E_TOU_C = Rate("E-TOU-C", 70, ((PEAK, 28), (OFF, 72)), ((PEAK, 24), (OFF, 76)))
_EV2_A = Rate("EV2-A", 20, ((PEAK, 18), (MID, 17), (OFF, 65)), ((PEAK, 20), (MID, 18), (OFF, 62)))
_E_1 = Rate("E-1", 10)
_TOU_D_4_9PM = Rate(
    "TOU-D-4-9PM",
    100,
    ((PEAK, 24), (MID, 9), (OFF, 67)),
    ((MID, 29), (OFF, 37), (SUPER_OFF, 34)),
)
_TOU_DR1 = Rate(
    "TOU-DR1",
    100,
    ((PEAK, 27), (OFF, 41), (SUPER_OFF, 32)),
    ((PEAK, 25), (OFF, 43), (SUPER_OFF, 32)),
)

UTILITIES: Final = {
    "pge": UtilityIdentity(
        key="pge",
        name="PACIFIC GAS AND ELECTRIC",
        duns="006912877",
        account_prefix="4",
        ccas=(
            Cca(
                "mce",
                "MARIN CLEAN ENERGY",
                "968500001",
                70,
                (Town("SAN RAFAEL", "94901"), Town("RICHMOND", "94804")),
                (_E_TOU_C, _EV2_A),
            ),
            Cca(
                "3ce",
                "CENTRAL COAST COMMUNITY ENERGY",
                "968500002",
                20,
                (Town("SANTA CRUZ", "95060"), Town("MARINA", "93933")),
                (_E_TOU_C, _E_1),
            ),
            Cca(
                "pce",
                "PENINSULA CLEAN ENERGY",
                "968500003",
                10,
                (Town("REDWOOD CITY", "94063"), Town("SAN MATEO", "94401")),
                (_E_TOU_C, _EV2_A),
            ),
        ),
    ),
    "sce": UtilityIdentity(
        key="sce",
        name="SOUTHERN CALIFORNIA EDISON",
        duns="006908818",
        account_prefix="7",
        ccas=(
            Cca(
                "cpa",
                "CLEAN POWER ALLIANCE",
                "968500004",
                100,
                (Town("CAMARILLO", "93010"), Town("SANTA MONICA", "90401")),
                (_TOU_D_4_9PM,),
            ),
        ),
    ),
    "sdge": UtilityIdentity(
        key="sdge",
        name="SAN DIEGO GAS AND ELECTRIC",
        duns="006911457",
        account_prefix="2",
        ccas=(
            Cca(
                "sdcp",
                "SAN DIEGO COMMUNITY POWER",
                "968500005",
                100,
                (Town("SAN DIEGO", "92101"), Town("CARLSBAD", "92008")),
                (_TOU_DR1,),
            ),
        ),
    ),
}

BACK_OFFICE: Final = "CCAEXCHANGE"
"""The back office's ISA id (qualifier ZZ) and GS id."""

GIVEN_NAMES: Final = (
    *("ADA", "BRUNO", "CELIA", "DARIUS", "ELENA", "FELIX", "GRETA", "HUGO", "INES", "JONAS"),
    *("KAIA", "LEON", "MIRA", "NOAH", "OPAL", "PIA", "QUINN", "ROSA", "SAUL", "TESSA"),
    *("UMA", "VIDAL", "WREN", "XENIA", "YARA", "ZENO"),
)
FAMILY_NAMES: Final = (
    *("ALDERTON", "BRACKWATER", "CINDERLY", "DUNMERE", "ELMSWORTH", "FENWICKE", "GARROWAY"),
    *("HALLOWBY", "IRONWELL", "JUNIPERO", "KESTRELL", "LARKMEAD", "MOSSGROVE", "NIGHTJAR"),
    *("OAKENSHAW", "PELLINORE", "QUILLFORD", "REDFERNE", "SALTMARSH", "THISTLEDOWN"),
    *("UNDERBOUGH", "VALEWOOD", "WINDERMOOR", "YARROWBY"),
)
BUSINESS_NAMES: Final = (
    *("TIDEPOOL BAKERY", "LANTERN BOOKS", "COBALT CYCLES", "POPPYFIELD NURSERY"),
    *("SEVEN GULLS CAFE", "OLD PIER CANNERY", "BLUE HERON DENTAL", "REDWOOD LAUNDRY"),
)
STREETS: Final = (
    *("BLUE JAY WAY", "CANNERY ROW LN", "DRIFTWOOD CT", "EUCALYPTUS AVE", "FOGHORN DR"),
    *("GOLDEN POPPY ST", "HARBOR LIGHT RD", "IRONWOOD PL", "JACARANDA ST", "KELP FOREST WAY"),
    *("LUPINE AVE", "MANZANITA DR", "NAUTILUS CT", "OTTER POINT RD", "PELICAN ST"),
)
