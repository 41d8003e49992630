"""Good documents and the damage that real files show, for tests that compare two readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.edi_gateway.x12.documents import FIXTURES

if TYPE_CHECKING:
    import random

DOCUMENTS = sorted(path for path in FIXTURES.glob("*.edi") if "refused" not in path.stem)

LONG_PAYMENT = "\n".join(
    [
        "BPR*C*100*C*ACH*CTX*01*121000248*DA*1***01*121000248*DA*2*20261102",
        "TRN*1*T1",
        "N1*PR*PACIFIC GAS AND ELECTRIC*1*006912877",
        "N1*PE*MARIN CLEAN ENERGY*1*968500001",
        "ENT*1",
        *(
            line
            for number in range(60)
            for line in (
                f"RMR*IV*PGE{number:09d}*PO*{number}.5*{number}.5",
                f"REF*12*{number:010d}",
                f"REF*6O*U{number:012d}",
                "DTM*809*20261101",
            )
        ),
    ]
)
"""An 820 of one small loop over and over."""

VALUES = (
    "", "X", "ZZ", "9" * 19, "A" * 90, "-5", "5.", "1.5", ".5", "-", "20261301", "20260229",
    "20240229", "261101", "8S", "SJ", "00", "99", "11", "2460", "1200", "abc", "A^B", "12A",
    "A\tB", "C", "A", "R", "5", "1E5", "D8", "KH>1", "KH>X",
)  # fmt: skip
STRAYS = (
    "ZZZ*1", "SAC*C**EU*ENC001*100", "REF*12*1", "N1*8R*X", "DTM*150*20260101", "PTD*PM",
    "QTY*QD*1*KH", "AMT*KC*1", "NTE*ADD*HI", "TDS*5", "N3*A", "PER*IC*X*TE*5",
)  # fmt: skip


def damaged(body: str, chance: random.Random) -> str:
    """Return the document with one thing removed, repeated, moved, changed or added."""
    lines = body.splitlines()
    at = chance.randrange(len(lines))
    kind = chance.choice(["drop", "repeat", "swap", "value", "value", "extra", "stray"])
    fields = lines[at].split("*")
    if kind == "drop":
        del lines[at]
    elif kind == "repeat":
        lines.insert(at, lines[at])
    elif kind == "swap":
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "value":
        fields[chance.randrange(1, len(fields))] = chance.choice(VALUES)
        lines[at] = "*".join(fields)
    elif kind == "extra":
        lines[at] = "*".join([*fields, chance.choice(VALUES[1:])])
    else:
        lines.insert(at, chance.choice(STRAYS))
    return "\n".join(lines)
