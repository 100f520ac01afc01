"""Bulk annotation: each note exactly once in the output, whatever happens on the way.

Links go to a journal, `OUT.partial`, batch by batch and in the order of the input, notes in error
among them. At the end the journal is written in the format that was asked for, beside the output
and then in its place; the journal stays as `OUT.state`, so that the next run takes only the notes
that are new or changed. Which files these are, `output.py` says.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path

from linker._optional import require
from linker.annotate.counts import Counts
from linker.annotate.journal import Journal
from linker.annotate.ledger import Ledger
from linker.annotate.manifest import SYSTEM, write_manifest
from linker.annotate.output import Output
from linker.annotate.read import NoteStream
from linker.annotate.readers import Columns
from linker.annotate.work import Work
from linker.annotate.writers import format_of
from linker.atomic import stopped_clearly
from linker.errors import ConfigError, NoteError
from linker.home import at_home
from linker.link import Linker, at_least_one, n_candidates
from linker.lock import locked


def annotate_files(
    linker: Linker,
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    format: str = "jsonl",  # noqa: A002
    input_format: str | None = None,
    columns: Columns | None = None,
    query: str | None = None,
    k: int = 5,
    workers: int | None = None,
    ray: str | None = None,
    resume: bool = False,
    force: bool = False,
    prune: bool = False,
    progress: Callable[[NoteStream, int], None] | None = None,
    told: Callable[[Counts], None] | None = None,
    wrote: Callable[[int, int], None] | None = None,
) -> Counts:
    """Annotate files of notes.

    If `out` exists from an earlier run with the same index, settings and version of the tool, notes
    with an unchanged id and text are not annotated again. Links of notes that are no longer in the
    input, or that can no longer be read, are kept. FHIR documents that are now entered-in-error or
    deleted lose their links, as do notes whose text is now null, unless no note of the input can be
    read.

    Args:
        linker: finds and links the mentions.
        paths: files and folders of notes; see `NoteStream`.
        out: the file, or for some formats the folder, to write.
        format: a name of `WRITERS`.
        input_format: a name of `NOTE_READERS`; by default the files' endings decide.
        columns: the columns of tables, or keys of JSON lines, with the notes' id and text.
        query: the SQL that selects the notes, for a database in `paths`.
        k: candidates to keep for each mention.
        workers: how many processes, at least 1; by default 1, on Ray the number of cores of the
            cluster. It changes no link, and no score by more than 1e-5.
        ray: where they run: None for this machine without Ray, otherwise the address of a Ray
            cluster, "auto" or "local". Its machines must see the notes and the index under the same
            paths.
        resume: continue a run that was stopped; notes that it had finished are not annotated again.
        force: replace `out`, and discard a run that was stopped.
        prune: drop from an existing output the notes that are not in the input; refused if some of
            the input cannot be read, since its notes are then unknown, or if it holds no note.
        progress: called after each batch with the stream and the number of notes in it.
        told: called after each batch with the counts so far.
        wrote: called while the output is written, with the number of notes just written and the
            most that there may be; not called for few notes.

    Raises:
        NoteError: there are no notes to read; or `out` or a stopped run exists and cannot be
            continued; or another process writes there; or the disk is full, or the like, after
            which `resume` continues the run.
        LinkerError: the linker's encoder or detector cannot be loaded, workers died again and
            again, or the index was replaced.
        MissingExtraError: `ray` is given but not installed.
        TypeError: `linker` is not a `Linker`, or `paths` is a single path.
        ValueError: `k` or `workers` is below 1.
        ConfigError: several `workers` in a process that may start none.
    """
    workers = _checked(linker, workers, ray)
    k = n_candidates(k)
    out = at_home(out)
    output = Output(out, format_of(format, out))
    output.check_kind()
    # The output may lie in the folder of the notes.
    stream = NoteStream(
        paths, leave_out=output.all_files(), input_format=input_format, columns=columns, query=query
    )
    settings = {**linker.settings, "k": k, "format": format, "tool_version": SYSTEM}
    busy = NoteError(f"{out}: another process is writing this output; wait for it")
    with locked(out, busy), closing(Ledger()) as ledger:
        output.prepare(resume=resume, force=force)
        job = {
            "settings": settings,
            "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "base": not output.is_stopped() and not force and output.base(settings),
        }
        begun = time.monotonic()
        work = Work(linker, output, stream, ledger, k, format, workers, ray)
        with Journal(output.partial, job) as journal, _nothing_for_nothing(journal):
            if not journal.is_empty:
                output.check_stopped(settings, journal.job)
            work.take_stock(journal.job, is_resumed=not journal.is_empty)
            for batch, counts in work.annotate(journal):
                if told is not None:
                    told(counts)
                if progress is not None:
                    progress(stream, batch)
            work.end(journal, prune=prune)
        totals = work.finish(journal.job, prune=prune, wrote=wrote)
        with stopped_clearly(out, "run", NoteError):
            write_manifest(
                output.manifest,
                linker,
                out,
                settings,
                stream,
                totals,
                work.counts,
                started=journal.job["started"],
                workers=work.workers,
                seconds=time.monotonic() - begun,
            )
            output.close(work.state)
    return work.counts


def _checked(linker: object, workers: int | None, ray: str | None) -> int | None:
    """How many processes were asked for, before anything is read or written."""
    if not isinstance(linker, Linker):
        raise TypeError(
            f"linker is {type(linker).__name__}, expected Linker; Linker.load opens an index"
        )
    if workers is not None:
        workers = at_least_one(workers, "workers", "at least 1 process is needed")
        if workers > 1 and ray is None and multiprocessing.current_process().daemon:
            raise ConfigError(
                f"{workers} workers: this process is one of a pool that lets it start no others "
                "(multiprocessing.Pool, Celery); give 1 here, or annotate outside of the pool"
            )
    if ray is not None:
        require("ray", extra="ray")
    return workers


@contextmanager
def _nothing_for_nothing(journal: Journal) -> Iterator[None]:
    """Have a run that fails before its first note (no such detector) leave no file behind."""
    try:
        yield
    except BaseException:
        if journal.is_empty:
            journal.path.unlink(missing_ok=True)
        raise
