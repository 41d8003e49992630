"""Sample documents for the codec's tests, and the plainest possible way to put them in a file.

The envelope here is written by hand, not by our writer, so that a fault in the writer cannot hide
one in the reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.edi_gateway.x12 import ReadTransaction, load_guide, read_transaction, scan

FIXTURES = Path(__file__).parents[3] / "fixtures" / "x12" / "uig_004010"

FUNCTIONAL_IDS = {
    "248": "SU",
    "810": "IN",
    "814": "GE",
    "820": "RA",
    "824": "AG",
    "867": "PT",
    "997": "FA",
    "999": "FA",
}
VERSIONS = {"999": "005010"}
"""GS08 of the sets that are not of 004010."""

USAGE = """BPT*00*U1*20261101*DD
DTM*649*20261105
REF*12*1234567890
REF*Q5**9876543210
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
N1*8R*JANE DOE
PTD*PM***OZ*EL
DTM*150*20261001
DTM*151*20261031
REF*MG*M100
REF*MT*KHMON
QTY*QD*402*KH
MEA*AA*PRQ*402*KH*1000*1402*51
MEA*AA*PRQ*102*KH***42
MEA*AA*PRQ*300*KH***41"""


@dataclass(frozen=True, slots=True)
class Signs:
    """The separators to write a sample with; `ending` follows each terminator."""

    element: str = "*"
    component: str = ">"
    segment: str = "~"
    ending: str = "\n"


def transaction(body: str, number: str = "0001", set_id: str = "867") -> list[str]:
    """ST, the lines of `body`, and an SE that counts right."""
    lines = [line for line in body.strip().splitlines() if line]
    return [f"ST*{set_id}*{number}", *lines, f"SE*{len(lines) + 2}*{number}"]


def group(
    transactions: list[list[str]],
    functional_id: str = "PT",
    number: str = "1",
    version: str = "004010",
) -> list[str]:
    """GS, the transactions, and a GE that counts right."""
    return [
        f"GS*{functional_id}*006912877*CCAEXCHANGE*20261122*1200*{number}*X*{version}",
        *(segment for one in transactions for segment in one),
        f"GE*{len(transactions)}*{number}",
    ]


def isa(number: str = "000000001", *, usage: str = "T", ack: str = "0", isa11: str = "U") -> str:
    """Return an ISA of the fixed width, its component separator still to be added."""
    return (
        f"ISA*00*{'':10}*00*{'':10}*01*{'006912877':15}*ZZ*{'CCAEXCHANGE':15}"
        f"*261122*1200*{isa11}*00401*{number}*{ack}*{usage}*"
    )


def interchange(groups: list[list[str]], number: str = "000000001", head: str = "") -> list[str]:
    """ISA, the groups, and an IEA that counts right."""
    return [
        head or isa(number),
        *(segment for one in groups for segment in one),
        f"IEA*{len(groups)}*{number}",
    ]


def written(segments: list[str], signs: Signs | None = None) -> bytes:
    """Write the segments, given with `*` and `>`, in other signs."""
    signs = signs or Signs()
    table = str.maketrans({"*": signs.element, ">": signs.component})
    parts = [
        segment.translate(table) + (signs.component if segment.startswith("ISA*") else "")
        for segment in segments
    ]
    return "".join(f"{part}{signs.segment}{signs.ending}" for part in parts).encode("latin-1")


def usage_file(*bodies: str, signs: Signs | None = None) -> bytes:
    """Return a clean file of 867 transactions in one group."""
    sets = [transaction(body, f"{n:04d}") for n, body in enumerate(bodies or (USAGE,), start=1)]
    return written(interchange([group(sets)]), signs)


def set_file(set_id: str, body: str) -> bytes:
    """Return a clean file with one transaction of any set."""
    one = transaction(body, set_id=set_id)
    version = VERSIONS.get(set_id, "004010")
    return written(interchange([group([one], FUNCTIONAL_IDS[set_id], version=version)]))


def read_all(data: bytes) -> list[ReadTransaction]:
    """Read every transaction of a file with the default guide."""
    guide = load_guide()
    return [
        read_transaction(data[slot.start : slot.end], found.delimiters, slot, guide)
        for found in scan(data).interchanges
        for one in found.groups
        for slot in one.transactions
    ]


def read_one(data: bytes) -> ReadTransaction:
    """Read the only transaction of a file."""
    (only,) = read_all(data)
    return only


def body_of(path: Path) -> tuple[str, str]:
    """Return the set id of a one-transaction fixture and the lines between its ST and SE."""
    data = path.read_bytes()
    found = scan(data).interchanges[0]
    slot = found.groups[0].transactions[0]
    signs = found.delimiters
    text = data[slot.start : slot.end].decode("latin-1")
    table = str.maketrans({signs.element: "*", signs.component: ">"})
    lines = [one.strip("\r\n").translate(table) for one in text.split(signs.segment)]
    return slot.set_id, "\n".join(line for line in lines if line[:3] not in ("ST*", "SE*", ""))
