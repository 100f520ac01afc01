"""RxNorm, in the Rich Release Format (RxNorm Technical Documentation, NLM).

RXNCONSO.RRF is all that is required. From what else is there come semantic types (RXNSTY), parents
(RXNREL), retired ids (RXNATOMARCHIVE) and the release (RXNSAB).

- A concept is an RXCUI, its preferred name RxNorm's own; prescribable names, synonyms and tall-man
  spellings ("FLUoxetine") are further names. `sources` reads the names and codes of others (ATC,
  DRUGBANK), where a licence allows it; by default none but RxNorm's are.
- Its semantic types are the term types of RxNorm's own name (IN ingredient, BN brand name, SCD
  clinical drug ...), then the TUIs of RXNSTY; `semantic_types = ["IN", "BN"]` keeps ingredients and
  brands with all their names, where `term_types` would choose among the names.
- Parents are what a drug is a kind of, is made of, or is a brand of: a clinical drug leads by its
  component to its ingredient, so that an ingredient as a root keeps all drugs with it. Dose forms
  are no parents. Where a filter leaves out a step of the way, the parent is the next
  one that stays.
"""

# What stands in the queries are names of ours, and values quoted by `quoted`.
# ruff: noqa: S608

from __future__ import annotations

import re
from pathlib import Path

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.database import clean
from linker.terminology.rrf.atom_tables import read_tables
from linker.terminology.rrf.atoms import (
    among,
    filters,
    keep_concepts,
    left_out,
    load_atoms,
    load_parents,
    not_suppressed,
)
from linker.terminology.rrf.release import SOURCES, RrfRelease, opened_release
from linker.terminology.rrf.semantic_network import network_of
from linker.terminology.tables import Release, Terminology

_MAIN = "RXNCONSO.RRF"
_OWN = "RXNORM"
_ENGLISH = ("ENG",)
_LICENCE = (
    "UMLS Metathesaurus License (NLM); RxNorm's own names (SAB RXNORM) and its Current "
    "Prescribable Content are free of restrictions"
)
_DATE = re.compile(r"(?<!\d)(\d\d)(\d\d)((?:19|20)\d\d)(?!\d)")

_LAYOUTS = {
    _MAIN: (
        *("RXCUI", "LAT", "TS", "LUI", "STT", "SUI", "ISPREF", "RXAUI", "SAUI", "SCUI", "SDUI"),
        *("SAB", "TTY", "CODE", "STR", "SRL", "SUPPRESS", "CVF"),
    ),
    "RXNSTY.RRF": ("RXCUI", "TUI", "STN", "STY", "ATUI", "CVF"),
    "RXNREL.RRF": (
        *("RXCUI1", "RXAUI1", "STYPE1", "REL", "RXCUI2", "RXAUI2", "STYPE2", "RELA", "RUI"),
        *("SRUI", "SAB", "SL", "DIR", "RG", "SUPPRESS", "CVF"),
    ),
    "RXNATOMARCHIVE.RRF": (
        *("RXAUI", "AUI", "STR", "ARCHIVE_TIMESTAMP", "CREATED_TIMESTAMP", "UPDATED_TIMESTAMP"),
        *("CODE", "IS_BRAND", "LAT", "LAST_RELEASED", "SAUI", "VSAB", "RXCUI", "SAB", "TTY"),
        "MERGED_TO_RXCUI",
    ),
    "RXNSAB.RRF": SOURCES,
}

# Further names of a concept; any other term type of RxNorm's says what kind of drug it is.
_SYNONYMS = ("PSN", "SY", "TMSY", "ET")

_TYPES = frozenset(
    (
        *("IN", "PIN", "MIN", "BN", "GPCK", "BPCK", "DF", "DFG"),
        *("SCD", "SCDC", "SCDF", "SCDFP", "SCDG", "SCDGP"),
        *("SBD", "SBDC", "SBDF", "SBDFP", "SBDG"),
    )
)
"""What RxNorm's own names are of (RxNorm Technical Documentation, appendix 5)."""

