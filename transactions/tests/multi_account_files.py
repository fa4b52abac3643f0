"""The same two accounts in each format: Checking 1111 (-10.00, -20.00), Savings 2222 (5.00)."""

LINES = [
    ("1111", "2026-03-02", "KERN BAKERY", "-10.00"),
    ("1111", "2026-03-03", "CITY TRAMWAY", "-20.00"),
    ("2222", "2026-03-04", "INTEREST", "5.00"),
]
NUMBERS = {"1111": "4400001111", "2222": "4400002222"}
NAMES = {"1111": "Checking 1111", "2222": "Savings 2222"}


def csv_file(heading: str = "Account", names: dict[str, str] | None = None) -> bytes:
    names = NAMES if names is None else names
    rows = [f"{on},{names[key]},{text},{amount}" for key, on, text, amount in LINES]
    return "\n".join([f"Date,{heading},Description,Amount", *rows, ""]).encode()


def ofx_file() -> bytes:
    pieces = []
    for key, number in NUMBERS.items():
        records = "".join(
            f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{on.replace('-', '')}<TRNAMT>{amount}"
            f"<FITID>{number}-{place}<NAME>{text}</STMTTRN>"
            for place, (part, on, text, amount) in enumerate(LINES)
            if part == key
        )
        pieces.append(
            "<STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>"
            f"{number}<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>{records}</BANKTRANLIST>"
            "</STMTRS></STMTTRNRS>"
        )
    return f"OFXHEADER:100\n\n<OFX><BANKMSGSRSV1>{''.join(pieces)}</BANKMSGSRSV1></OFX>".encode()


def qif_file() -> bytes:
    pieces = []
    for key, name in NAMES.items():
        records = "".join(
            f"D{on[5:7]}/{on[8:]}/{on[:4]}\nT{amount}\nP{text}\n^\n"
            for part, on, text, amount in LINES
            if part == key
        )
        pieces.append(f"!Account\nN{name}\nTBank\n^\n!Type:Bank\n{records}")
    return ("!Option:MDY\n" + "".join(pieces)).encode()


def mt940_file() -> bytes:
    pieces = []
    for key, number in NUMBERS.items():
        entries = "".join(
            f":61:{on[2:].replace('-', '')}{'D' if amount[0] == '-' else 'C'}"
            f"{amount.lstrip('-').replace('.', ',')}NMSCNONREF\n:86:{text}\n"
            for part, on, text, amount in LINES
            if part == key
        )
        pieces.append(
            f":20:ONE\n:25:10020030/{number}\n:28C:1/1\n:60F:C260301EUR100,00\n{entries}"
            f":62F:C260305EUR{'70,00' if key == '1111' else '105,00'}\n-\n"
        )
    return "".join(pieces).encode()


def camt_file() -> bytes:
    pieces = []
    for key, number in NUMBERS.items():
        entries = "".join(
            f'<Ntry><Amt Ccy="EUR">{amount.lstrip("-")}</Amt>'
            f"<CdtDbtInd>{'DBIT' if amount[0] == '-' else 'CRDT'}</CdtDbtInd><Sts>BOOK</Sts>"
            f"<BookgDt><Dt>{on}</Dt></BookgDt><AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
            for part, on, text, amount in LINES
            if part == key
        )
        pieces.append(
            f"<Stmt><Id>S</Id><Acct><Id><IBAN>DE8937040044{number}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
            f"{entries}</Stmt>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"{''.join(pieces)}</BkToCstmrStmt></Document>"
    ).encode()


FILES = {
    "csv": csv_file(),
    "ofx": ofx_file(),
    "qif": qif_file(),
    "mt940": mt940_file(),
    "camt": camt_file(),
}
