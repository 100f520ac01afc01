"""The PubTator format (Wei et al. 2013): a title, an abstract, and a line an annotation.

    354896|t|Lidocaine-induced cardiac asystole.
    354896|a|Intravenous administration of a single 50-mg bolus ...
    354896<TAB>18<TAB>34<TAB>cardiac asystole<TAB>Disease<TAB>D006323

Documents are parted by a blank line. Offsets run over the title, one character, and the abstract.
A seventh field, of BC5CDR (Li et al. 2016), holds the parts of a composite mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from linker.counted import counted
from linker.formats.document import (
    Annotation,
    Document,
    Item,
    Problem,
    checked_spans,
    misfit,
    split_ids,
)
from linker.formats.lines import not_utf8, numbered

BETWEEN = "\n"
"""The one character between title and abstract: a break, for the title is a sentence of its own."""

SECTION = re.compile(r"([^\t|]+)\|([A-Za-z])\|(.*)", re.DOTALL)
"""A line of text: id, section ("t", "a"), text."""


def read_pubtator(stream: Iterable[bytes], file: str) -> Iterator[Item]:
    """Read the documents of a PubTator file.

    Relations (a word where an annotation has its start, as "CID") are no mentions and are passed
    over. Sections beyond title and abstract, which some files have, follow in the same way.
    """
    for blank, lines in groupby(numbered(stream), key=lambda line: not line[1].strip()):
        if not blank:
            yield from _document(list(lines), file)


def _document(lines: list[tuple[int, bytes]], file: str) -> Iterator[Item]:
    first = lines[0][0]
    try:
        decoded = [(number, line.decode()) for number, line in lines]
    except UnicodeDecodeError as error:
        yield Problem("document", file, first, None, not_utf8(error))
        return
    sections = [(n, match) for n, line in decoded if (match := SECTION.fullmatch(line))]
    numbers = {n for n, _ in sections}
    if not sections or decoded[0][0] not in numbers:
        reason = "expected ID|t|TITLE as the first line after a blank one"
        yield Problem("document", file, first, None, reason)
        return
    doc_id = sections[0][1].group(1)
    if any(match.group(1) != doc_id for _, match in sections):
        reason = "two ids in one block; documents are parted by a blank line"
        yield Problem("document", file, first, doc_id, reason)
        return
    broken = next((n for n, line in decoded if n not in numbers and "\t" not in line), None)
    if broken is not None:
        # The rest of a text in which a line ended: without it the note would not be whole.
        reason = (
            "neither a text, ID|t|..., nor an annotation, whose fields are parted by tabs; write "
            "a line break in a text as a blank"
        )
        yield Problem("document", file, broken, doc_id, reason)
        return
    text = BETWEEN.join(match.group(3) for _, match in sections)
    annotations = []
    for number, line in decoded:
        if number in numbers:
            continue
        item = _annotation(number, line, doc_id, text)
        if isinstance(item, Annotation):
            annotations.append(item)
        elif item is not None:
            yield Problem(item[0], file, number, doc_id, item[1])
    yield Document(doc_id, text, tuple(annotations), file, first)


def _annotation(
    number: int, line: str, doc_id: str, text: str
) -> Annotation | tuple[str, str] | None:
    """The annotation of a line, or the kind and reason of what is wrong; None for a relation."""
    fields = line.split("\t")
    # "12.0", as a spreadsheet has it, is a start that is wrong; "CID" is none.
    if len(fields) >= 3 and not re.match(r"\s*-?\d", fields[1]):
        return None
    if len(fields) < 5:
        return (
            "annotation",
            f"{counted(len(fields), 'field')}, expected id, start, end, text, type and ids",
        )
    if fields[0].strip() != doc_id:
        return "annotation", "another document's id; documents are parted by a blank line"
    try:
        spans = checked_spans([(int(fields[1]), int(fields[2]))])
    except ValueError:
        return "annotation", "start and end are not two whole numbers that ascend"
    wrong = misfit(text, spans, fields[3])
    if wrong is not None:
        return "offsets", wrong
    ids = split_ids(fields[5]) if len(fields) > 5 else ()
    parts = tuple(part for part in fields[6].split("|") if part) if len(fields) > 6 else ()
    return Annotation(spans, ids, fields[4].strip(), parts if len(parts) > 1 else (), number)
