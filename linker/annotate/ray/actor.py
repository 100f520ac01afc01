"""A worker of a cluster: has the index open, and annotates batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from linker.annotate.batch import Done, Item
from linker.annotate.manifest import SYSTEM
from linker.annotate.output import check_settings
from linker.annotate.ray.rows import of_done, reason, sightings_of, table
from linker.annotate.ray.source import stand_in
from linker.annotate.settle import Sighting
from linker.errors import IndexFolderError
from linker.link import Linker


def made_of(linker: Linker) -> dict[str, Any]:
    """What decides the links, and must be the same on all machines."""
    return {**linker.settings, "tool_version": SYSTEM}


class Annotator:
    """An actor.

    Args:
        reopen: opens the run's linker.
        expected: what it must be made of: see `made_of`.
        annotate: a batch to its results.
        folder: where relative paths begin.
    """

    def __init__(
        self,
        reopen: Callable[[], Linker],
        expected: dict[str, Any],
        annotate: Callable[[Linker, list[Item]], Done],
        folder: Path,
    ) -> None:
        self._annotate = annotate
        self._linker: Linker | None = None
        self._stop = ""
        try:
            stand_in(folder)
            self._linker = _opened(reopen, expected)
        except Exception as error:
            self._stop = reason(error)

    def __call__(self, rows: pa.Table) -> pa.Table:
        return table([self._row(row) for row in rows.to_pylist()])

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        sightings = sightings_of(row)
        done = Done(b"", (), 0)
        stop = row["stop"] or self._stop
        if not stop:
            try:
                done = self._done(sightings)
            except Exception as error:
                stop = reason(error)
        return of_done(sightings, done, {**row, "stop": stop})

    def _done(self, sightings: list[Sighting]) -> Done:
        assert self._linker is not None
        left = [(s.item, s.text) for s in sightings if not s.is_done]
        return self._annotate(self._linker, left) if left else Done(b"", (), 0)


def _opened(reopen: Callable[[], Linker], expected: dict[str, Any]) -> Linker:
    """The run's linker, as this machine has it.

    Raises:
        NoteError: it is another one: it would link otherwise.
        LinkerError: as `Linker.load`.
    """
    try:
        linker = reopen()
    except IndexFolderError as error:
        # Where the run was started, it is there.
        raise IndexFolderError(
            f"{error}. All machines must see the index under the same path; --resume goes on"
        ) from error
    check_settings(
        made_of(linker),
        {"settings": expected},
        f"{linker.path}: another {{changed}} than where the run was started; bring all machines to "
        "the same, and use --resume to go on",
    )
    return linker
