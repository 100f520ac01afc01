"""Why a link came out as it did, in words: what decided, and what its first two candidates are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linker.schema import Candidate, Link

_NOTED = {
    "loose": "that name is a broad, narrow or related one",
    "numbers": "the numbers in the two differ",
    "opposites": "the two contradict each other (acute and chronic, type 1 and type 2)",
    "local": "an overlay gives it that name, and so decides",
    "no_mention": "an overlay says that this is no mention",
}
_IN_FAVOUR = {
    "preferred": (1, "the preferred name"),
    "broader": (1, "broader than other candidates"),
    "children": (1, "more concepts below it"),
    "support": (1, "more of its names are near"),
    "letters": (1, "letters more alike"),
    "extra_words": (-1, "fewer words of its own"),
}
"""What of a candidate's features speaks for it where they are greater (1) or less (-1): those of
which the ranker mostly thinks so when one is changed alone."""
_LEAST = 1e-6
"""What differs by less is the same."""


def reasons(link: Link) -> tuple[str, ...]:
    """What was looked up, how the first candidate matched it, and what else decided; then what came
    next. Empty without candidates.

    They name the mention's words, so they are no text for a log.
    """
    best, *others = link.candidates or (None,)
    if best is None:
        return ()
    said = []
    if link.mention.long_form is not None:
        said.append(f"looked up as {link.mention.long_form!r}")
    said.append(_match(best))
    said += [text for name, text in _NOTED.items() if best.features.get(name)]
    if shared := [c.concept_id for c in link.candidates if _is_farther(c)]:
        said.append(
            f"against {_listed(shared)}: the preferred name of another concept with that name is "
            "nearer to it"
        )
    if lesser := [c.concept_id for c in link.candidates if c.features.get("lesser")]:
        said.append(
            f"against {_listed(lesser)}: a morphology or qualifier goes behind another concept "
            "with that name"
        )
    if of_other_kind := [c.concept_id for c in link.candidates if c.features.get("other_kind")]:
        # Without a label the words themselves say of what kind they are.
        label = link.mention.label
        speaks = (
            f"of another kind than the label {label!r}"
            if label
            else "a finding, and what is looked up names none"
        )
        said.append(f"against {_listed(of_other_kind)}: {speaks}")
    if others:
        said.append(_next(best, others[0]))
    if link.concept_id is None:
        said.append(f"its probability of {link.probability:.2f} is below the threshold: NIL")
    return tuple(said)


def _match(best: Candidate) -> str:
    seen: Mapping[str, float] = best.features
    own = "preferred name" if _is_preferred(best) else "name"
    form = "a form of " if seen.get("derived") else ""
    name = f"{form}the {own} {best.matched_name!r} of {best.concept_id}"
    if seen.get("exact"):
        return f"it is {name}"
    if seen.get("same_words"):
        return f"it has the words of {name}"
    if seen.get("reworded"):
        return f"it is read as {name}: in another wording or spelling, or with more words around it"
    near = f"it is near {name} (cosine {best.score:.2f})"
    if not seen:
        return near
    return (
        f"{near}, which lacks {seen['missing_words']:.0%} of the words looked up; "
        f"{seen['extra_words']:.0%} of the name's are not among these"
    )


def _is_preferred(candidate: Candidate) -> bool:
    # By the letter: the names of one kind with it may be several, as those of an ICD-10-CM code.
    return candidate.matched_name == candidate.preferred_name


def _is_farther(candidate: Candidate) -> bool:
    return candidate.features.get("farther", 0.0) > _LEAST


def _next(best: Candidate, second: Candidate) -> str:
    text = (
        f"next is {second.concept_id} by {second.matched_name!r}, cosine {second.score:.2f}, "
        f"probability {second.probability:.2f} against {best.probability:.2f}"
    )
    one, other = best.features, second.features
    is_told = (
        _is_farther(second) or other.get("lesser") or other.get("other_kind") or one.get("local")
    )
    if not one or not other or is_told or second.score < best.score - _LEAST:
        return text
    favour = [
        said
        for name, (sign, said) in _IN_FAVOUR.items()
        if sign * (one[name] - other[name]) > _LEAST
        and (name != "preferred" or _is_preferred(best))
    ]
    return f"{text}; for the first speaks: {', '.join(favour)}" if favour else text


def _listed(concept_ids: list[str]) -> str:
    *first, last = concept_ids
    return f"{', '.join(first)} and {last}" if first else last
