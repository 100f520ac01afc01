"""spaCy's DocBin: a Doc a note, its links as entities with `kb_id_`.

A folder of files of 500 notes each, as `spacy.training.Corpus` reads it; one file, held in memory
until the end, if the output's name ends in .spacy. Tokens are those of spaCy's English tokenizer,
cut where a mention begins or ends inside one. `ent.kb_id_` is "NIL" where no concept fits,
`ent.label_` the first semantic type. Entities do not overlap: of links that do, the longest is one,
and `doc.spans["links"]` has them all. `doc.user_data` has the note's id under "note_id"; its links,
as `--format jsonl` has them, as a string of JSON under "links"; and each of them as the spaCy
component keeps it: after `linker.component.set_extensions()` they are `ent._.link` and
`ent._.kb_ents`, with types and codes of the linked candidate alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linker.annotate.journal import Record
from linker.annotate.writers.base import (
    Format,
    RunInfo,
    Write,
    check_utf8,
    ending,
    type_of,
)
from linker.detect import bear_long_words
from linker.schema import Link, Note

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

NOTES_A_FILE = 500
NIL = "NIL"
SPANS = "links"
"""The key of `doc.spans`."""


def _keep(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:  # noqa: ARG001
    check_utf8(note.id, note.text)
    return {"text": note.text}


def _is_folder(path: Path) -> bool:
    return ending(path) != ".spacy"


@contextmanager
def _open(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:  # noqa: ARG001
    import spacy
    from spacy.tokens import DocBin

    nlp = bear_long_words(spacy.blank("en"))
    one_file = not _is_folder(final)
    waiting = DocBin(store_user_data=True)
    n_files = 0
    if not one_file:
        path.mkdir()

    def flush() -> None:
        nonlocal waiting, n_files
        # A fresh one: its strings grow with what it has seen.
        (path if one_file else path / f"{n_files:06}.spacy").write_bytes(waiting.to_bytes())
        n_files += 1
        waiting = DocBin(store_user_data=True)

    def write(record: Record) -> None:
        nonlocal nlp
        waiting.add(_to_doc(nlp, record))
        if not one_file and len(waiting) >= NOTES_A_FILE:
            flush()
            nlp = bear_long_words(spacy.blank("en"))

    yield write
    if one_file or len(waiting) or n_files == 0:
        flush()


def _to_doc(nlp: Language, record: Record) -> Doc:
    """The note as a Doc; its text is the note's to the character."""
    from spacy.tokens import Doc, Span, SpanGroup
    from spacy.util import filter_spans

    text, links = record.kept["text"], record.links()
    words, spaces, token_at, token_end = _tokens(nlp, text, links)
    doc = Doc(nlp.vocab, words=words, spaces=spaces)
    spans = [
        Span(
            doc,
            token_at[link["start"]],
            token_end[link["end"]],
            label=type_of(link),
            kb_id=NIL if link["concept_id"] is None else link["concept_id"],
        )
        for link in links
    ]
    doc.ents = filter_spans(spans)
    doc.spans[SPANS] = SpanGroup(doc, name=SPANS, spans=spans)
    user_data: dict[Any, Any] = doc.user_data
    for link, span in zip(links, spans, strict=True):
        user_data["._.", "link", link["start"], link["end"]] = {span.label_: _kept(link)}
    user_data["note_id"] = record.note_id
    user_data["links"] = json.dumps(links)
    return doc


def _tokens(
    nlp: Language, text: str, links: Sequence[dict[str, Any]]
) -> tuple[list[str], list[bool], dict[int, int], dict[int, int]]:
    """The tokens of a text, cut where a mention begins or ends inside one.

    Returns:
        The words; whether a blank follows each; which of them begins at an offset of the text;
        and how many end up to one.
    """
    starts, ends = {link["start"] for link in links}, {link["end"] for link in links}
    bounds = {0, len(text)} | starts | ends
    for token in nlp.tokenizer(text):
        bounds |= {token.idx, token.idx + len(token)}
    words: list[str] = []
    spaces: list[bool] = []
    token_at: dict[int, int] = {}
    token_end: dict[int, int] = {}
    for start, end in pairwise(sorted(bounds)):
        piece = text[start:end]
        # A blank after a word belongs to it, as spaCy has it, unless a mention needs it.
        if piece == " " and words and not spaces[-1] and start not in starts and end not in ends:
            spaces[-1] = True
            continue
        token_at[start] = len(words)
        words.append(piece)
        spaces.append(False)
        token_end[end] = len(words)
    return words, spaces, token_at, token_end


def _kept(link: dict[str, Any]) -> dict[str, Any]:
    """A link as `linker.component` keeps it: the fields of `Link`, offsets from the span on."""
    about = {key: link[key] for key in ("semantic_types", "codes")}
    return {
        "mention": {
            "start": 0,
            "end": link["end"] - link["start"],
            "text": link["text"],
            "long_form": link["long_form"],
        },
        "concept_id": link["concept_id"],
        "candidates": [
            {
                "concept_id": one["concept_id"],
                "preferred_name": one["name"],
                **{key: one[key] for key in ("matched_name", "score", "probability")},
                **(about if at == 0 else {"semantic_types": [], "codes": {}}),
            }
            for at, one in enumerate(link["candidates"])
        ],
        "assertion": link["assertion"],
    }


DOCBIN = Format(_keep, _open, is_folder=_is_folder)
