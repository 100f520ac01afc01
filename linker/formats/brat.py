"""BRAT standoff (https://brat.nlplab.org/standoff.html): `a.txt` and, beside it, `a.ann`.

    T1<TAB>Disease 18 26;40 48<TAB>cardiac asystole
    N1<TAB>Reference T1 MESH:D006323<TAB>Heart Arrest

T lines mark spans (pieces parted by ";"), N lines say which concepts they name. A type with a
colon, which BRAT's own have not, is a concept too: CRAFT (Bada et al. 2012) has "CL:0000540" there.
Events, relations, attributes, equivalences and notes are no mentions and are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from linker.formats.document import (
    Annotation,
    Document,
    Item,
    Problem,
    checked_spans,
    misfit,
    split_ids,
)
from linker.formats.lines import BOM, not_utf8, numbered

TEXT, ANNOTATIONS = ".txt", ".ann"
_PASSED_OVER = frozenset("ERMA*#")


def read_brat(folder: Path) -> Iterator[Item]:
    """Read the pairs of a folder and of those below it, in the order of their names.

    A document's id is its path without the ending, from `folder`.
    """
    files = {path for ending in (TEXT, ANNOTATIONS) for path in folder.rglob(f"*{ending}")}
    for stem in sorted({path.with_suffix("") for path in files}):
        doc_id = stem.relative_to(folder).as_posix()
        text, annotations = (stem.with_name(stem.name + ending) for ending in (TEXT, ANNOTATIONS))
        missing = next((path for path in (text, annotations) if path not in files), None)
        if missing is not None:
            there = text if missing == annotations else annotations
            reason = f"without {missing.name}; a document without annotations has an empty .ann"
            yield Problem("document", str(there), None, doc_id, reason)
            continue
        try:
            # Line ends are characters that offsets count: they stay as they are.
            content = text.read_bytes().removeprefix(BOM).decode()
        except UnicodeDecodeError as error:
            yield Problem("document", str(text), None, doc_id, not_utf8(error))
            continue
        with annotations.open("rb") as stream:
            yield from parse_brat(doc_id, content, stream, str(annotations))


def parse_brat(doc_id: str, text: str, stream: Iterable[bytes], file: str) -> Iterator[Item]:
    """Read the annotations of a text.

    Args:
        doc_id: the document's id.
        text: its text, line ends as in the file.
        stream: the lines of the `.ann`.
        file: what to call it in messages.
    """
    marked: dict[str, tuple[int, tuple[tuple[int, int], ...], str]] = {}
    ids: dict[str, list[str]] = {}
    references: list[tuple[int, str]] = []
    for number, raw in numbered(stream):
        try:
            line = raw.decode()
        except UnicodeDecodeError as error:
            yield Problem("annotation", file, number, doc_id, not_utf8(error))
            continue
        if not line.strip() or line[0] in _PASSED_OVER:
            continue
        try:
            fields = line.split("\t")
            if line[0] == "T":
                kind, spans, stated = _text_bound(fields)
                wrong = misfit(text, spans, stated)
                if wrong is not None:
                    yield Problem("offsets", file, number, doc_id, wrong)
                elif fields[0] in marked:
                    raise ValueError(f"a second {fields[0]}")
                else:
                    vocabulary, colon, _ = kind.partition(":")
                    marked[fields[0]] = (number, spans, vocabulary)
                    ids.setdefault(fields[0], []).extend([kind] if colon else [])
            elif line[0] == "N":
                target, concepts = _normalisation(fields)
                references.append((number, target))
                ids.setdefault(target, []).extend(concepts)
            else:
                raise ValueError("expected a line that begins with T, N, E, R, M, A, * or #")
        except ValueError as error:
            yield Problem("annotation", file, number, doc_id, str(error))
    for number, target in references:
        if target not in marked:
            reason = f"refers to {target}, which is not there or could not be used"
            yield Problem("annotation", file, number, doc_id, reason)
    annotations = tuple(
        Annotation(spans, tuple(dict.fromkeys(ids[key])), kind, (), number)
        for key, (number, spans, kind) in marked.items()
    )
    yield Document(doc_id, text, annotations, file)


def _text_bound(fields: list[str]) -> tuple[str, tuple[tuple[int, int], ...], str | None]:
    """Type, spans and stated text of a T line."""
    kind, _, offsets = (fields[1] if len(fields) > 1 else "").partition(" ")
    try:
        pairs = [tuple(map(int, piece.split())) for piece in offsets.split(";")]
        spans = checked_spans([(start, end) for start, end in pairs])
    except ValueError as error:
        raise ValueError(
            "expected T<n>, a tab, TYPE START END, with more pieces after ';', a tab and the text"
        ) from error
    return kind, spans, fields[2] if len(fields) > 2 else None


def _normalisation(fields: list[str]) -> tuple[str, list[str]]:
    """The T line that an N line speaks of, and its concepts' ids: "RID:EID" as they stand.

    Of "HPO:HP:0001695" the id is "HP:0001695", which says itself where it is from; of
    "MESH:D1|D2" both are MESH's.
    """
    words = fields[1].split() if len(fields) > 1 else []
    if len(words) != 3:
        raise ValueError("expected N<n>, a tab, Reference T<n> RESOURCE:ID")
    resource = words[2][: words[2].find(":") + 1]
    ids = []
    for one in split_ids(words[2]):
        own = one.partition(":")[2]
        ids.append(own if ":" in own else one if own else f"{resource}{one}")
    return words[1], ids
