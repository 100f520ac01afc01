"""What another index would change in the links of some notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from linker.annotate.readers import BadNote
from linker.link import Linker
from linker.schema import Link, Note

BATCH = 64
"""Notes that are linked together."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A mention that two indexes link otherwise.

    Attributes:
        change: "gained", "lost", "changed", or "followed" where the old concept's id now leads to
            the new one.
        note_id: the note's id.
        start, end: half-open, in code points of the note.
        text: the mention.
        old, new: the ids of the concepts; None for no link.
        old_name, new_name: their preferred names, or "".
    """

    change: str
    note_id: str
    start: int
    end: int
    text: str
    old: str | None
    new: str | None
    old_name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A note's links under two indexes: how many are the same, and what changed."""

    same: int
    changes: tuple[LinkChange, ...]


def compare_links(
    old: Linker, new: Linker, notes: Iterable[Note | BadNote]
) -> Iterator[Compared | BadNote]:
    """Annotate notes with two linkers and compare, note by note.

    A mention is told by its place: one that grows by a word is one lost and one gained.

    Yields:
        For each note, in order, its comparison; a note that could not be read, as it is.
    """
    stream = iter(notes)
    while batch := list(islice(stream, BATCH)):
        texts = [note.text for note in batch if isinstance(note, Note)]
        both = zip(old.pipe(texts, BATCH, k=1), new.pipe(texts, BATCH, k=1), strict=True)
        for note in batch:
            if isinstance(note, BadNote):
                yield note
            else:
                yield _compare(note, *next(both), new)


def _compare(note: Note, old: list[Link], new: list[Link], linker: Linker) -> Compared:
    before, after = (
        {(link.mention.start, link.mention.end): link for link in links if link.concept_id}
        for links in (old, new)
    )
    changes = []
    for start, end in sorted({*before, *after}):
        one, other = before.get((start, end)), after.get((start, end))
        old_id = one.concept_id if one else None
        new_id = other.concept_id if other else None
        if old_id == new_id:
            continue
        changes.append(
            LinkChange(
                change=_kind(old_id, new_id, linker),
                note_id=note.id,
                start=start,
                end=end,
                text=note.text[start:end],
                old=old_id,
                new=new_id,
                old_name=_name(one),
                new_name=_name(other),
            )
        )
    same = len(before.keys() & after.keys()) - sum(
        change.old is not None and change.new is not None for change in changes
    )
    return Compared(same, tuple(changes))


def _kind(old: str | None, new: str | None, linker: Linker) -> str:
    if old is None:
        return "gained"
    if new is None:
        return "lost"
    try:
        return "followed" if linker.concept(old).concept_id == new else "changed"
    except KeyError:
        return "changed"


def _name(link: Link | None) -> str:
    return link.candidates[0].preferred_name if link is not None else ""
