"""Bulk annotation: each note exactly once in the output, whatever happens on the way.

Links go to a journal, `OUT.partial`, batch by batch and in the order of the input, notes in error
among them. At the end the journal is written in the format that was asked for, beside the output
and then in its place; the journal stays as `OUT.state`, so that the next run takes only the notes
that are new or changed. Which files these are, `output.py` says.
"""

from __future__ import annotations

import functools
import multiprocessing
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from linker._optional import require
from linker.annotate.batch import (
    Done,
    Item,
    annotate_batch,
    apart,
    batches,
    characters,
    collecting_seldom,
    described,
    digest_of,
    given_up,
    together,
)
from linker.annotate.counts import Counts
from linker.annotate.dispatch import Rescue, map_in_processes
from linker.annotate.faults import Faults
from linker.annotate.journal import Journal, Record, read_records
from linker.annotate.ledger import Ledger
from linker.annotate.lines import NoteLines
from linker.annotate.manifest import SYSTEM, write_manifest
from linker.annotate.merge import Merge
from linker.annotate.output import Output, Totals, check_settings
from linker.annotate.read import DUPLICATE, NoteStream
from linker.annotate.readers import BadNote, Columns
from linker.annotate.settle import DoneNotes, settle
from linker.annotate.writers import RunInfo, format_of
from linker.atomic import stopped_clearly
from linker.errors import ConfigError, NoteError
from linker.home import at_home
from linker.link import Linker, at_least_one, n_candidates
from linker.lock import locked
from linker.schema import Note

_WRITTEN_TOLD = 1000
"""Notes between two words on how far the output is written."""


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
    if not isinstance(linker, Linker):
        raise TypeError(
            f"linker is {type(linker).__name__}, expected Linker; Linker.load opens an index"
        )
    k = n_candidates(k)
    if workers is not None:
        workers = at_least_one(workers, "workers", "at least 1 process is needed")
        if workers > 1 and ray is None and multiprocessing.current_process().daemon:
            raise ConfigError(
                f"{workers} workers: this process is one of a pool that lets it start no others "
                "(multiprocessing.Pool, Celery); give 1 here, or annotate outside of the pool"
            )
    if ray is not None:
        require("ray", extra="ray")
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
        run = _Run(linker, output, stream, ledger, k, format, workers, ray)
        with Journal(output.partial, job) as journal, _nothing_for_nothing(journal):
            check_settings(
                settings,
                journal.job,
                f"{output.partial}: the run that was stopped had another {{changed}}; "
                "go on with what it was started with, or use --force to start over",
            )
            if journal.job["base"] and not journal.is_empty:
                # Changed since the run was stopped: before that it was looked at.
                output.check_untouched()
            run.take_stock(journal.job, is_resumed=not journal.is_empty)
            for batch, counts in run.annotate(journal):
                if told is not None:
                    told(counts)
                if progress is not None:
                    progress(stream, batch)
            if prune and journal.job["base"]:
                run.faults.check_prune(out, ledger)
            with stopped_clearly(out, "run", NoteError):
                journal.sync()
        totals = run.finish(journal.job, prune=prune, wrote=wrote)
        has_errors = run.counts.errors > 0 or run.faults.are_met_again()
        unread = has_errors and run.faults.is_all(ledger)
        counts = replace(
            run.counts,
            changed=totals.changed,
            text_ids=run.text_ids,
            unread=unread,
            held_notes=totals.notes,
            held_links=totals.links,
            held_errors=totals.errors,
        )
        write_manifest(
            output.manifest,
            linker,
            out,
            settings,
            stream,
            totals,
            started=journal.job["started"],
            workers=run.workers,
            seconds=time.monotonic() - begun,
            done={
                "notes": counts.notes,
                "resumed": counts.resumed,
                "kept": counts.kept,
                "dropped": counts.dropped,
                "workers_replaced": counts.deaths,
            },
        )
        output.close(run.state)
    return counts


