"""The name that a query is in another wording or with more around it: the ways, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linker.detect import name_in_other_words
from linker.index import Index
from linker.link.queries.qualifiers import without_qualifiers
from linker.link.queries.wording import (
    as_acid,
    as_measured,
    in_other_numbers,
    in_other_order,
    with_its_kind,
    with_number_apart,
    without_slip,
)

_OF_OTHER_WORDS: tuple[Callable[[Index, str], int | None], ...] = (
    as_acid,
    with_number_apart,
    in_other_numbers,
    name_in_other_words,
    as_measured,
    with_its_kind,
    without_slip,
    without_qualifiers,
)


def reworded(index: Index, normal: str, same_words: Sequence[int]) -> int | None:
    """The row of a name.

    Args:
        normal: a normal form that is no name itself.
        same_words: the rows of the names that have its words, in any order and inflection.
    """
    if (row := in_other_order(index, normal, same_words)) is not None:
        return row
    # "Glutamate" has the words of Glutamates, and is glutamic acid.
    for way in _OF_OTHER_WORDS[:1] if same_words else _OF_OTHER_WORDS:
        if (row := way(index, normal)) is not None:
            return row
    return None
