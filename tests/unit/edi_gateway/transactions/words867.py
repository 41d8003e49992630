"""An 867 in pieces, and what a test asks of its reading."""

from __future__ import annotations

from decimal import Decimal

from services.edi_gateway.transactions import Reading
from shared.contracts.usage import (
    Bucket,
    Direction,
    MeteredQuantity,
    Unit,
    UsageItem,
)

HEADER = """
ST*867*0001
BPT*00*PGE867-1*20260602*DD
DTM*649*20260605
REF*12*4000000001
REF*Q5**4123456789
REF*BLT*LDC
REF*PC*DUAL
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
N1*8R*ADA ALDERTON
"""

METER = """
PTD*PM***OZ*EL
DTM*150*20260501
DTM*151*20260601
REF*MG*M1
REF*MT*KHMON
REF*NH*E-TOU-C
"""

MONTHLY = """
QTY*QD*310*KH
MEA*AA*PRQ*310*KH*1000*1310*51
MEA*AA*PRQ*90.5*KH***42
MEA*AA*PRQ*219.5*KH***41
"""


def usage(reading: Reading) -> UsageItem:
    assert reading.reasons == ()
    (item,) = reading.facts
    assert isinstance(item, UsageItem)
    return item


def quantities(reading: Reading) -> dict[tuple[Bucket, Unit, Direction], MeteredQuantity]:
    (meter,) = usage(reading).meters
    return {(q.bucket, q.unit, q.direction): q for q in meter.quantities}


def delivered(reading: Reading, bucket: Bucket, unit: Unit = Unit.KWH) -> Decimal:
    return quantities(reading)[bucket, unit, Direction.DELIVERED].quantity
