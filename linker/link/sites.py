"""Names of a finding at its site: "pain" beside "in his left knee" is Knee pain.

The finding may be said by any name of its concept: a "tumor" of the ovary is Ovarian Neoplasms
where the terminology has both words for one thing. What comes of it must be a name, so nothing is
guessed, and no encoder is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice

from linker.detect import Site, has_another_sense, in_words_of_finding, in_words_of_site
from linker.index import Index
from linker.link.choose import Decided
from linker.link.queries.wording import named_all
from linker.schema import Mention
from linker.terminology import NameKind
from linker.text import normalise, stems

_MOST_WAYS = 40
"""Ways to say a finding that are tried."""
_RESIDUAL = re.compile(r"other\b", re.IGNORECASE)
"""What a classification keeps for the rest: the names of "Other injury" are different things."""
_AS_GOOD = (NameKind.PREFERRED, NameKind.EXACT)


class SiteNames:
    """Finds the names of findings at their sites. Answers are kept: notes repeat themselves.

    Args:
        index: whose names.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._find = lru_cache(maxsize=16384)(self._read)
        self._said = lru_cache(maxsize=4096)(self._names_of)

    def mention_of(self, text: str, own: Decided, sites: Sequence[Site]) -> Mention | None:
        """The mention that holds a finding and its site, if the two together are a name.

        Args:
            text: the note.
            own: the finding alone, and what it is linked to.
            sites: what stands beside it, as `sites_of` gives it.

        Returns:
            Its long form is the name. None if there is no such name, or if those there are belong
            to the finding's own concept.
        """
        if not sites:
            return None
        said = tuple(dict.fromkeys((own.mention.text, own.mention.query)))
        for site in sites:
            name = self._find(said, own.concept_id, site._replace(start=0, end=0))
            if name is not None:
                start, end = site.start, site.end
                stretch = text[start:end]
                return replace(own.mention, start=start, end=end, text=stretch, long_form=name)
        return None

    def _read(self, said: tuple[str, ...], concept_id: str | None, site: Site) -> str | None:
        store = self._index.store
        concept = None if concept_id is None else store.row(concept_id)
        findings = chain((tuple(stems(normalise(own))) for own in said), self._said(concept))
        ways = chain.from_iterable(in_words_of_finding(own) for own in findings if own)
        tried = [*dict.fromkeys(islice(ways, _MOST_WAYS))]
        bags = [[*finding, *where] for where in in_words_of_site(site) for finding in tried]
        for row in chain.from_iterable(named_all(self._index, bags)):
            pairs = store.pairs(row)
            if has_another_sense(store, row):
                continue
            if concept not in {pair.concept for pair in pairs}:
                return pairs[0].written
        return None

    def _names_of(self, concept: int | None) -> tuple[tuple[str, ...], ...]:
        """The names of a concept that mean what it means, as stems, the shorter first."""
        if concept is None or _RESIDUAL.match(self._index.store.preferred_name(concept)):
            return ()
        return tuple(sorted({tuple(own) for own in self._stems_of(concept)}, key=_by_length))

    def _stems_of(self, concept: int) -> Iterator[list[str]]:
        store = self._index.store
        for row in store.name_rows(concept):
            if any(pair.concept == concept and pair.kind in _AS_GOOD for pair in store.pairs(row)):
                yield stems(store.normal(row))


def _by_length(stems: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(stems), stems