class _Run:
    """One run: what is known before it, the notes that are left, and what it did."""

    def __init__(
        self,
        linker: Linker,
        output: Output,
        stream: NoteStream,
        ledger: Ledger,
        k: int,
        name: str,
        workers: int | None,
        ray: str | None,
    ) -> None:
        self.counts = Counts(0, 0, 0, 0)
        self.state = output.partial
        self._linker = linker
        self._output = output
        self._stream = stream
        self.faults = Faults(stream.files)
        self._ledger = ledger
        self._k, self._name, self._asked, self._ray = k, name, workers, ray
        self._digest = functools.partial(digest_of, name=name, out=output.out)
        self.workers = 1 if workers is None else workers
        self.text_ids = 0
        self._base = False

    def take_stock(self, job: dict[str, Any], *, is_resumed: bool) -> None:
        """Note which notes are done: of the output that is there, and of a run that was stopped."""
        terminology = self._linker.manifest.terminology
        self._info = RunInfo(
            SYSTEM,
            job["started"],
            terminology.terminology,
            terminology.version,
            terminology.source,
        )
        self._base = job["base"]
        if self._base:
            for record in read_records(self._output.state):
                # An error is tried again.
                self.faults.n_before += record.bad is not None
                self._enter(record.note_id, record.text, is_done=record.bad is None)
        self._ledger.old = self._ledger.records
        resumed = 0
        for record in read_records(self._output.partial) if is_resumed else ():
            self._enter(record.note_id, record.text, is_done=True)
            if record.bad is not None:
                self.faults.recall(record.bad)
            resumed += 1
        self.counts = replace(self.counts, resumed=resumed)

    def _enter(self, note_id: str | None, text: bytes, *, is_done: bool) -> None:
        if is_done and note_id is not None and text:
            self._ledger.record(note_id, text)
        else:
            self._ledger.skip()

    def annotate(self, journal: Journal) -> Iterator[tuple[int, Counts]]:
        """Annotate what is left and commit it; yields the size of each batch, and all so far."""
        with closing(self._annotated()) as annotated:
            for done in annotated:
                if done.items:
                    with stopped_clearly(self._output.out, "run", NoteError):
                        journal.append(done.frame)
                notes = sum(is_note for *_, is_note in done.items)
                for note_id, text, _ in done.items:
                    self._enter(note_id, text, is_done=True)
                self.counts = replace(
                    self.counts,
                    notes=self.counts.notes + notes,
                    errors=self.counts.errors + len(done.items) - notes,
                    links=self.counts.links + done.n_links,
                )
                yield len(done.items), self.counts

    def _annotated(self) -> Generator[Done, None, None]:
        """The batches' results, in the order of the batches."""
        annotate = functools.partial(
            annotate_batch,
            k=self._k,
            name=self._name,
            out=self._output.out,
            info=self._info,
            index=self._linker.manifest,
            lines=NoteLines(),
        )
        if self._ray is not None:
            yield from self._annotated_on_ray(self._ray, annotate)
            return
        here = functools.partial(annotate, self._linker)
        left = batches(self._left(), characters)
        if self.workers == 1:
            yield from map(here, left)
        else:
            rescue = Rescue(described, apart, given_up, together)
            yield from map_in_processes(
                here, left, workers=self.workers, rescue=rescue, replaced=self._count_deaths
            )

    def _count_deaths(self, n: int = 1) -> None:
        self.counts = replace(self.counts, deaths=self.counts.deaths + n)

    def _annotated_on_ray(
        self, address: str, annotate: Callable[[Linker, list[Item]], Done]
    ) -> Generator[Done, None, None]:
        from linker.annotate.ray import annotate_on_ray, connected

        done_before = DoneNotes.of(self._ledger)
        with connected(address, workers=self._asked) as cluster:
            self.workers = cluster.workers
            found = annotate_on_ray(
                self._linker,
                self._stream,
                done_before,
                self._digest,
                annotate,
                cluster,
                self._count_deaths,
            )
            with closing(found):
                for sightings, done, bytes_read in found:
                    self._stream.reached(bytes_read)
                    yield settle(sightings, done, self._ledger, self.faults)

    def _left(self) -> Iterator[Item]:
        # Not as the stream itself looks for ids that come twice: the ledger knows.
        for file, line, item in self._stream.placed():
            if isinstance(item, Note) and not self._ledger.meet(item.id):
                item = file.bad(item.id, line, DUPLICATE)
            if isinstance(item, BadNote):
                if self.faults.look_at(item):
                    yield item, b""
            else:
                text = self._digest(item)
                if not self._ledger.is_done(item.id, text):
                    yield item, text

    def finish(
        self,
        job: dict[str, Any],
        *,
        prune: bool,
        wrote: Callable[[int, int], None] | None,
    ) -> Totals:
        """Write the output and put it in place, all but the state; what it holds.

        An output that would come out as it is stays as it is.
        """
        output, counts = self._output, self.counts
        merge = Merge(output, self._ledger, self.faults, is_update=self._base, prune=prune)
        holds = output.holds() if merge.is_as_it_was() else None
        if holds is not None:
            self.state = output.state
            kept = holds.notes + holds.errors - counts.errors - counts.resumed
            self.counts = replace(counts, kept=kept)
            return holds
        self.text_ids = merge.text_ids() if self._name == "omop" else 0
        info = replace(self._info, integer_ids=not self.text_ids)
        # An update writes its new state, too.
        total = self._ledger.records * (2 if merge.is_selection else 1)
        kept = 0

        def records() -> Iterator[Record]:
            nonlocal kept
            kept = 0
            for number, (record, is_old) in enumerate(merge.records(), 1):
                kept += is_old
                yield record
                if wrote is not None and number % _WRITTEN_TOLD == 0:
                    wrote(_WRITTEN_TOLD, total)

        try:
            with stopped_clearly(output.out, "run", NoteError), collecting_seldom():
                totals = output.write(records(), info)
                if merge.is_selection:
                    self.state = output.merged_state(records(), {**job, "base": False})
                output.commit(totals)
        except BaseException:
            output.discard()
            raise
        self.counts = replace(counts, kept=kept, dropped=merge.dropped)
        return totals


@contextmanager
def _nothing_for_nothing(journal: Journal) -> Iterator[None]:
    """Have a run that fails before its first note (no such detector) leave no file behind."""
    try:
        yield
    except BaseException:
        if journal.is_empty:
            journal.path.unlink(missing_ok=True)
        raise
