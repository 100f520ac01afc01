"""Bulk annotation: notes in, JSON lines out, each note exactly once, whatever happens on the way.

Links go to `OUT.partial`, a line a note, in the order of the input; notes that could not be read or
annotated go to `OUT.errors.jsonl`, with their id, place and reason and none of their text. At the
end `OUT.partial` becomes `OUT`.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from linker.annotate.read import BadNote, NoteStream
from linker.annotate.workers import map_in_processes
from linker.annotate.write import json_line, note_json
from linker.atomic import write_atomically
from linker.errors import LinkerError, NoteError
from linker.link import Linker
from linker.schema import Link, Note

BATCH_NOTES = 32
"""Notes that are annotated, and written, together."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run did: notes annotated, notes in error, links (NIL left out), notes done before."""

    notes: int
    errors: int
    links: int
    resumed: int


def annotate_files(
    linker: Linker,
    paths: Sequence[str | Path],
    out: str | Path,
    *,
    k: int = 5,
    workers: int = 1,
    resume: bool = False,
    force: bool = False,
    progress: Callable[[NoteStream, int], None] | None = None,
) -> Counts:
    """Annotate files of notes.

    Args:
        linker: finds and links the mentions.
        paths: files and folders of notes; see `NoteStream`.
        out: the JSON-lines file to write.
        k: candidates to keep a mention.
        workers: processes, at least 1. It changes no link, and no score beyond 1e-5.
        resume: go on with a run that was stopped; notes that it did are not done again.
        force: replace `out`, and throw away a run that was stopped.
        progress: called after each batch with the stream and the number of notes in it.

    Raises:
        NoteError: there are no notes to read, or `out` or the remains of a stopped run are there.
        LinkerError: the linker's encoder or detector cannot be loaded, or a worker died.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; at least 1 process is needed")
    out = Path(out)
    partial = out.with_name(f"{out.name}.partial")
    errors = out.with_name(f"{out.name}.errors.jsonl")
    job = out.with_name(f"{out.name}.job.json")
    # The output may lie in the folder of the notes.
    stream = NoteStream(paths, leave_out=(out, errors))
    _prepare(out, partial, errors, resume=resume, force=force)
    _same_job(job, {**linker.settings, "k": k}, resume=partial.exists())
    done = {key for file in (partial, errors) for key in _finished(file)}
    notes, n_errors, n_links = 0, 0, 0
    with (
        _nothing_for_nothing(partial, errors, job),
        partial.open("a", encoding="utf-8") as lines,
        errors.open("a", encoding="utf-8") as bad,
        closing(_annotated(linker, _batches(stream, done), k, workers)) as annotated,
    ):
        for batch in annotated:
            for item in batch:
                if isinstance(item, BadNote):
                    bad.write(json_line(asdict(item)))
                    n_errors += 1
                else:
                    lines.write(item[0])
                    notes += 1
                    n_links += item[1]
            lines.flush()
            bad.flush()
            if progress is not None:
                progress(stream, len(batch))
        os.fsync(lines.fileno())
    partial.replace(out)
    job.unlink()
    if errors.stat().st_size == 0:
        errors.unlink()
    return Counts(notes, n_errors, n_links, len(done))


def _prepare(out: Path, partial: Path, errors: Path, *, resume: bool, force: bool) -> None:
    if out.is_dir():
        raise NoteError(f"{out}: is a folder; give the file to write")
    if out.exists() and not force:
        raise NoteError(
            f"{out}: exists already; use --force to replace it, or choose another --out"
        )
    if partial.exists() and not (resume or force):
        raise NoteError(
            f"{partial}: a run was stopped here; use --resume to go on with it, "
            "or --force to start over"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    if not resume:
        partial.unlink(missing_ok=True)
        errors.unlink(missing_ok=True)


def _same_job(path: Path, settings: dict[str, Any], *, resume: bool) -> None:
    """Note what a run is done with, or check that the one that goes on with it is done so too."""
    if not resume or not path.exists():
        write_atomically(path, json.dumps(settings) + "\n")
        return
    try:
        found = dict(json.loads(path.read_bytes()))
    except (TypeError, ValueError) as error:
        raise NoteError(f"{path}: not JSON; use --force to start over") from error
    changed = sorted(key for key in settings if found.get(key) != settings[key])
    if changed:
        raise NoteError(
            f"{path}: the run that was stopped had another {' and '.join(changed)}; "
            "go on with what it was started with, or use --force to start over"
        )


@contextmanager
def _nothing_for_nothing(partial: Path, errors: Path, job: Path) -> Iterator[None]:
    """Have a run that fails before its first note (no such detector) leave no file behind."""
    try:
        yield
    except BaseException:
        if not any(file.exists() and file.stat().st_size for file in (partial, errors)):
            for file in (partial, errors, job):
                file.unlink(missing_ok=True)
        raise


_Key = str | tuple[str, int | None]
"""What tells an item of the input from the others: a note's id, or the place of what was bad."""


def _finished(path: Path) -> Iterator[_Key]:
    """The keys of the whole lines of a file; a line that a kill cut short is removed."""
    if not path.exists():
        return
    whole = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                data = json.loads(line)
                key = data["id"] if data.get("file") is None else (data["file"], data["line"])
            except (ValueError, KeyError, AttributeError) as error:
                raise NoteError(
                    f"{path}:{number}: not a line of a run that was stopped; "
                    "use --force to start over"
                ) from error
            yield key
    os.truncate(path, whole)


def _key(item: Note | BadNote) -> _Key | None:
    # A note that was read but not annotated has no file.
    return item.id if isinstance(item, Note) or item.file is None else (item.file, item.line)


def _batches(stream: Iterable[Note | BadNote], done: set[_Key]) -> Iterator[list[Note | BadNote]]:
    items = (item for item in stream if _key(item) not in done)
    while batch := list(islice(items, BATCH_NOTES)):
        yield batch


_Result = tuple[str, int] | BadNote
"""A note's line and its number of links, or why there is none."""


def _annotate_batch(linker: Linker, batch: list[Note | BadNote], k: int) -> list[_Result]:
    notes = [item for item in batch if isinstance(item, Note)]
    try:
        links: list[list[Link] | BadNote] = list(
            linker.pipe([note.text for note in notes], batch_size=len(notes) or 1, k=k)
        )
    except LinkerError:
        # The encoder or the detector, not a note: no note would fare better.
        raise
    except Exception:
        # One note of the batch breaks a library: find out which, and keep the others.
        links = [_annotate_alone(linker, note, k) for note in notes]
    by_note = iter(links)
    results: list[_Result] = []
    for item in batch:
        found = item if isinstance(item, BadNote) else next(by_note)
        if isinstance(found, BadNote):
            results.append(found)
        else:
            linked = sum(link.concept_id is not None for link in found)
            assert isinstance(item, Note)
            results.append((json_line(note_json(item.id, found)), linked))
    return results


def _annotate_alone(linker: Linker, note: Note, k: int) -> list[Link] | BadNote:
    try:
        return linker.annotate(note.text, k=k)
    except Exception as error:
        # A library's message may quote the note: its type says enough.
        reason = f"{type(error).__name__} while annotating its {len(note.text)} characters"
        return BadNote(note.id, None, None, reason)


def _annotated(
    linker: Linker, batches: Iterator[list[Note | BadNote]], k: int, workers: int
) -> Generator[list[_Result], None, None]:
    """The batches' results, in the order of the batches."""
    annotate = functools.partial(_annotate_batch, linker, k=k)
    if workers == 1:
        yield from map(annotate, batches)
    else:
        yield from map_in_processes(annotate, batches, workers=workers)
