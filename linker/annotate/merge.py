"""What an output comes to hold: of the output that was there and of the run, each note's latest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from linker.annotate.faults import Faults
from linker.annotate.journal import Record, read_records
from linker.annotate.ledger import Ledger, is_integer
from linker.annotate.output import Output
from linker.annotate.readers import BadNote


class Merge:
    """The records of two journals: `OUT.state`, and then `OUT.partial`.

    Args:
        output: where they lie.
        ledger: knows of both which record is each note's latest, and which notes the input held.
        faults: what was wrong with the input.
        is_update: whether the first counts.
        prune: whether notes go that the input lacks.

    Attributes:
        is_selection: whether the output may be other than the second journal, record by record.
        dropped: notes of the first journal that `records`, once it is through, has left out and not
            replaced.
    """

    def __init__(
        self, output: Output, ledger: Ledger, faults: Faults, *, is_update: bool, prune: bool
    ) -> None:
        self._output = output
        self._ledger = ledger
        self._faults = faults
        self._is_update = is_update
        # Of a run without an output before it, what was done before it was stopped may go.
        self._prune = prune and faults.tell_what_is_gone(ledger)
        self._mended = faults.mended(ledger, prune=self._prune)
        self.is_selection = bool(
            is_update
            or ledger.replaced
            or self._mended
            or faults.takes_back()
            or (self._prune and not ledger.is_all_met())
        )
        self.dropped = 0

    def records(self) -> Iterator[tuple[Record, bool]]:
        """The records that the output is to hold, and whether each was there before the run."""
        self.dropped = 0
        new = ((record, False) for record in read_records(self._output.partial))
        if not self.is_selection:
            yield from new
            return
        old = read_records(self._output.state) if self._is_update else iter(())
        both = chain(((record, True) for record in old), new)
        for number, (record, is_old) in enumerate(both):
            if self._stays(record, number, is_old=is_old):
                yield record, is_old
            elif is_old and record.bad is None:
                assert record.note_id is not None
                self.dropped += self._ledger.is_latest(record.note_id, number)

    def text_ids(self) -> int:
        """How many notes that the output is to hold have an id that is no whole number."""
        if self._ledger.all_integers:
            return 0
        return sum(
            record.bad is None and record.note_id is not None and not is_integer(record.note_id)
            for record, _ in self.records()
        )

    def _stays(self, record: Record, number: int, *, is_old: bool) -> bool:
        note_id, ledger, faults = record.note_id, self._ledger, self._faults
        if record.bad is not None:
            if is_old:
                return not self._goes(record.bad)
            if record.bad in self._mended:
                return False
        if note_id is None or not record.text:
            return True
        if record.bad is None and faults.is_gone(note_id, ledger):
            return False
        if self._prune and not (ledger.is_met(note_id) or faults.has(note_id)):
            return False
        return ledger.is_latest(note_id, number)

    def _goes(self, bad: BadNote) -> bool:
        """Whether an error that was there goes; what the run found in its place is new."""
        return self._prune or self._faults.is_seen_again(bad, self._ledger)

    def is_as_it_was(self) -> bool:
        """Whether the output that was there would come out as it is."""
        ledger, faults = self._ledger, self._faults
        if not self._is_update or self._mended or faults.takes_from(ledger):
            return False
        if self._prune and not ledger.is_all_met():
            return False
        errors: Counter[BadNote] = Counter()
        for record in read_records(self._output.partial):
            if record.bad is None:
                return False
            errors[record.bad] += 1
        if errors or faults.n_before:
            for record in read_records(self._output.state):
                if record.bad is not None and self._goes(record.bad):
                    errors[record.bad] -= 1
        return not any(errors.values())
