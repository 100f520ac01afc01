"""The branches of a terminology: some concepts and all that is below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linker.errors import TerminologyError
from linker.terminology.tables import Terminology


def keep_branches(terminology: Terminology, roots: Sequence[str], *, where: str) -> Terminology:
    """Keep `roots` and their descendants; what is left out is counted in `Release.skipped`.

    A retired id stays if the concept that replaces it does. Cycles and parents that are no concept
    of the terminology do no harm.

    Args:
        roots: ids of active concepts, at least one.
        where: the file, for messages.

    Raises:
        TerminologyError: a root is no active concept, or no concept has a parent.
    """
    concepts = terminology.concepts.combine_chunks()
    ids = concepts["concept_id"].combine_chunks()
    active = pc.equal(concepts["status"], "active").to_numpy()
    rows = _root_rows(concepts, ids, active, roots, where)

    parents = concepts["parents"].combine_chunks()
    children = pc.list_parent_indices(parents).to_numpy()
    parent_rows = pc.index_in(pc.list_flatten(parents), value_set=ids)
    known = pc.is_valid(parent_rows).to_numpy(zero_copy_only=False)
    if not len(parents.flatten()):
        raise TerminologyError(
            f"{where}: roots are given, but no concept of this source has a parent; leave them out"
        )
    kept = _below(
        rows, parent_rows.fill_null(0).to_numpy()[known], children[known], size=len(concepts)
    )
    left_out = int(np.count_nonzero(active & ~kept))
    # Retired ids follow what replaces them.
    replaced_by = pc.index_in(concepts["replaced_by"], value_set=ids.filter(pa.array(kept)))
    kept |= pc.is_valid(replaced_by).to_numpy() & ~active
    concepts = concepts.filter(pa.array(kept))
    names = terminology.names.filter(
        pc.is_in(terminology.names["concept_id"], value_set=concepts["concept_id"].combine_chunks())
    )
    release = replace(
        terminology.release,
        filters={**terminology.release.filters, "roots": list(roots)},
        skipped={**terminology.release.skipped, "outside the roots": left_out},
    )
    return Terminology(release, concepts, names)


def _root_rows(
    concepts: pa.Table,
    ids: pa.Array,
    active: np.ndarray[tuple[int], np.dtype[np.bool_]],
    roots: Sequence[str],
    where: str,
) -> list[int]:
    rows: list[int | None] = pc.index_in(
        pa.array(list(roots), pa.string()), value_set=ids
    ).to_pylist()
    found = []
    for root, row in zip(roots, rows, strict=True):
        if row is None:
            raise TerminologyError(
                f"{where}: root {root!r} is not a concept of this source; "
                f"ids look like {ids[0].as_py()!r}"
            )
        if not active[row]:
            successor = concepts["replaced_by"][row].as_py()
            instead = f"; use {successor}" if successor else ""
            raise TerminologyError(f"{where}: root {root!r} is retired{instead}")
        found.append(row)
    return found


def _below(
    rows: Sequence[int],
    parents: np.ndarray[tuple[int], np.dtype[np.int32]],
    children: np.ndarray[tuple[int], np.dtype[np.int32]],
    *,
    size: int,
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The rows reached from `rows` along edges `parents[i]` to `children[i]`, level by level."""
    kept = np.zeros(size, dtype=np.bool_)
    kept[list(rows)] = True
    found = len(rows)
    while found:
        reached = children[kept[parents]]
        found = int(np.count_nonzero(~kept[reached]))
        kept[reached] = True
    return kept
