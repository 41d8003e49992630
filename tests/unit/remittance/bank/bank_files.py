"""Bank files as banks write them, and writers for what a test wants to vary."""

from __future__ import annotations

from collections.abc import Sequence

ACCOUNT = "0975312468"

Deposit = tuple[int, str, str]
"""Cents, trace number, day as YYMMDD."""


def bai2(
    details: Sequence[str],
    *,
    opening: int | None = 500_000,
    closing: int | None = None,
    account: str = ACCOUNT,
    day: str = "261119",
    status: str = "1",
    currency: str = "USD",
    control: int | None = None,
    records: int | None = None,
) -> str:
    """A transmission with one account; `details` are its 16 records, 88 lines included."""
    cents = [int(each.split(",")[2].rstrip("/")) for each in details if each.startswith("16,")]
    signs = [-1 if each.split(",")[1] >= "400" else 1 for each in details if each.startswith("16,")]
    moved = sum(a * b for a, b in zip(cents, signs, strict=True))
    if opening is not None and closing is None:
        closing = opening + moved
    told = [
        (code, value) for code, value in (("010", opening), ("015", closing)) if value is not None
    ]
    summary = "".join(f",{code},{value},," for code, value in told)
    total = sum(cents) + sum(value for _, value in told) if control is None else control
    rows = sum(each.count("\n") + 1 for each in details) + 2
    return "\n".join(
        [
            "01,122099999,123456789,261120,0200,77,,,2/",
            f"02,031001234,122099999,{status},{day},2359,{currency},2/",
            f"03,{account},{currency}{summary}/",
            *details,
            f"49,{total},{rows if records is None else records}/",
            f"98,{total},1,{rows + 2}/",
            f"99,{total},1,{rows + 4}/",
        ]
    )


def camt053(
    entries: str,
    *,
    opening: str = "5000.00",
    closing: str = "7000.00",
    account: str = f"<Othr><Id>{ACCOUNT}</Id></Othr>",
    version: str = "08",
    head: str = "",
) -> bytes:
    """A document with one statement; amounts are dollars as text."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-20T02:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S-77</Id><CreDtTm>2026-11-20T02:00:00</CreDtTm><Acct><Id>{account}</Id><Ccy>USD</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">{opening}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-18</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">{closing}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-19</Dt></Dt></Bal>
{entries}</Stmt></BkToCstmrStmt></Document>""".encode()


def entry(
    amount: str,
    *,
    sign: str = "CRDT",
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    reference: str = "BR-1",
    details: str = "",
    currency: str = "USD",
) -> str:
    """One entry of a CAMT.053."""
    return f"""<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}
<BookgDt><Dt>2026-11-19</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>{details}</Ntry>"""


def ctx(
    deposits: Sequence[Deposit],
    *,
    account: str = ACCOUNT,
    addenda: Sequence[str] | None = None,
    credits_told: int | None = None,
    code: str = "22",
) -> str:
    """A NACHA file with one CTX batch; each deposit carries a small 820 with its trace number."""
    lines, counted = [], 0
    for number, (cents, trace, _) in enumerate(deposits, 1):
        words = addenda
        if words is None:
            said = f"ST*820*0001\\BPR*C*{cents / 100:.2f}*C*ACH*CTX\\TRN*1*{trace}\\SE*4*0001\\"
            words = [said[at : at + 80] for at in range(0, len(said), 80)]
        ach = f"03100123{number:07d}"
        lines.append(
            f"6{code}091000019{account:<17}{cents:010d}{'CCA':<15}{len(words):04d}"
            f"{'MARIN CLEAN':<16}  {'':2}1{ach}"
        )
        lines += [f"705{word:<80}{n:04d}{number:07d}" for n, word in enumerate(words, 1)]
        counted += 1 + len(words)
    total = sum(cents for cents, _, _ in deposits) if credits_told is None else credits_told
    hash_ = 9100001 * len(deposits) % 10**10
    sums = f"{hash_:010d}{0:012d}{total:012d}"
    day = deposits[0][2]
    records = [
        f"101 091000019 0310012342611200200A094101{'RIVER BANK':<23}{'PG&E BANK':<23}{'':8}",
        f"5220{'PACIFIC GAS':<16}{'':20}1006912877CTX{'PAYMENT':<10}{'':6}{day}   1031001230000001",
        *lines,
        f"8220{counted:06d}{sums}1006912877{'':19}{'':6}031001230000001",
        f"9000001{1:06d}{counted:08d}{sums}{'':39}",
        "9" * 94,
    ]
    return "\n".join(record.ljust(94)[:94] for record in records)
