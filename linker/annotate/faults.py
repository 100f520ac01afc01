"""What was wrong with the input, now and before: which errors stay, what may be dropped."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from linker.annotate.ledger import Ledger
from linker.annotate.read import DUPLICATE
from linker.annotate.readers import NO_TEXT, WITHDRAWN, BadNote, NoteFile
from linker.errors import NoteError


class _Taken:
    """The ids of documents that are withdrawn, and of notes whose text is null."""

    def __init__(self) -> None:
        self.withdrawn: set[str] = set()
        self.without_text: set[str] = set()

    def look_at(self, bad: BadNote) -> None:
        if bad.id is None:
            return
        if bad.reason.endswith(WITHDRAWN):
            self.withdrawn.add(bad.id)
        elif bad.reason.endswith(NO_TEXT):
            self.without_text.add(bad.id)


class Faults:
    """The notes in error of a run.

    Args:
        files: what it reads.
    """

    def __init__(self, files: Sequence[NoteFile]) -> None:
        # Errors of the output that was there.
        self.n_before = 0
        # Errors that the journal of the run that was stopped has, and those of them met again.
        # Counted: the notes of one line may have the same.
        self._known: Counter[BadNote] = Counter()
        self._again: Counter[BadNote] = Counter()
        self._ids: set[str] = set()
        # What the input takes back, and what the run that was stopped read that it does.
        self._taken = _Taken()
        self._taken_before = _Taken()
        self._unknown: BadNote | None = None
        self._real = functools.cache(os.path.realpath)
        self._files = files

    @functools.cached_property
    def _read(self) -> frozenset[str]:
        """The places of the input, made where an earlier error asks: files may be millions."""
        return frozenset(self._places())

    def _places(self) -> Iterator[str]:
        """The files that are read, and the folders that they lie in."""
        folders = set()
        for file in self._files:
            place = self._place(file.name)
            folders.add(Path(place).parent)
            yield place
        for folder in folders:
            yield from map(str, (folder, *folder.parents))

    def _place(self, file: str) -> str:
        # One file may be called by several paths. Of files the folder alone is looked at: that
        # they are many makes no difference.
        folder, name = os.path.split(file)
        return str(Path(self._real(folder), name))

    def recall(self, bad: BadNote) -> None:
        """Be told of a note in error of the run that was stopped.

        What it took back stays so, though the input may say nothing of it any more.
        """
        self._known[bad] += 1
        self._taken_before.look_at(bad)

    def look_at(self, bad: BadNote) -> bool:
        """Be told of a note of the input that is in error; whether the journal has not told it."""
        if bad.id is None:
            self._unknown = self._unknown or bad
        else:
            self._ids.add(bad.id)
            self._taken.look_at(bad)
        if bad not in self._known:
            return True
        self._again[bad] += 1
        return self._again[bad] > self._known[bad]

    def has(self, note_id: str) -> bool:
        """Whether the input has a note of this id that is in error."""
        return note_id in self._ids

    def takes_back(self) -> bool:
        """Whether a note was withdrawn, or the text of one taken away."""
        return any(True for _ in self._taken_ids())

    def takes_from(self, ledger: Ledger) -> bool:
        """Whether one of the notes that a record holds is gone."""
        return any(
            self.is_gone(note_id, ledger) and ledger.holds(note_id) for note_id in self._taken_ids()
        )

    def _taken_ids(self) -> Iterator[str]:
        for taken in (self._taken, self._taken_before):
            yield from taken.withdrawn
            yield from taken.without_text

    def is_gone(self, note_id: str, ledger: Ledger) -> bool:
        """Whether links that the note has from before are none of its own any more.

        An input in which no note has a text says nothing of those whose text is missing: it is
        broken.
        """
        now, before = self._taken, self._taken_before
        if note_id in now.withdrawn:
            return True
        if ledger.is_met(note_id):
            return False
        if note_id in before.withdrawn:
            return True
        # The run that was stopped may have read its text elsewhere.
        is_without = note_id in now.without_text or (
            note_id in before.without_text and not ledger.is_new(note_id)
        )
        return is_without and ledger.met > 0

    def is_all(self, ledger: Ledger) -> bool:
        """Whether the input holds errors alone, documents that it withdraws left out."""
        return not ledger.met and not self._taken.withdrawn

    def are_met_again(self) -> bool:
        """Whether the input still has errors of the run that was stopped."""
        return bool(self._again)

    def mended(self, ledger: Ledger, *, prune: bool) -> frozenset[BadNote]:
        """Errors of the run that was stopped that are none any more.

        Those of notes that could be read and not annotated are not among them: their text says
        whether they are tried again.

        Args:
            ledger: knows which notes the input held.
            prune: whether those of what the input lacks are among them.
        """
        left = (bad for bad in self._known if bad.file is not None and bad not in self._again)
        return frozenset(bad for bad in left if prune or self._is_read_again(bad, ledger))

    def is_seen_again(self, bad: BadNote, ledger: Ledger) -> bool:
        """Whether the file or note of an earlier run's error was read: what came of it is new."""
        if bad in self._known or self._is_read_again(bad, ledger):
            return True
        return bad.id is not None and bad.reason != DUPLICATE and ledger.is_new(bad.id)

    def _is_read_again(self, bad: BadNote, ledger: Ledger) -> bool:
        if bad.id is not None and bad.reason != DUPLICATE and ledger.is_met(bad.id):
            return True
        return bad.file is not None and self._place(bad.file) in self._read

    def check_prune(self, out: Path, ledger: Ledger) -> None:
        """Refuse to drop what the input may well hold, and to drop all for an input without a note.

        Args:
            ledger: knows which notes the output holds, and which the input held.

        Raises:
            NoteError: something could not be read that has no id, so that it is not known which
                notes those were; or the input is empty, as where what was to give it failed.
        """
        bad = self._unknown
        if bad is not None:
            place = f"{bad.file}" if bad.line is None else f"{bad.file}:{bad.line}"
            raise NoteError(
                f"{out}: nothing was dropped or written, since it is not known which notes could "
                f"not be read at {place} ({bad.reason}); mend that, or leave out --prune, and use "
                "--resume to go on"
            )
        if self._is_empty(ledger):
            raise NoteError(
                f"{out}: nothing was dropped or written, since the input holds no note, and "
                "--prune would drop all; correct the input, or leave out --prune"
            )

    def tell_what_is_gone(self, ledger: Ledger) -> bool:
        """Whether `check_prune` lets it pass."""
        return self._unknown is None and not self._is_empty(ledger)

    def _is_empty(self, ledger: Ledger) -> bool:
        return ledger.records > 0 and not ledger.met and not self._ids
