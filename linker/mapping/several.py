"""Terms that say two things, of which a link can only be one: "chest pain, SOB"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from linker.link import Linker
from linker.mapping.values import Review
from linker.schema import Candidate, Link
from linker.terminology import ANATOMY, QUALITY, kinds_of
from linker.text import stems

_BETWEEN = re.compile(r"\s*[,;/+&]\s*|\s+(?:and|with)\s+", re.IGNORECASE)


def say_several(linker: Linker, links: Sequence[Link], review: Review) -> list[bool]:
    """Whether terms that would be accepted name another concept beside the one that was found.

    Of what stands between commas and the like, a part that shares no word with the name that was
    found is looked up by itself. The body part of a finding, and how it is, are no other concept.

    Args:
        links: of the terms, as `linker` gives them.
        review: from which probability on a term is accepted, and a part of one means its concept.
    """
    others = [list(_other_parts(link, review)) for link in links]
    distinct = list(dict.fromkeys(part for parts in others for part in parts))
    meant: dict[str, Candidate] = {
        part: link.best
        for part, link in zip(distinct, linker.link(distinct, 1), strict=True)
        if link.best is not None and link.probability >= review.accept
    }
    return [
        any(
            meant[part].concept_id != link.candidates[0].concept_id
            and not kinds_of(meant[part].semantic_types) & {ANATOMY, QUALITY}
            for part in parts
            if part in meant
        )
        for link, parts in zip(links, others, strict=True)
    ]


def _parts(text: str) -> list[str]:
    return [part for part in _BETWEEN.split(text) if part.strip()]


def _other_parts(link: Link, review: Review) -> Iterator[str]:
    if link.best is None or review.of(link) != "accept":
        return
    parts, of_name = _parts(link.mention.query), _parts(link.best.matched_name)
    named = {*stems(link.best.matched_name), *stems(link.best.preferred_name)}
    # A name of as many parts is one of the whole, be it misspelt in one of them.
    if len(parts) > len(of_name):
        yield from (part for part in parts if not named.intersection(stems(part)))
