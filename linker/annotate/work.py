"""The work of a run: what is done already, the notes that are left, and the output made of both."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

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
from linker.annotate.manifest import SYSTEM
from linker.annotate.merge import Merge
from linker.annotate.output import Output, Totals
from linker.annotate.read import DUPLICATE, NoteStream
from linker.annotate.readers import BadNote
from linker.annotate.settle import DoneNotes, settle
from linker.annotate.writers import RunInfo
from linker.atomic import stopped_clearly
from linker.errors import NoteError
from linker.link import Linker
from linker.schema import Note

_WRITTEN_TOLD = 1000
"""Notes between two words on how far the output is written."""


class Work:
    """The work of one run.

    Args:
        linker: annotates.
        output: what it writes.
        stream: its input.
        ledger: an empty one; is told of each note.
        k: candidates to keep for each mention.
        name: the format of the output.
        workers: how many processes; None for the default.
        ray: the address of a cluster; None for this machine.

    Attributes:
        counts: what it did.
        state: the journal of what the output holds, once it is written.
        workers: how many processes there were.
    """

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
        self._faults = Faults(stream.files)
        self._ledger = ledger
        self._k, self._name, self._asked, self._ray = k, name, workers, ray
        self._digest = functools.partial(digest_of, name=name, out=output.out)
        self.workers = 1 if workers is None else workers
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
                self._faults.n_before += record.bad is not None
                self._enter(record.note_id, record.text, is_done=record.bad is None)
        self._ledger.old = self._ledger.records
        resumed = 0
        for record in read_records(self._output.partial) if is_resumed else ():
            self._enter(record.note_id, record.text, is_done=True)
            if record.bad is not None:
                self._faults.recall(record.bad)
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
                    yield settle(sightings, done, self._ledger, self._faults)

    def _left(self) -> Iterator[Item]:
        # Not as the stream itself looks for ids that come twice: the ledger knows.
        for file, line, item in self._stream.placed():
            if isinstance(item, Note) and not self._ledger.meet(item.id):
                item = file.bad(item.id, line, DUPLICATE)
            if isinstance(item, BadNote):
                if self._faults.look_at(item):
                    yield item, b""
            else:
                text = self._digest(item)
                if not self._ledger.is_done(item.id, text):
                    yield item, text

    def end(self, journal: Journal, *, prune: bool) -> None:
        """Have the journal, with all that was done, on the disk.

        Raises:
            NoteError: notes are to be dropped, and it is not known which; or the disk is full.
        """
        if prune and self._base:
            self._faults.check_prune(self._output.out, self._ledger)
        with stopped_clearly(self._output.out, "run", NoteError):
            journal.sync()

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
        faults, ledger = self._faults, self._ledger
        merge = Merge(self._output, ledger, faults, is_update=self._base, prune=prune)
        totals = self._output.holds() if merge.is_as_it_was() else None
        if totals is None:
            totals = self._written(merge, job, wrote)
        else:
            self.state = self._output.state
            done = self.counts.errors + self.counts.resumed
            self.counts = replace(self.counts, kept=totals.notes + totals.errors - done)
        has_errors = self.counts.errors > 0 or faults.are_met_again()
        self.counts = replace(
            self.counts,
            changed=totals.changed,
            unread=has_errors and faults.is_all(ledger),
            held_notes=totals.notes,
            held_links=totals.links,
            held_errors=totals.errors,
        )
        return totals

    def _written(
        self, merge: Merge, job: dict[str, Any], wrote: Callable[[int, int], None] | None
    ) -> Totals:
        """Write what was merged."""
        output = self._output
        text_ids = merge.text_ids() if self._name == "omop" else 0
        info = replace(self._info, integer_ids=not text_ids)
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
        self.counts = replace(self.counts, kept=kept, dropped=merge.dropped, text_ids=text_ids)
        return totals
