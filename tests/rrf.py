"""Invented rows in the Rich Release Format: of the UMLS Metathesaurus, and of RxNorm."""

from __future__ import annotations

COLUMNS = {
    "MRCONSO": "CUI LAT TS LUI STT SUI ISPREF AUI SAUI SCUI SDUI SAB TTY CODE STR SRL SUPPRESS CVF",
    "MRSTY": "CUI TUI STN STY ATUI CVF",
    "MRDEF": "CUI AUI ATUI SATUI SAB DEF SUPPRESS CVF",
    "MRREL": "CUI1 AUI1 STYPE1 REL CUI2 AUI2 STYPE2 RELA RUI SRUI SAB SL RG DIR SUPPRESS CVF",
    "MRRANK": "RANK SAB TTY SUPPRESS",
    "MRCUI": "CUI1 VER REL RELA MAPREASON CUI2 MAPIN",
    "MRSAB": "VCUI RCUI VSAB RSAB SON SF SVER VSTART VEND IMETA RMETA SLC SCC SRL TFR CFR CXTY "
    "TTYL ATNL LAT CENC CURVER SABIN SSN SCIT",
    "MRFILES": "FIL DES FMT CLS RWS BTS",
    "RXNCONSO": "RXCUI LAT TS LUI STT SUI ISPREF RXAUI SAUI SCUI SDUI SAB TTY CODE STR SRL "
    "SUPPRESS CVF",
    "RXNSTY": "RXCUI TUI STN STY ATUI CVF",
    "RXNREL": "RXCUI1 RXAUI1 STYPE1 REL RXCUI2 RXAUI2 STYPE2 RELA RUI SRUI SAB SL DIR RG "
    "SUPPRESS CVF",
    "RXNATOMARCHIVE": "RXAUI AUI STR ARCHIVE_TIMESTAMP CREATED_TIMESTAMP UPDATED_TIMESTAMP CODE "
    "IS_BRAND LAT LAST_RELEASED SAUI VSAB RXCUI SAB TTY MERGED_TO_RXCUI",
    "RXNSAB": "VCUI RCUI VSAB RSAB SON SF SVER VSTART VEND IMETA RMETA SLC SCC SRL TFR CFR CXTY "
    "TTYL ATNL LAT CENC CURVER SABIN SSN SCIT",
}
USUAL = {"LAT": "ENG", "TS": "S", "STT": "PF", "ISPREF": "N", "SRL": "0", "SUPPRESS": "N"}


def row(file, *, columns=None, **values):
    """A line of a file, by the columns that are not blank."""
    order = (columns or COLUMNS[file]).split()
    assert set(values) <= set(order)
    return "".join(f"{values.get(column, '')}|" for column in order) + "\n"


def atom(cui, name, source="AAA", term_type="PT", code="NOCODE", **more):
    values = {**USUAL, "CUI": cui, "STR": name, "SAB": source, "TTY": term_type, "CODE": code}
    return row("MRCONSO", **{**values, **more})


def put(folder, **files):
    """A META folder of files, each its lines."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        text = lines if isinstance(lines, bytes) else "".join(lines).encode()
        (folder / f"{name}.RRF").write_bytes(text)
    return folder


def relation(cui, rel, other, source="AAA", **more):
    return row("MRREL", **{"CUI1": cui, "REL": rel, "CUI2": other, "SAB": source, **more})


def drug(rxcui, name, term_type, source="RXNORM", *, code="", suppress="N", level="0"):
    return row(
        "RXNCONSO",
        **{"RXCUI": rxcui, "LAT": "ENG", "SAB": source, "TTY": term_type, "STR": name},
        **{"CODE": code or rxcui, "SRL": level, "SUPPRESS": suppress},
    )


def link(subject, rela, object_, source="RXNORM"):
    """A row that says "subject rela object": the second of a row stands to the first."""
    return row(
        "RXNREL",
        **{"RXCUI1": object_, "STYPE1": "CUI", "REL": "RO", "RXCUI2": subject, "STYPE2": "CUI"},
        **{"RELA": rela, "SAB": source, "SUPPRESS": ""},
    )
