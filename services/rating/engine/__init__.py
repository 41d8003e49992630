"""The engine: arithmetic on the interval usage of many meters at once, exact and in integers.

Whoever holds stored intervals needs three things.

1. Rows: one for each meter, a column for each interval from local midnight of the first day to
   local midnight after the last, complete (92, 96 or 100 quarter-hours a day). A reading that is
   missing has no place here: hold the usage first.

       usage = MeterRows(delivered=rows, received=None, estimated=marks, decimals=3)

2. The spans of the period, from the price book: `book.spans(key, start, end, known_on)`.

3. The bridge, which gives the same `PeriodPart` that components price for monthly usage, and
   beside it demand, received energy and the number of estimated intervals.

       parts = account_parts(usage, spans, load_calendars(), known_on, step_s=900)   # one account
       rows = group_parts(usage, spans, load_calendars(), known_on, step_s=900)      # row = account

   For a whole account, from its terms in the register to what `rate_usage.price_parts` takes:

       priced = cut_intervals(usage, (start, end), 900, scope, terms, book, calendars, known_on)

The meters of one account are added up interval by interval (`usage.added()`, which
`account_parts` does itself). Intervals too long for the calendar's bounds are a hold
(`IntervalTooLong`), a plan without a calendar too (`RateNotFound`). Rows that are not as long as
the period are the caller's mistake: `ReadingsMisfit`.

Many accounts of one plan, product and period are billed together, to the same cents and a hundred
times as fast:

    group = GroupBilling(empty_parts(cuts), calendars, known_on, surcharge_micro, step_s=900)
    priced = group.bill(rows, user_tax_micro)       # PricedGroup: cents[line, account], totals
    priced.lines_of(account)                        # line id → signed cents

Accounts whose usage came by bucket go through `compile_sheet` and `price_group` alone.
"""

from __future__ import annotations

from services.rating.engine.groups import GroupBilling
from services.rating.engine.hours import calendar_of, window_of
from services.rating.engine.parts import (
    IntervalPart,
    account_parts,
    cut_intervals,
    empty_parts,
    group_parts,
)
from services.rating.engine.pricing import GroupQuantities, PricedGroup, price_group
from services.rating.engine.rows import Determinants, MeterRows, ReadingsMisfit
from services.rating.engine.sheet import PriceSheet, compile_sheet
from services.rating.engine.sums import determine

__all__ = [
    "Determinants",
    "GroupBilling",
    "GroupQuantities",
    "IntervalPart",
    "MeterRows",
    "PriceSheet",
    "PricedGroup",
    "ReadingsMisfit",
    "account_parts",
    "calendar_of",
    "compile_sheet",
    "cut_intervals",
    "determine",
    "empty_parts",
    "group_parts",
    "price_group",
    "window_of",
]
