"""What docs ask of the linker and what it answers: texts and mentions, nothing of spaCy's.

So it may be answered in another thread than the one that makes the docs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from linker.detect import expand
from linker.link import Linker
from linker.schema import Link, Mention


class Asked(NamedTuple):
    """What one doc asks.

    Attributes:
        text: the doc's.
        mentions: those to link; None where they are still to be found.
    """

    text: str
    mentions: list[Mention] | None


def answered(
    linker: Linker, asked: Sequence[Asked], *, k: int, discard: Collection[str]
) -> list[list[Link]]:
    """The links of each doc, with what our rules say of them: one a mention, or those found.

    Args:
        linker: finds them, links them and says what is asserted of them.
        asked: a batch of docs, whose mentions are linked together.
        k: candidates to keep a mention, at least 1.
        discard: labels of mentions that are NIL without being looked up.
    """
    # A detector that nobody needs is not loaded.
    unread = [text for text, mentions in asked if mentions is None]
    found = linker.pipe(unread, batch_size=max(1, len(unread)), k=k)
    given = [
        [] if mentions is None else _in_full(text, mentions, linker.local_names)
        for text, mentions in asked
    ]
    links = _links_of(linker, [mention for of_doc in given for mention in of_doc], k, discard)
    return [
        [_but_discarded(link, discard) for link in next(found)]
        if mentions is None
        else [
            Link(link.mention, link.concept_id, link.candidates, assertion)
            for link, assertion in zip(
                islice(links, len(of_doc)), linker.assert_mentions(text, of_doc), strict=True
            )
        ]
        for (text, mentions), of_doc in zip(asked, given, strict=True)
    ]


def _in_full(text: str, mentions: list[Mention], local: Collection[str]) -> list[Mention]:
    """The same mentions, in the same order, with the long forms of short ones."""
    if not mentions:
        return []
    # The same text may be there under two labels, which speak for other concepts.
    found = {(m.start, m.end, m.label): m for m in expand(text, mentions, local=local)}
    return [found.get((m.start, m.end, m.label), m) for m in mentions]


def _links_of(
    linker: Linker, mentions: list[Mention], k: int, discard: Collection[str]
) -> Iterator[Link]:
    """The link of each mention; those with a label that is discarded are not looked up."""
    links = iter(linker.link_mentions([m for m in mentions if m.label not in discard], k))
    for mention in mentions:
        yield Link(mention, None) if mention.label in discard else next(links)


def _but_discarded(link: Link, discard: Collection[str]) -> Link:
    if link.mention.label not in discard:
        return link
    return Link(link.mention, None, (), link.assertion)
