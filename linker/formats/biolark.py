"""Gold of the HPO: GSC and GSC+ (Groza et al. 2015, Lobo et al. 2017), as Bio-LarK has it.

A text and its annotations are files of one name in two folders, `Text/1003450` and
`Annotations/1003450`; an annotation is a line:

    [27::42]<TAB>HP_0000110 | renal dysplasia
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from linker.formats.document import Annotation, Document, Item, Problem, checked_spans, misfit
from linker.formats.lines import not_utf8, numbered
from linker.formats.pairs import Texts

_LINE = re.compile(r"\[(\d+)::(\d+)\]\s+([A-Za-z]+)[_:](\d+) \| (.*)")


def biolark_files(folder: Path) -> list[Path]:
    """The files of annotations in a folder and below it, which have no ending.

    All of a folder of which one begins with an annotation: others may have none.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and "." not in p.name)
    annotated = {path.parent for path in files if _is_annotated(path)}
    return [path for path in files if path.parent in annotated]


def _is_annotated(path: Path) -> bool:
    with path.open("rb") as stream:
        return _LINE.match(stream.readline(1000).decode("utf-8", "replace")) is not None


def read_biolark(folder: Path) -> Iterator[Item]:
    """Read the annotations of a folder and of those below it, in the order of their names.

    A document's id is the path of its annotations from `folder`.
    """
    files = biolark_files(folder)
    texts = Texts({path: (path.name, f"{path.name}.txt") for path in files})
    for path in files:
        doc_id = path.relative_to(folder).as_posix()
        text = texts.read(path, doc_id)
        if isinstance(text, Problem):
            yield text
            continue
        with path.open("rb") as stream:
            yield from _document(doc_id, text, stream, str(path))


def _document(doc_id: str, text: str, stream: Iterable[bytes], file: str) -> Iterator[Item]:
    annotations = []
    for number, raw in numbered(stream):
        if not raw.strip():
            continue
        try:
            found = _LINE.fullmatch(raw.decode())
            if found is None:
                raise ValueError("expected [START::END], a tab, and HP_ID | TEXT")
            spans = checked_spans([(int(found[1]), int(found[2]))])
        except UnicodeDecodeError as error:
            yield Problem("annotation", file, number, doc_id, not_utf8(error))
            continue
        except ValueError as error:
            yield Problem("annotation", file, number, doc_id, str(error))
            continue
        wrong = misfit(text, spans, found[5])
        if wrong is not None:
            yield Problem("offsets", file, number, doc_id, wrong)
        else:
            annotations.append(Annotation(spans, (f"{found[3]}:{found[4]}",), line=number))
    yield Document(doc_id, text, tuple(annotations), file)