_TO_PARENT = frozenset(
    (
        *("isa", "tradename_of", "form_of", "quantified_form_of"),
        *("has_ingredient", "has_ingredients", "has_precise_ingredient"),
        *("has_part", "consists_of", "contains"),
    )
)
"""RELA in `RXCUI1|...|RXCUI2|...|RELA`, which reads "RXCUI2 has_ingredient RXCUI1"."""


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read an rrf folder, a folder above it, or the zip of a release; the files may be gzipped.

    Raises:
        TerminologyError: RXNCONSO.RRF is missing, more rows are broken than may be, or a filter
            asks for what is not there.
    """
    types = network_of().wanted(options, _TYPES)
    languages, sources = options.languages or _ENGLISH, options.sources or (_OWN,)
    with opened_release(
        path, _MAIN, _LAYOUTS, max_bad_rows=options.max_bad_rows, progress=progress
    ) as release:
        if types is not None and not types <= _TYPES and "RXNSTY.RRF" not in release:
            raise TerminologyError(
                f"{path}: no RXNSTY.RRF beside RXNCONSO.RRF, which semantic_groups and TUIs need; "
                "add it, or leave them out"
            )
        _load_levels(release)
        load_atoms(
            release,
            "RXCUI",
            key=_key(),
            options=options,
            languages=languages,
            sources=sources,
            level=f"coalesce(SRL, source_level, CASE WHEN SAB = '{_OWN}' THEN '0' END)",
            joined="LEFT JOIN levels USING (SAB)",
        )
        _load_types(release, options)
        keep_concepts(release, types)
        _load_parents(release, options)
        _load_retired(release)
        progress.step("joining names and concepts")
        concepts, names = read_tables(release)
        stated = Release(
            terminology="RxNorm",
            version=_version(release),
            licence=_LICENCE,
            source="rxnorm",
            filters=filters(options, languages=languages, sources=sources),
            skipped={**left_out(release, types), **release.bad.counted()},
        )
    return Terminology(stated, concepts, names)


def _key() -> str:
    """SQL for the key of an atom: RxNorm's own before others', its name before its synonyms."""
    order = " ".join(f"WHEN '{synonym}' THEN {i}" for i, synonym in enumerate(_SYNONYMS, start=1))
    return (
        "CAST(NOT coalesce(SUPPRESS = 'N', false) AS BIGINT) * 100"
        f" + CASE WHEN SAB = '{_OWN}' THEN 0 ELSE 10 END"
        f" + CASE TTY {order} ELSE 0 END"
    )


def _load_levels(release: RrfRelease) -> None:
    """levels(SAB, source_level): RXNCONSO.RRF leaves its SRL blank, and RXNSAB.RRF has it."""
    rows = "(SELECT NULL::VARCHAR AS RSAB, NULL::VARCHAR AS SRL, NULL::VARCHAR AS CURVER LIMIT 0)"
    if "RXNSAB.RRF" in release:
        rows = release.rows("RXNSAB.RRF", ("RSAB", "SRL", "CURVER"))
    release.run(f"""
        CREATE TABLE levels AS
        SELECT RSAB AS SAB, arg_max(SRL, coalesce(CURVER = 'Y', false)) AS source_level
        FROM {rows} WHERE RSAB IS NOT NULL AND SRL IS NOT NULL GROUP BY RSAB
    """)


def _load_types(release: RrfRelease, options: ReadOptions) -> None:
    release.run(f"""
        INSERT INTO types SELECT concept_id, term_type, 0 FROM atoms
        WHERE source = '{_OWN}' AND NOT {among("term_type", _SYNONYMS)}
            AND {not_suppressed(options)}
    """)
    if "RXNSTY.RRF" in release:
        rows = release.rows("RXNSTY.RRF", ("RXCUI", "TUI"))
        release.run(f"INSERT INTO types SELECT RXCUI, TUI, 1 FROM {rows}")


def _load_parents(release: RrfRelease, options: ReadOptions) -> None:
    if "RXNREL.RRF" in release:
        rows = release.rows("RXNREL.RRF", ("RXCUI1", "RXCUI2", "RELA", "SAB", "SUPPRESS"))
        release.run(f"""
            CREATE TABLE steps AS SELECT DISTINCT RXCUI2 AS concept_id, RXCUI1 AS parent FROM {rows}
            WHERE SAB = '{_OWN}' AND {among("RELA", _TO_PARENT)} AND RXCUI1 <> RXCUI2
                AND {not_suppressed(options)}
        """)
        load_parents(release, past="SELECT parent FROM steps EXCEPT SELECT concept_id FROM kept")


def _load_retired(release: RrfRelease) -> None:
    if "RXNATOMARCHIVE.RRF" in release:
        rows = release.rows("RXNATOMARCHIVE.RRF", ("RXCUI", "STR", "SAB", "TTY", "MERGED_TO_RXCUI"))
        # Other sources' names left on ways of their own: RxNorm's say where the concept went.
        release.run(f"""
            INSERT INTO retired
            SELECT RXCUI, CASE WHEN SAB = '{_OWN}' THEN {clean("STR")} END,
                CASE WHEN MERGED_TO_RXCUI <> RXCUI THEN MERGED_TO_RXCUI END,
                CASE WHEN SAB = '{_OWN}' THEN 0 ELSE 10 END
                    + CAST({among("TTY", _SYNONYMS)} AS INTEGER)
            FROM {rows} WHERE RXCUI IS NOT NULL
        """)


def _version(release: RrfRelease) -> str:
    """The release ("20AA_250106F") that RXNSAB states, else the day in the path, else "".

    The path is that of the files, and then the one that was given.
    """
    if "RXNSAB.RRF" in release:
        rows = release.rows("RXNSAB.RRF", ("RSAB", "VSAB", "SVER", "CURVER"))
        said = release.run(f"""
            SELECT coalesce(SVER, VSAB) FROM {rows} WHERE RSAB = '{_OWN}'
            ORDER BY CURVER = 'Y' DESC NULLS LAST, VSAB DESC
        """)
        if said and said[0][0]:
            return str(said[0][0]).removeprefix(f"{_OWN}_")
    for part in release.folders():
        if day := _DATE.search(part):
            return f"{day[3]}-{day[1]}-{day[2]}"
    return ""
