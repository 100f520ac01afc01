"""What the gold holds, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from linker.counted import counted
from linker.evaluate.protocol import Outcome
from linker.formats import Document


@dataclass(frozen=True, slots=True)
class GoldCounts:
    """What the gold holds.

    Attributes:
        documents, mentions: how many.
        with_ids: mentions with at least one gold id.
        known: mentions with a gold id that the index holds, perhaps as an alternative id.
        composite: mentions with several ids; `split`: those that were looked up part by part.
        discontinuous: mentions of several pieces.
        overlapping: mentions that share a character with another of their document.
    """

    documents: int
    mentions: int
    with_ids: int
    known: int
    composite: int
    split: int
    discontinuous: int
    overlapping: int

    @classmethod
    def of(cls, documents: Sequence[Document], outcomes: Sequence[Outcome]) -> GoldCounts:
        """Count some documents, and what became of their mentions."""
        return cls(
            documents=len(documents),
            mentions=len(outcomes),
            with_ids=sum(bool(o.gold) for o in outcomes),
            known=sum(o.known for o in outcomes),
            composite=sum(len(o.gold) > 1 for o in outcomes),
            split=sum(o.by == "parts" for o in outcomes),
            discontinuous=sum(len(o.annotation.spans) > 1 for o in outcomes),
            overlapping=sum(map(count_overlapping, documents)),
        )

    @property
    def lack(self) -> str:
        """Why the figures say little: there is no mention, or none has an id; else ""."""
        if not self.mentions:
            return "No document has a mention."
        if not self.with_ids:
            return (
                f"{counted(self.mentions, 'mention')}, none with a concept id: all count as NIL. "
                'Ids stand under the key "ids" in JSON lines, in the sixth field in PubTator, in '
                'an infon such as "identifier" in BioC, in N lines in BRAT.'
            )
        return ""


def count_overlapping(document: Document) -> int:
    """How many annotations share a character with another one of the document."""
    pieces = sorted(
        (start, end, at)
        for at, annotation in enumerate(document.annotations)
        for start, end in annotation.spans
    )
    touched: set[int] = set()
    reach: list[tuple[int, int]] = []  # Ends and owners of the pieces that may still go on.
    for start, end, at in pieces:
        reach = [(e, owner) for e, owner in reach if e > start]
        if reach:  # Of others: the pieces of one are apart.
            touched |= {owner for _, owner in reach} | {at}
        reach.append((end, at))
    return len(touched)


def unknown_ids(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """The ids that no index holds, most frequent first, ties by id."""
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
