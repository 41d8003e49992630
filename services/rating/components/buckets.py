"""What energy and demand a part has in a bucket, and what must stop it from being priced.

A quantity that a plan needs and the 867 lacks is never billed as zero, and energy in a bucket that
the plan does not price is never given away.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from services.rating.charging import PeriodPart
from services.rating.holds import DeterminantMissing, DeterminantUnpriced
from shared.contracts.usage import Bucket

BUCKET_WORDS: Final = {
    Bucket.TOTAL: "ALL HOURS",
    Bucket.ON_PEAK: "ON PEAK",
    Bucket.MID_PEAK: "MID PEAK",
    Bucket.OFF_PEAK: "OFF PEAK",
    Bucket.SUPER_OFF_PEAK: "SUPER OFF PEAK",
}


def energy_in(part: PeriodPart, bucket: Bucket) -> int:
    """The part's energy in a bucket, in 1e-6 kWh.

    Raises:
        DeterminantMissing: it is not in the 867.
    """
    energy = part.total_micro if bucket is Bucket.TOTAL else part.energy_micro.get(bucket)
    if energy is None:
        raise DeterminantMissing(f"the plan needs {bucket} energy, the 867 has none")
    return energy


def demand_in(part: PeriodPart, bucket: Bucket) -> int:
    """The billing period's highest demand in a bucket, in 1e-6 kW.

    For all hours that is the stated total, else the highest of the buckets: together they are all
    hours.

    Raises:
        DeterminantMissing: it was not measured.
    """
    demand = part.demand_micro.get(bucket)
    if demand is None and bucket is Bucket.TOTAL and part.demand_micro:
        demand = max(part.demand_micro.values())
    if demand is None:
        raise DeterminantMissing(f"the plan needs {bucket} demand of one meter, the 867 has none")
    return demand


def refuse_unpriced(part: PeriodPart, priced: AbstractSet[Bucket]) -> None:
    """Refuse energy in a bucket that the plan has no price for.

    Raises:
        DeterminantUnpriced: there is such energy.
    """
    if Bucket.TOTAL in priced:
        return
    for bucket, energy in part.energy_micro.items():
        if bucket is not Bucket.TOTAL and bucket not in priced and energy:
            raise DeterminantUnpriced(
                f"{bucket} energy has no price in {part.season}, the plan prices "
                + ", ".join(sorted(priced))
            )
