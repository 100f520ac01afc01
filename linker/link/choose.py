"""Which of a note's links are shown, where mentions overlap or one says more than another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from linker.detect import without_overlaps
from linker.schema import Candidate, Mention

LEAST_PROPOSAL = 0.7
"""The least probability of a link for which nothing else speaks: see `Mention.proposed`."""


class Decided(NamedTuple):
    """The first fields of a `Link`, and cheaper to make: not all mentions of a note are shown."""

    mention: Mention
    concept_id: str | None
    candidates: tuple[Candidate, ...]


def shown(decided: Iterable[Decided], *, nested: bool) -> list[Decided]:
    """What of a note is shown, in reading order: of links that overlap the longest.

    Args:
        decided: the note's mentions in the order of their starts, the longer first.
        nested: show the links that lie in others or overlap them as well.
    """
    standing = [one for one in decided if _stands(one)]
    apart = without_overlaps(standing, mention=lambda one: one.mention, worth=_worth)
    if not nested:
        return apart
    kept = {id(one) for one in apart}
    return [one for one in standing if id(one) in kept or one.concept_id is not None]


def with_longer(
    decided: Sequence[Decided], longer: Sequence[Decided | None], *, nested: bool
) -> list[Decided]:
    """The mentions of a note, each as itself or with what stands beside it.

    Args:
        decided: in the order of their starts.
        longer: as many as `decided`: the same with more words, None where there is no such name. It
            takes the place of its own if it links to another concept. Of two that would share
            words ("rash in groin itching") the first has them.
        nested: keep both.
    """
    chosen: list[Decided] = []
    reached = 0
    for own, more in zip(decided, longer, strict=True):
        if (
            more is None
            or more.mention.start < reached
            or more.concept_id in (None, own.concept_id)
        ):
            chosen.append(own)
        else:
            chosen += [more, own] if nested else [more]
            reached = more.mention.end
    return sorted(chosen, key=lambda one: (one.mention.start, -one.mention.end))


def _stands(one: Decided) -> bool:
    """Whether a link is to be shown: a mere proposal must be likely."""
    return not one.mention.proposed or (
        one.concept_id is not None and one.candidates[0].probability >= LEAST_PROPOSAL
    )


def _worth(one: Decided) -> int:
    """What is kept of two that overlap: a long span that is NIL gives way to what it holds."""
    return 0 if one.concept_id is None else 1 if one.mention.proposed else 2
