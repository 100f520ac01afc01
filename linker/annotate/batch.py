"""A batch of notes to a frame of the journal: what the processes of a run do."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from linker.annotate.journal import Record, pack
from linker.annotate.ledger import digest
from linker.annotate.lines import NoteLines
from linker.annotate.readers import BadNote
from linker.annotate.writers import Format, RunInfo, Unwritable, format_of
from linker.counted import counted
from linker.errors import IndexFolderError, LinkerError
from linker.index import Manifest
from linker.link import Linker
from linker.schema import Link, Note

BATCH_NOTES = 64
"""Notes that are annotated, and committed, together. Exact search and the encoder do more in one
call: a fifth less CPU over HPO than with 32, a twentieth over MeSH."""

BATCH_CHARACTERS = 1 << 20
"""A batch ends earlier with the note that takes it past this."""

_ID_SHOWN = 60
"""Characters of an id that a message shows."""

_YOUNG = 50_000
"""Objects made before Python looks for cycles among them: see `collecting_seldom`."""

Sized = TypeVar("Sized")

Item = tuple[Note | BadNote, bytes]
"""What the input holds, and the digest of a note: see `digest_of`."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a batch.

    Attributes:
        frame: its records, for the journal: in one frame, or in several where it was done in parts.
        items: of each, in order, the note's id, the digest of its text, and whether it has links
            (else it is an error).
        n_links: links, NIL left out.
    """

    frame: bytes
    items: tuple[tuple[str | None, bytes, bool], ...]
    n_links: int

    @classmethod
    def of(cls, records: Sequence[Record]) -> Done:
        """What some records say of a batch."""
        return cls(
            pack([record.to_bytes() for record in records]),
            tuple((record.note_id, record.text, record.bad is None) for record in records),
            sum(record.n_links for record in records),
        )


def digest_of(note: Note, *, name: str, out: Path) -> bytes:
    """What tells a note from another of its id: its text, and what the format holds of it beside.

    Args:
        name: the format of the output at `out`.
    """
    text = digest(note.text)
    beside = format_of(name, out).beside(note)
    return digest(f"{text.hex()} {beside}") if beside else text


def batches(items: Iterable[Sized], size_of: Callable[[Sized], int]) -> Iterator[list[Sized]]:
    """Cut a stream into batches; `size_of` gives an item's characters."""
    batch: list[Sized] = []
    size = 0
    for item in items:
        batch.append(item)
        size += size_of(item)
        if len(batch) >= BATCH_NOTES or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def characters(item: Item) -> int:
    """How much text an item of a batch holds."""
    return len(item[0].text) if isinstance(item[0], Note) else 0


def described(batch: list[Item]) -> str:
    """Which notes a batch has, for a message: by their ids, and none of their text."""
    notes = [item for item, _ in batch if isinstance(item, Note)]
    if not notes:
        return "notes that cannot be read"
    longest = max(notes, key=lambda note: len(note.text))
    size = f"of {counted(len(longest.text), 'character')}"
    if len(notes) == 1:
        return f"the note {_short(longest.id)} {size}"
    ends = f"{_short(notes[0].id)} to {_short(notes[-1].id)}"
    return f"the notes {ends}, of which {_short(longest.id)} is the longest, {size}"


def _short(note_id: str) -> str:
    return repr(note_id if len(note_id) <= _ID_SHOWN else f"{note_id[:_ID_SHOWN]}...")


def apart(batch: list[Item]) -> list[list[Item]]:
    """Each item of a batch as one of its own."""
    return [[item] for item in batch]


def together(parts: Sequence[Done]) -> Done:
    """What became of the parts of a batch as that of the whole."""
    return Done(
        b"".join(part.frame for part in parts),
        tuple(item for part in parts for item in part.items),
        sum(part.n_links for part in parts),
    )


def given_up(batch: list[Item]) -> Done:
    """What becomes of a batch that ends every process that annotates it: an error each."""
    records = []
    for item, text in batch:
        if isinstance(item, Note):
            of = counted(len(item.text), "character")
            reason = f"each process that annotated its {of} died (was memory short?)"
            records.append(Record(item.id, text, bad=BadNote(item.id, None, None, reason)))
        else:
            records.append(Record(item.id, text, bad=item))
    return Done.of(records)


def annotate_batch(
    linker: Linker,
    batch: list[Item],
    *,
    k: int,
    name: str,
    out: Path,
    info: RunInfo,
    index: Manifest,
    lines: NoteLines,
) -> Done:
    """Annotate a batch.

    Args:
        k: candidates to keep for each mention.
        index: what the run's index is.
        name: the format of the output at `out`.
        info: what the format may say of the run.
        lines: writes the links; keeps what it wrote from one batch to the next.

    Raises:
        IndexFolderError: the index is another one than when the run began.
        LinkerError: the encoder or the detector cannot be loaded.
    """
    with collecting_seldom():
        done = _annotated(linker, batch, k, format_of(name, out), name, info, lines)
    _same_index(linker, index)
    return done


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Have Python look for garbage cycles seldom meanwhile.

    A batch makes some hundred thousand small values, and no cycles among them; so does the writing
    of an output. By default Python looks after each 700: an eighth of the time of annotation, and a
    third of that of writing Parquet, for nothing.
    """
    before = gc.get_threshold()
    # 0 is off, and stays so.
    gc.set_threshold(before[0] and max(before[0], _YOUNG), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _annotated(
    linker: Linker,
    batch: list[Item],
    k: int,
    written: Format,
    name: str,
    info: RunInfo,
    lines: NoteLines,
) -> Done:
    found = iter(_links(linker, [item for item, _ in batch if isinstance(item, Note)], k))
    records = []
    for item, text in batch:
        links = item if isinstance(item, BadNote) else next(found)
        if isinstance(item, Note) and not isinstance(links, BadNote):
            try:
                kept = written.keep(item, links, info)
            except Unwritable as error:
                links = BadNote(item.id, None, None, f"--format {name} cannot hold it: {error}")
        if isinstance(links, BadNote):
            records.append(Record(links.id, text, bad=links))
        else:
            n_links = sum(link.concept_id is not None for link in links)
            line = lines.line(item.id or "", links)
            records.append(Record(item.id, text, line, n_links, kept))
    return Done.of(records)


def _same_index(linker: Linker, index: Manifest) -> None:
    """Refuse links of two indexes in one output.

    After the batch, since parts of the index are opened when they are first needed. A worker may
    also have opened another one than the process that started it.
    """
    if not index.files == linker.manifest.files == Manifest.parse(linker.path).files:
        raise IndexFolderError(
            f"{linker.path}: the index was replaced during the run; put the old one back and go "
            "on with --resume, or start over with --force"
        )


def _links(linker: Linker, notes: list[Note], k: int) -> list[list[Link] | BadNote]:
    try:
        return list(linker.pipe([note.text for note in notes], batch_size=len(notes) or 1, k=k))
    except LinkerError:
        # The encoder or the detector, not a note: no note would fare better.
        raise
    except Exception:
        # One note of the batch breaks a library: find out which, and keep the others.
        return [_annotate_alone(linker, note, k) for note in notes]


def _annotate_alone(linker: Linker, note: Note, k: int) -> list[Link] | BadNote:
    try:
        return linker.annotate(note.text, k=k)
    except Exception as error:
        # A library's message may quote the note: its type says enough.
        reason = f"{type(error).__name__} while annotating its {len(note.text)} characters"
        return BadNote(note.id, None, None, reason)
