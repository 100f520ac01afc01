"""BRAT standoff (https://brat.nlplab.org/standoff.html): `a.txt` and, beside it, `a.ann`.

    T1<TAB>Disease 18 26;40 48<TAB>cardiac asystole
    N1<TAB>Reference T1 MESH:D006323<TAB>Heart Arrest

T lines mark spans (pieces parted by ";"), N lines say which concepts they name. A type with a
colon, which BRAT's own have not, is a concept too: CRAFT (Bada et al. 2012) has "CL:0000540" there.
CADEC (Karimi et al. 2015) has concepts in files of their own, and the texts in a folder beside:

    TT1<TAB>271782001 | Drowsy | or 248274002 | Sleepy | 9 19<TAB>bit drowsy

Events, relations, attributes, equivalences and notes are no mentions and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from linker.formats.document import (
    Annotation,
    Document,
    Item,
    Problem,
    checked_spans,
    concepts_among,
    misfit,
    split_ids,
)
from linker.formats.lines import not_utf8, numbered
from linker.formats.pairs import Texts

TEXT, ANNOTATIONS = ".txt", ".ann"
_PASSED_OVER = frozenset("ERMA*#")
_BOUND = re.compile(r"(\S.*?)(?<=\S)\s+(\d+\s+\d+(?:\s*;\s*\d+\s+\d+)*)\s*")
_CADEC_NAME = re.compile(r"\|[^|]*\|")
_CADEC_ID = re.compile(r"\b(?:\d{6,}|CONCEPT_LESS)\b")


def read_brat(folder: Path) -> Iterator[Item]:
    """Read the annotations of a folder and of those below it, in the order of their names.

    Texts lie beside them, or in a folder beside theirs. A document's id is the path of its
    annotations without the ending, from `folder`.
    """
    annotated = _by_stem(folder, ANNOTATIONS)
    texts = Texts({path: (f"{stem.name}{TEXT}",) for stem, path in annotated.items()})
    alone = _by_stem(folder, TEXT)
    for stem in sorted(annotated.keys() | alone.keys()):
        doc_id = stem.relative_to(folder).as_posix()
        if stem in annotated:
            text = texts.read(annotated[stem], doc_id)
            if isinstance(text, Problem):
                yield text
                continue
            with annotated[stem].open("rb") as stream:
                yield from parse_brat(doc_id, text, stream, str(annotated[stem]))
        elif not texts.are_of(alone[stem]):
            missing = stem.with_name(f"{stem.name}{ANNOTATIONS}")
            reason = f"without {missing.name}; a document without annotations has an empty .ann"
            yield Problem("document", str(alone[stem]), None, doc_id, reason)


def _by_stem(folder: Path, ending: str) -> dict[Path, Path]:
    """Files by their paths without the ending; hidden ones and those of hidden folders are none."""
    return {
        path.with_suffix(""): path
        for path in folder.rglob(f"*{ending}")
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


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
                    kind, own = _concepts(fields[0], kind)
                    marked[fields[0]] = (number, spans, kind)
                    ids.setdefault(fields[0], []).extend(own)
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
    try:
        bound = _BOUND.fullmatch(fields[1])
        if bound is None or (" " in bound[1] and not fields[0].startswith("TT")):
            raise ValueError("not a type and its pieces")
        pairs = [tuple(map(int, piece.split())) for piece in bound[2].split(";")]
        spans = checked_spans([(start, end) for start, end in pairs])
    except (ValueError, IndexError) as error:
        raise ValueError(
            "expected T<n>, a tab, TYPE START END, with more pieces after ';', a tab and the text"
        ) from error
    return bound[1], spans, fields[2] if len(fields) > 2 else None


def _concepts(key: str, kind: str) -> tuple[str, tuple[str, ...]]:
    """The type of a T line, and the concepts that it names itself."""
    if key.startswith("TT"):
        found = _CADEC_ID.findall(_CADEC_NAME.sub(" ", kind))
        if not found:
            raise ValueError("expected the ids of concepts, or CONCEPT_LESS, after TT<n> and a tab")
        return "", concepts_among(found)
    vocabulary, colon, _ = kind.partition(":")
    return vocabulary, ((kind,) if colon else ())


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
