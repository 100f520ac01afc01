"""The columns of `concepts.arrow` and `names.arrow`, and what a row of theirs is in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linker.index.columns import offsets_of, reader, validity_of
from linker.terminology import CONCEPTS, NAMES, NameKind

CONCEPTS_FILE = "concepts.arrow"
NAMES_FILE = "names.arrow"
Rows = npt.NDArray[np.int32]
KINDS = tuple(NameKind)
_RANK = {kind.value: rank for rank, kind in enumerate(KINDS)}


CONCEPT_COLUMNS = CONCEPTS.append(pa.field("name_rows", pa.list_(pa.int32())))
"""The columns of `concepts.arrow`: those of the terminology, and the rows of a concept's names.

On the disk there are also `parent_rows`, the rows of those parents that are in the index;
`children`, how many concepts have it for a parent; and, where several terminologies were put
together, `part`: the number of the concept's own among them.
"""

NAME_COLUMNS = pa.schema(
    [
        pa.field("normal", pa.string()),
        pa.field(
            "pairs",
            pa.list_(
                pa.struct(
                    [
                        ("concept", pa.int32()),
                        ("kind", pa.int8()),
                        ("surface", pa.string()),
                        ("form", pa.string()),
                    ]
                )
            ),
        ),
    ]
)
"""The columns of `names.arrow`."""


def kind_rank(kind: NameKind) -> int:
    """The number of a kind in `names.arrow`: nearest first, from 0."""
    return _RANK[kind.value]


@dataclass(frozen=True, slots=True)
class NamePair:
    """A name of a concept.

    Attributes:
        concept: the concept's row.
        surface: the name as its source writes it.
        form: what people write for it, where the name's row is of a derived form; else None.
    """

    concept: int
    kind: NameKind
    surface: str
    form: str | None = None

    @property
    def written(self) -> str:
        """The spelling whose normal form the name's row has: the form's, or the source's."""
        return self.surface if self.form is None else self.form


@dataclass(frozen=True, slots=True)
class PairRows:
    """The pairs of some names without their spellings: equally long arrays.

    Attributes:
        name: which of the names that were asked for, from 0, ascending.
        place: which pair of that name, from 0: as in `Store.pairs`.
        concept: the concept's row.
        kind: the number of its kind, nearest first: see `kind_rank`.
        derived: it is of a form that was derived from a name, and that no source has itself.
    """

    name: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    concept: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    derived: npt.NDArray[np.bool_]


def derived_in(
    pairs: pa.StructArray,
) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.bool_]]:
    """How to see which of some pairs, by their places, are of a derived form."""
    return validity_of(pc.struct_field(pairs, "form"))


def is_own(pairs: pa.StructArray) -> npt.NDArray[np.bool_]:
    """Whether each pair is of a name that some source has itself, and not of a derived form."""
    own: npt.NDArray[np.bool_] = pc.is_null(pc.struct_field(pairs, "form")).to_numpy(
        zero_copy_only=False
    )
    return own


def spelled(lists: pa.ListArray, concept_ids: pa.Array) -> pa.Table:
    """Names as their sources write them, with the schema `linker.terminology.NAMES`.

    Args:
        lists: the pairs of some names.
        concept_ids: the ids of the rows that the pairs mean.
    """
    pairs = lists.flatten()
    pairs = pairs.filter(pa.array(is_own(pairs)))
    columns = {
        "concept_id": concept_ids.take(pc.struct_field(pairs, "concept")),
        "name": pc.struct_field(pairs, "surface"),
        "kind": pa.array([kind.value for kind in KINDS]).take(pc.struct_field(pairs, "kind")),
    }
    return pa.table(columns, schema=NAMES)


def surfaces_of(lists: pa.ListArray) -> Callable[[int], list[str]]:
    """How to read the spellings alone of a name's pairs, by its row."""
    offsets, read = offsets_of(lists).data, reader(pc.struct_field(lists.values, "surface"))
    return lambda row: [read(at) for at in range(offsets[row], offsets[row + 1])]


def pair_of(concept: int, kind: int, surface: str, form: str | None) -> NamePair:
    """A pair from its fields in `names.arrow`."""
    return NamePair(concept, KINDS[kind], surface, form)


def codes_of(pairs: list[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    """A concept's codes by vocabulary, from the list in `concepts.arrow`."""
    codes: dict[str, list[str]] = {}
    for pair in pairs:
        codes.setdefault(pair["vocabulary"], []).append(pair["code"])
    return {vocabulary: tuple(values) for vocabulary, values in codes.items()}
