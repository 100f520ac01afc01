"""Several terminologies in one: one concept table, one name table.

Concepts stay apart, each under its own id; a name that two terminologies have belongs to a concept
of each. Ids that clash are an error, since a link could not say which of the two it means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from linker.counted import counted
from linker.errors import TerminologyError
from linker.terminology.tables import CONCEPTS, FORMS, NAMES, Part, Release, Terminology


def merge(parts: Sequence[tuple[Terminology, str]]) -> Terminology:
    """Put terminologies together.

    A concept without a semantic type gets the name of its terminology as one, so that a reader of
    the links can tell the parts. A retired id that another part has as a concept gives way to it;
    one that two parts retired leads nowhere, and is left out; both are counted.

    Args:
        parts: each terminology and the prefix of its ids ("" for none); at least one. One without
            a prefix stays as it is.

    Raises:
        TerminologyError: two parts have a concept of the same id.
    """
    if not parts:
        raise ValueError("there is no terminology to merge")
    if len(parts) == 1 and not parts[0][1]:
        return parts[0][0]
    terminologies = [_prefixed(terminology, prefix) for terminology, prefix in parts]
    active = [_ids(terminology, "active") for terminology in terminologies]
    for one, other in combinations(range(len(parts)), 2):
        _refuse_clashes(terminologies[one], active[one], terminologies[other], active[other])
    kept, skipped = _without_doubtful_retired(terminologies, active)
    if len(parts) > 1:
        kept = [typed(terminology, terminology.release.terminology) for terminology in kept]
    return Terminology(
        _release(kept, [prefix for _, prefix in parts], skipped),
        pa.concat_tables([terminology.concepts for terminology in kept]),
        pa.concat_tables([terminology.names for terminology in kept]),
        pa.concat_tables([terminology.forms for terminology in kept]),
    )


def _prefixed(terminology: Terminology, prefix: str) -> Terminology:
    if not prefix:
        return terminology

    def prefixed(ids: pa.Array) -> pa.Array:
        return pc.binary_join_element_wise(prefix, ids, "")

    concepts = terminology.concepts.combine_chunks()
    parents = concepts["parents"].combine_chunks()
    # A slice's offsets need not begin at 0, and its flat values are those of the slice.
    offsets = pc.subtract(parents.offsets, parents.offsets[0])
    columns = {
        "concept_id": prefixed(concepts["concept_id"]),
        "replaced_by": prefixed(concepts["replaced_by"]),
        "parents": pa.ListArray.from_arrays(offsets, prefixed(parents.flatten())),
    }
    names = [
        _replaced(table, schema, {"concept_id": prefixed(table["concept_id"])})
        for table, schema in ((terminology.names, NAMES), (terminology.forms, FORMS))
    ]
    return Terminology(terminology.release, _replaced(concepts, CONCEPTS, columns), *names)


def _replaced(table: pa.Table, schema: pa.Schema, columns: dict[str, pa.Array]) -> pa.Table:
    return pa.table({name: columns.get(name, table[name]) for name in schema.names}, schema=schema)


def _ids(terminology: Terminology, status: str) -> pa.Array:
    concepts = terminology.concepts
    ids = concepts["concept_id"].filter(pc.equal(concepts["status"], status))
    return ids.combine_chunks()


def _refuse_clashes(
    one: Terminology, one_ids: pa.Array, other: Terminology, other_ids: pa.Array
) -> None:
    clashes = pc.index_in(other_ids, value_set=one_ids)
    n = len(clashes) - clashes.null_count
    if n:
        concept_id = other_ids.filter(pc.is_valid(clashes))[0].as_py()
        names = [
            terminology.concepts.filter(pc.equal(terminology.concepts["concept_id"], concept_id))[
                "preferred_name"
            ][0].as_py()
            for terminology in (one, other)
        ]
        raise TerminologyError(
            f"{counted(n, 'id')} of concepts of both {one.release.terminology} and "
            f"{other.release.terminology}, such as {concept_id!r} ({names[0]!r}, {names[1]!r}); "
            f'give one of them a prefix, as in prefix = "{other.release.source.upper()}:" in its '
            "[[terminology]] of a recipe, or leave one out"
        )


def _without_doubtful_retired(
    terminologies: list[Terminology], active: list[pa.Array]
) -> tuple[list[Terminology], list[dict[str, int]]]:
    """Each without the retired ids that another part has too, and how many those are."""
    retired = [_ids(terminology, "retired") for terminology in terminologies]
    everything, skipped = [], []
    for i, terminology in enumerate(terminologies):
        others = [
            ids for ids in (*active, *retired) if ids is not active[i] and ids is not retired[i]
        ]
        value_set = pa.concat_arrays(others) if others else pa.array([], pa.string())
        concepts = terminology.concepts
        doubtful = pc.and_(
            pc.equal(concepts["status"], "retired"),
            pc.is_in(concepts["concept_id"], value_set=value_set),
        )
        n = int(pc.sum(doubtful).as_py() or 0)
        everything.append(replace(terminology, concepts=concepts.filter(pc.invert(doubtful))))
        skipped.append({"retired ids that another terminology has": n} if n else {})
    return everything, skipped


def typed(terminology: Terminology, semantic_type: str) -> Terminology:
    """A semantic type for the concepts that have none."""
    concepts = terminology.concepts.combine_chunks()
    types = concepts["semantic_types"].combine_chunks()
    bare = pc.and_(pc.equal(pc.list_value_length(types), 0), pc.equal(concepts["status"], "active"))
    if not pc.any(bare).as_py():
        return terminology
    given = pa.array([[semantic_type]], types.type)
    # Of both kinds of lists by row: the one list that is given stands last.
    rows = pc.if_else(bare, len(types), pa.array(range(len(types)), pa.int64()))
    types = pa.concat_arrays([types, given]).take(rows)
    concepts = _replaced(concepts, CONCEPTS, {"semantic_types": types})
    return replace(terminology, concepts=concepts)


def _release(
    terminologies: list[Terminology], prefixes: list[str], skipped: list[dict[str, int]]
) -> Release:
    parts = tuple(
        Part(
            terminology=t.release.terminology,
            version=t.release.version,
            licence=t.release.licence,
            source=t.release.source,
            filters=t.release.filters,
            skipped={**t.release.skipped, **more},
            prefix=prefix,
            concepts=len(_ids(t, "active")),
            retired=len(_ids(t, "retired")),
            names=len(t.names),
        )
        for t, prefix, more in zip(terminologies, prefixes, skipped, strict=True)
    )

    def joined(values: list[str], separator: str) -> str:
        return separator.join(dict.fromkeys(value for value in values if value))

    return Release(
        terminology=joined([part.terminology for part in parts], " + "),
        version=joined([part.version for part in parts], " + "),
        licence=joined([part.licence for part in parts], "; "),
        source=joined([part.source for part in parts], " + "),
        parts=parts,
    )
