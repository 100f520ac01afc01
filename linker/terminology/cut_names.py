"""Names that somebody cut at their commas: "Hypertension" and "Ocular" of "Hypertension, Ocular".

Files that were made of other files have lists of synonyms that were joined by commas and parted
again (PharmGKB's diseases, and whatever took its names). What is left of "Blindness, Day" is "day",
which every note has, and ocular hypertension stands beside hypertension under its name.

A part shows by the rest of it: the concept has "Day Blindness", "Day" and "Blindness". Lists that
nobody cut have a few such names all the same, a name and its short form in a row; where they are
few, all stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import pyarrow as pa

from linker.terminology.tables import NameKind, Terminology
from linker.text import normalise, stems

CUT = "names cut at a comma"
_MANY = 0.005
"""Of a terminology's names: from there on it was cut. Eight that were not have less than .0002, and
two that were one and 16 in a hundred."""
_LEAST = 50
"""Such names, at the least. A list that was cut has thousands: of a few nobody can tell."""
_REMARKS = frozenset((
    "included", "nec", "nos", "unspecified",
    # Latin qualifies from behind: "diabetes mellitus".
    "congenita", "erythematosus", "gravis", "insipidus", "mellitus", "nervosa", "pigmentosa",
    "vera", "vulgaris",
))  # fmt: skip
_GENERAL = frozenset((
    "disease", "diseases", "disorder", "disorders", "infection", "infections", "syndrome",
    "syndromes",
))  # fmt: skip
_MOST_COMMAS = 3
_REST = frozenset(("no icd-o subtype", "site unspecified", "stage unspecified"))
"""Remarks behind a comma, which are no names: "Lymphoma, site unspecified"."""
_MOST_HEADED = 0.4
"""Of a concept's names of several words: what more of them end in may well be its name."""


def without_cut_names(terminology: Terminology) -> Terminology:
    """A terminology without the parts of names, if it has many; they are counted in its release.

    One word that qualifies ("ocular") goes, and so does one that is qualified in a few of the
    concept's names and stands in no preferred one ("states" of confusional states). More than one,
    and what the preferred name qualifies ("hypertension"), go if another concept has the name too:
    else this one may well be called so. Preferred names stay.
    """
    names = terminology.names
    ids, written = names["concept_id"].to_pylist(), names["name"].to_pylist()
    is_preferred = [kind == NameKind.PREFERRED.value for kind in names["kind"].to_pylist()]
    normals = [*map(normalise, written)]
    n_concepts = Counter(normal for _, normal in {*zip(ids, normals, strict=True)})
    concepts = [
        _concept([*rows], written, normals, is_preferred)
        # Readers add concept by concept, so that the names of each stand together.
        for _, rows in groupby(range(len(ids)), key=ids.__getitem__)
    ]
    n_qualified = Counter(word for one in concepts for word in one.qualifiers)
    keep = [True] * len(ids)
    for concept in concepts:
        for row in concept.rows:
            normal = normals[row]
            if " " not in normal and (
                normal in concept.qualifiers
                or normal in concept.qualified
                # "Primary" qualifies so much that it is no name of "primary snoring" either.
                or (n_qualified[normal] > 1 and normal in concept.first_words)
            ):
                is_part = True
            else:
                is_part = n_concepts[normal] > 1 and normal in concept.parts
            keep[row] = is_preferred[row] or not (is_part or normal in _REST)
    n_cut = keep.count(False)
    if n_cut < _LEAST or n_cut < _MANY * len(keep):
        return terminology
    release = terminology.release
    return replace(
        terminology,
        release=replace(release, skipped={**release.skipped, CUT: n_cut}),
        names=names.filter(pa.array(keep)),
    )


class _Concept(NamedTuple):
    """What of a concept's names qualifies another, and is qualified: normal forms.

    Attributes:
        rows: of its names.
        qualifiers: what qualifies a name.
        qualified: words that few of the names qualify, and the preferred one does not hold.
        parts: the qualifiers, and what the preferred name qualifies.
        first_words: of names of several words, but for the preferred one.
    """

    rows: list[int]
    qualifiers: set[str]
    qualified: set[str]
    parts: set[str]
    first_words: set[str]


def _concept(
    rows: list[int], written: Sequence[str], normals: Sequence[str], is_preferred: Sequence[bool]
) -> _Concept:
    own = {normals[row] for row in rows}
    short_forms = {normals[row] for row in rows if written[row].isupper()}
    qualifiers, heads, first_words = set[str](), set[str](), set[str]()
    qualified = set[str]()
    for row in rows:
        for qualifier, head in _cuts(written[row]):
            if " " not in qualifier:
                first_words.add(qualifier)
            if qualifier not in own or head not in own:
                continue
            if head in _REMARKS or (head in _GENERAL and " " in qualifier):
                heads.add(head)
            elif not short_forms.intersection((qualifier, head)):
                qualifiers.add(qualifier)
                qualified.add(head)
                if is_preferred[row]:
                    heads.add(head)
    preferred = [normals[row] for row in rows if is_preferred[row]]
    own_first = {name.split(" ")[0] for name in preferred}
    held = {stem for name in preferred for stem in stems(name)}
    last_words = Counter(last for _, last in {*map(_last_word, own)} if last)
    many = _MOST_HEADED * last_words.total()
    few = {word for word in qualified if last_words[word] < many and held.isdisjoint(stems(word))}
    return _Concept(rows, qualifiers, few, qualifiers | heads, first_words - own_first)


def _last_word(normal: str) -> tuple[str, str]:
    """A normal form in the order of speech, and its last word; "" for a name of one word."""
    said = " ".join(reversed(normal.split(", ")))
    return said, said.rpartition(" ")[2] if " " in said else ""


def _cuts(name: str) -> Iterator[tuple[str, str]]:
    """The ways to part a name into what qualifies and what is qualified: normal forms.

    "Hypertension, Ocular" is read as "Ocular Hypertension".
    """
    parts = name.split(", ")
    if len(parts) > _MOST_COMMAS + 1:
        return
    words = normalise(" ".join(reversed(parts))).split(" ")
    for i in range(1, len(words)):
        yield " ".join(words[:i]), " ".join(words[i:])
