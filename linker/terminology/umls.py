"""The UMLS Metathesaurus, in the Rich Release Format (UMLS Reference Manual, ch. 3).

MRCONSO.RRF is all that is required. From what else is there come semantic types (MRSTY), what they
are called and which group they are in (NET/SRDEF, SemGroups.txt), parents (MRREL), definitions
(MRDEF), the order of names (MRRANK), retired CUIs (MRCUI) and the release (MRSAB, or release.dat).

- The preferred name is the one of the highest rank (MRRANK: by SAB and TTY) among those kept;
  without ranks, or among equals, the Metathesaurus' own (TS = P, STT = PF, ISPREF = Y). With
  several languages, a language named earlier goes first.
- A CUI's codes are those of the sources kept, whatever the term type of their names.
- Parents are the concepts that stand to this one as PAR or RB. "REL: relationship of the second
  concept or atom to the first": in `CUI1|...|PAR|CUI2|...`, CUI2 is the parent of CUI1. Below
  `roots`, the parent is the next one that stays, where a filter leaves out a step of the way.
- Definitions and parents of a source that the filters leave out are left out too.
- A CUI in MRCUI whose REL is SY lives on in another. One that was deleted, or to which others are
  only broader, narrower or related, has no successor.
"""

# What stands in the queries are names of ours, and values quoted by `quoted`.
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.database import clean, quoted
from linker.terminology.markup import ENTITIES, TAGS
from linker.terminology.rrf.atom_tables import read_tables
from linker.terminology.rrf.atoms import (
    OTHER_TERM_TYPE,
    among,
    filters,
    keep_concepts,
    left_out,
    load_atoms,
    load_parents,
    not_suppressed,
)
from linker.terminology.rrf.release import SOURCES, RrfRelease, opened_release
from linker.terminology.rrf.semantic_network import GROUPS, TYPE_COLUMNS, TYPES, network_of
from linker.terminology.tables import Release, Terminology

_MAIN = "MRCONSO.RRF"
_LICENCE = "UMLS Metathesaurus License (NLM); see each source's restriction level"
_ENGLISH = ("ENG",)
_VERSION = re.compile(r"(?<!\d)(?:19|20)\d\d[A-D][A-D](?![A-Za-z])")

