"""What a run did, and what its output holds then."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run did.

    Attributes:
        notes: notes annotated.
        errors: notes in error.
        links: links made, NIL left out.
        resumed: notes and errors done before by a run that was stopped.
        kept: notes and errors taken over from the finished output that was there.
        dropped: notes that it had and holds no more: those that the input lacks, if they are to go,
            and those that it withdraws.
        changed: notes of the output whose line ends and tabs the format wrote as blanks.
        unread: whether the input has errors, also those of the run that was stopped, and no note of
            it could be read.
        held_notes: notes that the output holds, also from before.
        held_links: links that it holds, NIL left out.
        held_errors: errors that it holds: the lines of its errors file.
        text_ids: notes of an output in OMOP's format whose ids are no whole numbers of 64 bits: by
            them `note_id` is text in it.
        deaths: worker processes of this machine that died and were replaced.
    """

    notes: int
    errors: int
    links: int
    resumed: int
    kept: int = 0
    dropped: int = 0
    changed: int = 0
    unread: bool = False
    held_notes: int = 0
    held_links: int = 0
    held_errors: int = 0
    text_ids: int = 0
    deaths: int = 0
