"""Batches that were read on other machines: what of them the journal takes.

Whoever reads one file cannot know which ids stand in the others, nor what a run that was stopped
did to a broken line. Here, in the order of the input, that is decided as `NoteStream` and a local
run decide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linker.annotate.batch import Done
from linker.annotate.faults import Faults
from linker.annotate.journal import Record, unpack
from linker.annotate.ledger import DIGEST_BYTES, Ledger, digest
from linker.annotate.read import DUPLICATE
from linker.annotate.readers import BadNote
from linker.schema import Note


@dataclass(frozen=True, slots=True)
class Sighting:
    """What stands at a place of the input.

    Attributes:
        item: the note; one that was done before comes without its text.
        text: the digest of its text; empty for a note in error.
        file, line: where it stands.
        is_done: it was done before, and is not done again.
    """

    item: Note | BadNote
    text: bytes
    file: str
    line: int | None
    is_done: bool = False

    @property
    def n_characters(self) -> int:
        """How much text is to be annotated."""
        return len(self.item.text) if isinstance(self.item, Note) else 0

    def placed(self) -> Sighting:
        """The same without text: what is needed of it once it is annotated."""
        if isinstance(self.item, BadNote):
            return self
        return replace(self, item=Note(self.item.id, ""))

    def to_data(self) -> dict[str, Any]:
        """As what JSON can hold."""
        item = self.item
        what = (
            {"bad": [item.id, item.file, item.line, item.reason]}
            if isinstance(item, BadNote)
            else {"id": item.id, "note": item.text, "carried": dict(item.carried)}
        )
        place = {"text": self.text.hex(), "file": self.file, "line": self.line}
        return {**what, **place, "is_done": self.is_done}

    @classmethod
    def from_data(cls, found: Mapping[str, Any]) -> Sighting:
        """Read what `to_data` made."""
        item = (
            BadNote(*found["bad"])
            if "bad" in found
            else Note(found["id"], found["note"], found["carried"])
        )
        return cls(
            item, bytes.fromhex(found["text"]), found["file"], found["line"], found["is_done"]
        )


@dataclass(frozen=True, slots=True)
class DoneNotes:
    """The notes that are done, in a form that processes can share: 32 bytes each.

    Attributes:
        ids: the digests of their ids, ordered; shape (n,), 16 bytes each, dtype V16.
        texts: the digests of their texts, in the same order.
    """

    ids: NDArray[np.void]
    texts: NDArray[np.void]

    @classmethod
    def of(cls, ledger: Ledger) -> DoneNotes:
        """Those that a ledger has a record of."""
        both = bytearray()
        for note_id, text in ledger.done():
            both += note_id + text
        pairs = np.frombuffer(bytes(both), dtype=f"V{DIGEST_BYTES}").reshape(-1, 2)
        return cls(np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))

    def has(self, note_id: str, text: bytes) -> bool:
        """Whether the note was done with this very text."""
        key = digest(note_id)
        low, high = 0, len(self.ids)
        while low < high:
            middle = (low + high) // 2
            if self.ids[middle].tobytes() < key:
                low = middle + 1
            else:
                high = middle
        return (
            low < len(self.ids)
            and self.ids[low].tobytes() == key
            and self.texts[low].tobytes() == text
        )


def settle(sightings: list[Sighting], done: Done, ledger: Ledger, faults: Faults) -> Done:
    """Decide what of a batch goes into the journal. To be called in the order of the input.

    Args:
        sightings: what the batch was read from, in order.
        done: its results: one for each sighting that was not done before, in order.
        ledger: what the run knows of each id; is told of those of the batch.
        faults: knows which errors the journal has; is told of those of the batch.

    Returns:
        The results, less errors that the journal has, and with an error for each note whose id
        stood further up in the input.
    """
    fates = [_fate(sighting, ledger, faults) for sighting in sightings]
    if all(fate is sighting for fate, sighting in zip(fates, sightings, strict=True)):
        return done
    left = iter(unpack(done.frame) if done.items else ())
    records: list[Record] = []
    for sighting, fate in zip(sightings, fates, strict=True):
        record = None if sighting.is_done else next(left)
        if isinstance(fate, BadNote):
            record = Record(fate.id, b"", bad=fate)
        if fate is not None and record is not None:
            records.append(record)
    return Done.of(records)


def _fate(sighting: Sighting, ledger: Ledger, faults: Faults) -> Sighting | BadNote | None:
    """The sighting if its result stays, another error, or None for one that the journal has."""
    item = sighting.item
    fate: Sighting | BadNote = sighting
    if isinstance(item, Note):
        if ledger.meet(item.id):
            return sighting
        item = fate = BadNote(item.id, sighting.file, sighting.line, DUPLICATE)
    return fate if faults.look_at(item) else None