_LAYOUTS = {
    _MAIN: (
        *("CUI", "LAT", "TS", "LUI", "STT", "SUI", "ISPREF", "AUI", "SAUI", "SCUI", "SDUI"),
        *("SAB", "TTY", "CODE", "STR", "SRL", "SUPPRESS", "CVF"),
    ),
    "MRSTY.RRF": ("CUI", "TUI", "STN", "STY", "ATUI", "CVF"),
    "MRDEF.RRF": ("CUI", "AUI", "ATUI", "SATUI", "SAB", "DEF", "SUPPRESS", "CVF"),
    "MRREL.RRF": (
        *("CUI1", "AUI1", "STYPE1", "REL", "CUI2", "AUI2", "STYPE2", "RELA", "RUI", "SRUI"),
        *("SAB", "SL", "RG", "DIR", "SUPPRESS", "CVF"),
    ),
    "MRRANK.RRF": ("RANK", "SAB", "TTY", "SUPPRESS"),
    "MRCUI.RRF": ("CUI1", "VER", "REL", "RELA", "MAPREASON", "CUI2", "MAPIN"),
    "MRSAB.RRF": SOURCES,
    TYPES: TYPE_COLUMNS,
}


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read a META folder, a folder above it, or a zip of it; the files may be gzipped.

    Raises:
        TerminologyError: MRCONSO.RRF is missing, more rows are broken than may be, or a filter
            asks for what is not there.
    """
    languages = options.languages or _ENGLISH
    with opened_release(
        path,
        _MAIN,
        _LAYOUTS,
        others=("release.dat",),
        beside=(TYPES, GROUPS),
        max_bad_rows=options.max_bad_rows,
        progress=progress,
    ) as release:
        asked = options.semantic_types or options.semantic_groups
        types = network_of(release).wanted(options) if asked else None
        if types is not None and "MRSTY.RRF" not in release:
            raise TerminologyError(
                f"{path}: no MRSTY.RRF beside MRCONSO.RRF, which semantic_types and "
                "semantic_groups need; add it, or leave them out"
            )
        _load_ranks(release)
        load_atoms(
            release,
            "CUI",
            key=_key(languages),
            options=options,
            languages=languages,
            sources=options.sources,
            joined="LEFT JOIN ranks USING (SAB, TTY)",
        )
        if "MRSTY.RRF" in release:
            rows = release.rows("MRSTY.RRF", ("CUI", "TUI"))
            release.run(f"INSERT INTO types SELECT CUI, TUI, 0 FROM {rows}")
        keep_concepts(release, types)
        allowed = _of_kept_sources(release, options)
        _load_definitions(release, options, allowed)
        _load_parents(release, options, allowed)
        _load_retired(release)
        progress.step("joining names and concepts")
        concepts, names = read_tables(release)
        stated = Release(
            terminology="UMLS Metathesaurus",
            version=_version(release),
            licence=_licence(release),
            source="umls",
            filters=filters(options, languages=languages, sources=options.sources),
            skipped={**left_out(release, types), **release.bad.counted()},
        )
    return Terminology(stated, concepts, names)


def _load_ranks(release: RrfRelease) -> None:
    """ranks(SAB, TTY, rank): the higher, the better."""
    rows = "(SELECT NULL::VARCHAR AS RANK, NULL::VARCHAR AS SAB, NULL::VARCHAR AS TTY LIMIT 0)"
    if "MRRANK.RRF" in release:
        rows = release.rows("MRRANK.RRF", ("RANK", "SAB", "TTY"))
    release.run(f"""
        CREATE TABLE ranks AS SELECT SAB, TTY, max(try_cast(RANK AS INTEGER)) AS rank
        FROM {rows} WHERE SAB IS NOT NULL AND TTY IS NOT NULL GROUP BY SAB, TTY
    """)


def _key(languages: Collection[str]) -> str:
    """SQL for the key of an atom, in whose digits the least significant criterion comes last."""
    order = " ".join(f"WHEN {quoted(name)} THEN {i}" for i, name in enumerate(languages))
    digits = (
        (1000, f"CASE LAT {order} ELSE {len(languages)} END"),
        # A name that is kept although it is suppressed is the last to be preferred.
        (2, "CAST(NOT coalesce(SUPPRESS = 'N', false) AS BIGINT)"),
        (1_000_000, "999999 - greatest(least(coalesce(rank, 0), 999999), 0)"),
        (2, "CAST(NOT coalesce(TS = 'P', false) AS BIGINT)"),
        (2, "CAST(NOT coalesce(STT = 'PF', false) AS BIGINT)"),
        (2, "CAST(NOT coalesce(ISPREF = 'Y', false) AS BIGINT)"),
    )
    key = "CAST(0 AS BIGINT)"
    for base, digit in digits:
        key = f"({key} * {base} + {digit})"
    return key


def _of_kept_sources(release: RrfRelease, options: ReadOptions) -> str:
    """SQL: whether what a source says (SAB) may be kept.

    Not if all its names are in other languages; and where sources are chosen, only the chosen.
    """
    kept: list[str] = []
    dropped: list[str] = []
    # Names that are suppressed, or of another term type, say nothing against their source.
    for source, some_kept in release.run(f"""
        SELECT source, bool_or(left_out IS NULL OR left_out IN ('suppressed names',
            {quoted(OTHER_TERM_TYPE)})) FROM atoms WHERE source IS NOT NULL GROUP BY source
    """):
        (kept if some_kept else dropped).append(source)
    if options.sources or options.max_restriction_level is not None:
        return among("SAB", kept)
    return f"NOT {among('SAB', dropped)}"


def _plain(column: str) -> str:
    """SQL for a text without tags and entities: `markup.plain_text`."""
    text = column
    for entity, character in ENTITIES.items():
        text = f"replace({text}, {quoted(entity)}, {quoted(character)})"
    for tag, instead in TAGS:
        text = f"regexp_replace({text}, {quoted(tag)}, {quoted(instead)}, 'gi')"
    return f"nullif({clean(text)}, '')"


def _load_definitions(release: RrfRelease, options: ReadOptions, allowed: str) -> None:
    if "MRDEF.RRF" in release:
        # The source that ranks highest has the word; without ranks, the one whose name is first.
        rows = release.rows("MRDEF.RRF", ("CUI", "SAB", "DEF", "SUPPRESS"))
        release.run(f"""
            INSERT INTO definitions
            WITH sources AS (SELECT SAB, max(rank) AS rank FROM ranks GROUP BY SAB)
            SELECT CUI, {_plain("DEF")},
                dense_rank() OVER (ORDER BY coalesce(rank, 0) DESC, SAB) AS key
            FROM {rows} LEFT JOIN sources USING (SAB)
            WHERE DEF IS NOT NULL AND {allowed} AND {not_suppressed(options)}
        """)


def _load_parents(release: RrfRelease, options: ReadOptions, allowed: str) -> None:
    if "MRREL.RRF" not in release:
        return
    rows = release.rows("MRREL.RRF", ("CUI1", "REL", "CUI2", "SAB", "SUPPRESS"))
    # Below roots, the way down leads through what the filters leave out. Elsewhere the parents of
    # parents are not needed, and the ways of all concepts to them are more than memory holds.
    wanted = "true" if options.roots else "CUI1 IN (SELECT concept_id FROM kept)"
    release.run(f"""
        CREATE TABLE steps AS SELECT DISTINCT CUI1 AS concept_id, CUI2 AS parent FROM {rows}
        WHERE REL IN ('PAR', 'RB') AND CUI1 <> CUI2 AND {wanted}
            AND {allowed} AND {not_suppressed(options)}
    """)
    if options.roots:
        release.run(
            """
            CREATE TABLE below AS WITH RECURSIVE under AS (
                SELECT unnest(?::VARCHAR[]) AS concept_id
                UNION SELECT steps.concept_id FROM under JOIN steps ON parent = under.concept_id
            ) SELECT concept_id FROM under
            """,
            [list(options.roots)],
        )
    past = "FROM below EXCEPT SELECT concept_id FROM kept" if options.roots else None
    load_parents(release, past=past)


def _load_retired(release: RrfRelease) -> None:
    if "MRCUI.RRF" in release:
        rows = release.rows("MRCUI.RRF", ("CUI1", "REL", "CUI2"))
        release.run(f"""
            INSERT INTO retired SELECT CUI1, NULL, CASE WHEN REL = 'SY' THEN CUI2 END, 0
            FROM {rows} WHERE CUI1 IS NOT NULL
        """)


def _version(release: RrfRelease) -> str:
    """The release ("2025AB") that MRSAB states, else release.dat, else the path, else ""."""
    said: list[str] = []
    if "MRSAB.RRF" in release:
        rows = release.rows("MRSAB.RRF", ("RSAB", "VSAB", "SVER", "IMETA", "CURVER"))
        said += [
            version
            for row in release.run(f"""
                SELECT VSAB, SVER, IMETA FROM {rows} WHERE RSAB = 'MTH'
                ORDER BY CURVER = 'Y' DESC NULLS LAST, VSAB DESC
            """)
            for version in row
            if version is not None
        ]
    if "release.dat" in release:
        said += re.findall(r"^umls\.release\.name\s*=\s*(.*)$", release.text("release.dat"), re.M)
    said += release.folders()
    return next((found[0] for text in said if (found := _VERSION.search(text))), "")


def _licence(release: RrfRelease) -> str:
    """The licence, and which of the sources kept have which restriction level (SRL)."""
    levels: dict[str, list[str]] = {}
    for level, source in release.run("""
        SELECT DISTINCT level, source FROM atoms
        WHERE left_out IS NULL AND concept_id IN (SELECT concept_id FROM kept)
            AND level IS NOT NULL AND source IS NOT NULL ORDER BY ALL
    """):
        levels.setdefault(level, []).append(source)
    said = "; ".join(f"level {level}: {', '.join(names)}" for level, names in levels.items())
    return f"{_LICENCE} ({said})" if said else _LICENCE
