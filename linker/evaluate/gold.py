"""Files of gold annotations to documents; what of them cannot be used is said and counted."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, cast

from linker.errors import NoteError
from linker.formats import (
    Annotation,
    Document,
    Item,
    Problem,
    biolark_files,
    read_bioc_json,
    read_bioc_xml,
    read_biolark,
    read_brat,
    read_jsonl,
    read_pubtator,
)
from linker.formats.pubtator import SECTION
from linker.link import refuse_one

GOLD_READERS: dict[str, Callable[[Iterable[bytes], str], Iterator[Item]]] = {
    "jsonl": read_jsonl,
    "pubtator": read_pubtator,
    "bioc-xml": read_bioc_xml,
    "bioc-json": read_bioc_json,
}
"""Formats of one file, by name."""

FOLDER_READERS: dict[str, Callable[[Path], Iterator[Item]]] = {
    "brat": read_brat,
    "biolark": read_biolark,
}
"""Formats of a folder: one with `.ann` files is "brat"."""

_ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".pubtator": "pubtator",
    ".xml": "bioc-xml",
    ".json": "bioc-json",
}
FORMATS = (*GOLD_READERS, *FOLDER_READERS)
_OTHERS = (
    "Of another format (a table, offsets in files of their own) make JSON lines, a document each: "
    '{"id": "1", "text": "Has a fever.", "mentions": [{"start": 6, "end": 11, "ids": '
    '["HP:0001945"]}]}'
)


@dataclass(frozen=True, slots=True)
class Gold:
    """Gold documents, in the order of their files, and what of those could not be used."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()


def read_gold(
    paths: Sequence[str | Path],
    *,
    format: str | None = None,  # noqa: A002  # as the command has it
    prefixes: Mapping[str, str] | None = None,
) -> Gold:
    """Read files and folders of gold annotations.

    Args:
        paths: JSON lines, PubTator, BioC XML or JSON, also `.gz`; folders of such files, or of
            BRAT, CADEC or Bio-LarK annotations, with the texts in the same folder or in one beside
            it.
        format: one of `FORMATS`; by default by each file's ending and first line.
        prefixes: prefixes of ids in the gold, and what replaces them ("UMLS:" and "" removes it);
            the key "" puts its value before ids without a colon.

    Raises:
        NoteError: a path is missing or given twice, its format is unknown, or not a single document
            can be read.
        TypeError: `paths` is a single path.
    """
    refuse_one(paths, "paths", "give a list of files and folders")
    if format is not None and format not in FORMATS:
        raise NoteError(f"--format {format} is not known; known: {', '.join(FORMATS)}")
    files = [file for path in paths for file in _files(Path(path), format)]
    given: set[Path] = set()
    for path, _ in files:
        if path.resolve() in given:
            raise NoteError(f"{path}: given twice; its mentions would count twice")
        given.add(path.resolve())
    documents: list[Document] = []
    problems: list[Problem] = []
    elsewhere: dict[str, str] = {}
    for path, kind in files:
        here: set[str] = set()
        for item in _read(path, kind):
            if isinstance(item, Problem):
                problems.append(item)
                continue
            place = item.file or str(path)
            if item.id in here:
                reason = "left out: another document of this file has this id"
                problems.append(Problem("repeated id", place, item.line, item.id, reason))
                continue
            if item.id in elsewhere:
                reason = f"counted, though {elsewhere[item.id]} has a document with this id too"
                problems.append(Problem("repeated id", place, item.line, item.id, reason))
            here.add(item.id)
            document, repeated = _distinct(item, place)
            problems.extend(repeated)
            documents.append(_renamed(document, prefixes or {}))
        if not here:
            reason = f"holds no document that can be read as {kind}"
            problems.append(Problem("empty file", str(path), None, None, reason))
        elsewhere.update(dict.fromkeys(here, str(path)))
    if not documents:
        told = "; ".join(str(problem) for problem in problems[:3])
        raise NoteError(f"no gold document to evaluate: {told}. {_OTHERS}")
    return Gold(tuple(documents), tuple(problems))


def _files(path: Path, kind: str | None) -> Iterator[tuple[Path, str]]:
    """The files of a path, each with its format."""
    if not path.exists():
        raise NoteError(f"{path}: no such file or folder")
    if not path.is_dir():
        if kind in FOLDER_READERS:
            raise NoteError(f"{path}: a file; of {kind} give the folder of the annotations")
        yield path, kind or _sniffed(path)
    elif kind in FOLDER_READERS:
        yield path, kind
    elif kind is None and next(path.rglob("*.ann"), None) is not None:
        yield path, "brat"
    else:
        found = sorted(p for p in path.rglob("*") if p.is_file() and _ending(p) in _ENDINGS)
        if not found and kind is None and biolark_files(path):
            yield path, "biolark"
            return
        if not found:
            known = ", ".join(_ENDINGS)
            raise NoteError(f"{path}: no .ann and none of {known} in this folder. {_OTHERS}")
        for file in found:
            yield file, kind or _ENDINGS[_ending(file)]


def _ending(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def _sniffed(path: Path) -> str:
    """The format of a file: by its ending, or, for any other, PubTator by its first line."""
    if _ending(path) in _ENDINGS:
        return _ENDINGS[_ending(path)]
    with path.open("rb") as raw:
        try:
            first = next((line for line in islice(_opened(path, raw), 20) if line.strip()), b"")
        except (EOFError, zlib.error, gzip.BadGzipFile):
            first = b""
    if not first or SECTION.fullmatch(first.decode("utf-8", "replace").strip()):
        return "pubtator"
    raise NoteError(
        f"{path}: not a format that is known by its ending or first line; say which with "
        f"--format: {', '.join(FORMATS)}. {_OTHERS}"
    )


def _opened(path: Path, raw: IO[bytes]) -> IO[bytes]:
    zipped = path.suffix.lower() == ".gz"
    return cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if zipped else raw


def _read(path: Path, kind: str) -> Iterator[Item]:
    if kind in FOLDER_READERS:
        yield from FOLDER_READERS[kind](path)
        return
    with path.open("rb") as raw:
        try:
            yield from GOLD_READERS[kind](_opened(path, raw), str(path))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = f"the gzip stream is broken ({error}); documents after this point are lost"
            yield Problem("document", str(path), None, None, reason)


def _distinct(document: Document, place: str) -> tuple[Document, list[Problem]]:
    """The document with each annotation once, and those that were given again."""
    kept: dict[tuple[object, ...], Annotation] = {}
    problems = []
    for annotation in document.annotations:
        key = (annotation.spans, annotation.ids, annotation.type)
        if key in kept:
            line = document.line if annotation.line is None else annotation.line
            reason = f"left out: the annotation at [{annotation.start}, {annotation.end}) again"
            problems.append(Problem("repeated annotation", place, line, document.id, reason))
        else:
            kept[key] = annotation
    return replace(document, annotations=tuple(kept.values())), problems


def _renamed(document: Document, prefixes: Mapping[str, str]) -> Document:
    if not prefixes:
        return document
    annotations = tuple(
        replace(a, ids=tuple(dict.fromkeys(_id(i, prefixes) for i in a.ids)))
        for a in document.annotations
    )
    return replace(document, annotations=annotations)


def _id(concept_id: str, prefixes: Mapping[str, str]) -> str:
    for theirs, ours in prefixes.items():
        if theirs and concept_id.startswith(theirs):
            return ours + concept_id.removeprefix(theirs)
    return concept_id if ":" in concept_id else prefixes.get("", "") + concept_id
