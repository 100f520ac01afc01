"""What names no disorder, and is marked all the same: a test, a body part, a plain word.

Models mark "left kidney", "LFTs" and "position" as entities, and lists of local terms hold them. A
terminology of diseases has only what may be wrong there, and its nearest name is no answer.
"""

from __future__ import annotations

from functools import lru_cache

from linker.checked import Checked, shipped
from linker.detect import is_site
from linker.index import Index, Store
from linker.link.queries.laboratory import is_of_laboratory
from linker.link.queries.short_forms import is_of_test
from linker.text import bag_hash, normalise, stems

_ARTICLES = ("the ", "a ", "an ", "his ", "her ")

_SHORTEST_IN_CAPITALS = 7
"""Letters of a word in capitals: shorter ones may stand for something."""


class _Words(Checked):
    words: frozenset[str]
    findings: tuple[str, ...]


def is_no_disorder(store: Store, query: str) -> bool:
    """Whether a query names no disorder.

    A terminology may have what is abnormal about a test under the same words. A body part, a word
    or a laboratory's wording that is a name says itself what the terminology means by it.

    Args:
        store: of the index.
        query: a mention's string, or what it stands for.
    """
    if is_of_test(query):
        return True
    normal = normalise(query)
    named = is_site(query) or _is_plain(query, normal) or is_of_laboratory(query)
    return named and store.name_row(normal) is None


def has_no_name(index: Index, query: str) -> bool:
    """Whether a query is a finding that an index has no name for, and nothing near either.

    Args:
        query: what a detector takes for a disorder.
    """
    said = tuple(stems(query))
    if said not in _findings():
        return False
    rows = index.lexicon.rows_of(bag_hash(said))
    # "Effusion, joint" is a joint effusion.
    return not any(sorted(stems(index.store.normal(row))) == sorted(said) for row in rows)


def _is_plain(query: str, normal: str) -> bool:
    if query.isupper() and len(query) < _SHORTEST_IN_CAPITALS:
        # "CHARGE" and "SHORT" are syndromes.
        return False
    article = next((word for word in _ARTICLES if normal.startswith(word)), "")
    return normal[len(article) :] in _listed().words


@lru_cache(maxsize=1)
def _listed() -> _Words:
    return shipped(_Words, __package__, "no_disorders.toml")


@lru_cache(maxsize=1)
def _findings() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(stems(finding)) for finding in _listed().findings)
