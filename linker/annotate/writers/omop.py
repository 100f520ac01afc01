"""OMOP CDM v5.4, table NOTE_NLP; Parquet if the output's name ends in .parquet, else CSV.

https://ohdsi.github.io/CommonDataModel/cdm54.html#note_nlp. By its rules `term_exists` is "N" where
the mention is negated, of a relative, or hypothetical ("conditional"); `term_temporal` is "past"
where it is historical, else "present"; `term_modifiers` lists what holds. Where the index has no
OMOP concept ids, `note_nlp_concept_id` is 0, OMOP's "no matching concept", and the source's own id
stands at the end of `term_modifiers`. NIL links have no row. `note_nlp_id` counts the rows from 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from linker.annotate.journal import Record
from linker.annotate.writers.base import Format, RunInfo, Unwritable, Write, check_utf8, ending
from linker.annotate.writers.table import check_csv
from linker.formats.rows import csv_rows, parquet_rows
from linker.schema import Link, Note

SNIPPET, VARIANT, MODIFIERS = 250, 250, 2000
"""The widths of `snippet`, `lexical_variant` and `term_modifiers`: of the first in bytes of UTF-8,
as Redshift and Oracle count them, of the others in characters, as PostgreSQL does."""

OMOP = "OMOP"
"""The key of codes that are OMOP concept ids."""


def schema(*, integer_ids: bool) -> pa.Schema:
    """The columns, in the specification's order; `note_id` is text where ids are not numbers."""
    return pa.schema(
        [
            ("note_nlp_id", pa.int64()),
            ("note_id", pa.int64() if integer_ids else pa.string()),
            ("section_concept_id", pa.int64()),
            ("snippet", pa.string()),
            ("offset", pa.string()),
            ("lexical_variant", pa.string()),
            ("note_nlp_concept_id", pa.int64()),
            ("note_nlp_source_concept_id", pa.int64()),
            ("nlp_system", pa.string()),
            ("nlp_date", pa.date32()),
            ("nlp_datetime", pa.timestamp("s")),
            ("term_exists", pa.string()),
            ("term_temporal", pa.string()),
            ("term_modifiers", pa.string()),
        ]
    )


def _keep_parquet(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:
    linked = [link for link in links if link.concept_id is not None]
    for link in linked:
        if len(link.mention.text) > VARIANT:
            raise Unwritable(
                f"a mention of {len(link.mention.text)} characters at {link.mention.start}; "
                f"NOTE_NLP.lexical_variant holds {VARIANT}"
            )
    check_utf8(note.id)
    snippets = [_snippet(note.text, link.mention.start, link.mention.end) for link in linked]
    return {"snippets": snippets, "at": run.started}


def _keep_csv(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:
    kept = _keep_parquet(note, links, run)
    check_csv(note.id, *kept["snippets"])
    return kept


def _snippet(text: str, start: int, end: int) -> str:
    """A mention and what stands around it, the same on both sides, in no more than `SNIPPET` bytes.

    Only a mention that has more itself, of no more than `SNIPPET` characters, stands there alone.

    Raises:
        Unwritable: there is a lone surrogate in it.
    """
    room = (SNIPPET - (end - start)) // 2
    near = text[max(0, start - room) : start], text[start:end], text[end : end + room]
    check_utf8(*near)
    before, mention, after = (part.encode() for part in near)
    room = max(0, SNIPPET - len(mention)) // 2
    first = max(0, len(before) - room)
    # Less the bytes of a character that is cut.
    return "".join(part.decode(errors="ignore") for part in (before[first:], mention, after[:room]))


@contextmanager
def _open(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:
    columns = schema(integer_ids=run.integer_ids)
    parquet = ending(final) == ".parquet"
    with parquet_rows(path, columns) if parquet else csv_rows(path, columns.names) as write_row:
        n_rows = 0

        def write(record: Record) -> None:
            nonlocal n_rows
            linked = [link for link in record.links() if link["concept_id"] is not None]
            for link, snippet in zip(linked, record.kept["snippets"], strict=True):
                n_rows += 1
                write_row(_row(n_rows, record, link, snippet, run))

        yield write


def _row(
    number: int, record: Record, link: dict[str, Any], snippet: str, run: RunInfo
) -> dict[str, Any]:
    asserted = link["assertion"]
    at = datetime.fromisoformat(record.kept["at"])
    concept_id = _omop_id(link, run)
    return {
        "note_nlp_id": number,
        "note_id": int(str(record.note_id)) if run.integer_ids else record.note_id,
        "section_concept_id": 0,
        "snippet": snippet,
        "offset": str(link["start"]),
        "lexical_variant": link["text"],
        "note_nlp_concept_id": concept_id,
        "note_nlp_source_concept_id": 0,
        "nlp_system": run.system[:250],
        "nlp_date": date(at.year, at.month, at.day),
        "nlp_datetime": at.replace(tzinfo=None),
        "term_exists": "N" if _absent(asserted) else "Y",
        "term_temporal": "past" if asserted["historical"] else "present",
        "term_modifiers": _modifiers(link, run, known=concept_id != 0),
    }


def _absent(asserted: dict[str, bool]) -> bool:
    # "Any of the following modifiers would make Term_exists false: Negation = true; Subject =
    # [anything other than the patient]; Conditional = true; Rule_out = true; Uncertain = very low
    # certainty or any lower." Ours does not grade certainty: an uncertain mention stays "Y".
    return asserted["negated"] or asserted["family"] or asserted["hypothetical"]


def _modifiers(link: dict[str, Any], run: RunInfo, *, known: bool) -> str:
    asserted = link["assertion"]
    words = {
        "negated": "negation=true",
        "family": "subject=family",
        "hypothetical": "conditional=true",
        "historical": "history=true",
        "uncertain": "uncertain=true",
    }
    said = [word for name, word in words.items() if asserted[name]]
    said.append(f"probability={link['probability']:.4g}")
    if not known:
        said += [f"source_vocabulary={run.terminology}", f"source_code={link['concept_id']}"]
    return ",".join(said)[:MODIFIERS]


def _omop_id(link: dict[str, Any], run: RunInfo) -> int:
    """The OMOP concept: the index's own id, or the one among its codes; 0 for none."""
    if run.source == "omop" and link["concept_id"].isdecimal():
        return int(link["concept_id"])
    codes = [code for code in link["codes"].get(OMOP, []) if code.isdecimal()]
    return int(codes[0]) if codes else 0


NOTE_NLP_CSV = Format(_keep_csv, _open)
NOTE_NLP_PARQUET = Format(_keep_parquet, _open)
