"""Why a link came out as it did, in words: what the ranker saw of its first two candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linker.schema import Candidate, Link

_NOTED = {
    "loose": "that name is a broad, narrow or related one",
    "numbers": "the two have other numbers",
    "opposites": "one has a word that is the opposite of one in the other",
}


def reasons(link: Link) -> tuple[str, ...]:
    """A sentence or two on the name that matched, then on what came next; empty without candidates.

    They name the mention's words, so they are no text for a log.
    """
    if link.best is None:
        return ()
    said = []
    if link.mention.long_form is not None:
        said.append(f"looked up as {link.mention.long_form!r}")
    said.append(_match(link.best))
    said += [text for name, text in _NOTED.items() if link.best.features.get(name)]
    if len(link.candidates) > 1:
        said.append(_next(link.best, link.candidates[1]))
    if link.concept_id is None:
        said.append(f"its probability of {link.probability:.2f} is below the threshold: NIL")
    return tuple(said)


def _match(best: Candidate) -> str:
    seen: Mapping[str, float] = best.features
    own = "preferred name" if seen.get("preferred") else "name"
    if seen.get("exact"):
        return f"it is the {own} {best.matched_name!r} of {best.concept_id}, word for word"
    if seen.get("same_words"):
        return f"it has the words of the {own} {best.matched_name!r} of {best.concept_id}"
    missing, extra = seen.get("missing_words", 0.0), seen.get("extra_words", 0.0)
    return (
        f"it is near the {own} {best.matched_name!r} of {best.concept_id} (cosine "
        f"{best.score:.2f}), which lacks {missing:.0%} of its words and has {extra:.0%} of its own"
    )


def _next(best: Candidate, second: Candidate) -> str:
    text = (
        f"next is {second.concept_id} by {second.matched_name!r}, cosine {second.score:.2f}, "
        f"probability {second.probability:.2f} against {best.probability:.2f}"
    )
    names = best.features.get("names", 0.0), second.features.get("names", 0.0)
    if abs(best.score - second.score) < 1e-6 and names[0] > names[1]:
        text += "; the first concept has more names"
    return text
