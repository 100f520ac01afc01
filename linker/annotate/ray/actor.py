"""A worker of a cluster: has the index open, and annotates batches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from linker.annotate.batch import Done, Item
from linker.annotate.ledger import digest
from linker.annotate.manifest import SYSTEM
from linker.annotate.output import check_settings
from linker.annotate.ray.deaths import Block, Deaths
from linker.annotate.ray.rows import of_done, reason, sightings_of, table
from linker.annotate.ray.source import stand_in
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
        deaths: what is known of workers that died.
    """

    def __init__(
        self,
        reopen: Callable[[], Linker],
        expected: dict[str, Any],
        annotate: Callable[[Linker, list[Item]], Done],
        folder: Path,
        deaths: Deaths,
    ) -> None:
        self._reopen = partial(_opened, reopen, expected, folder)
        self._annotate = annotate
        self._deaths = deaths
        self._linker: Linker | None = None
        self._stop = ""

    def __call__(self, rows: pa.Table) -> pa.Table:
        batches = rows.to_pylist()
        block = Block(self._deaths, _key(batches), self._done)
        answers = [self._answer(block, i, row) for i, row in enumerate(batches)]
        block.close()
        return table(answers)

    def _answer(self, block: Block, number: int, row: dict[str, Any]) -> dict[str, Any]:
        sightings = sightings_of(row)
        left = [(s.item, s.text) for s in sightings if not s.is_done]
        done = Done(b"", (), 0)
        stop = row["stop"] or self._stop
        if left and not stop:
            try:
                block.open(left)
                # Not before: Ray would for ever start a worker anew that dies of it.
                self._linker = self._linker or self._reopen()
                done = block.done(number, left)
            except Exception as error:
                stop = self._stop = reason(error)
        return of_done(sightings, done, {**row, "stop": stop})

    def _done(self, batch: list[Item]) -> Done:
        assert self._linker is not None
        return self._annotate(self._linker, batch)


def _key(rows: list[dict[str, Any]]) -> bytes:
    """What tells a block from others of the run: it says where each note stands."""
    return digest("".join(row["batch"] for row in rows))


def _opened(reopen: Callable[[], Linker], expected: dict[str, Any], folder: Path) -> Linker:
    """The run's linker, as this machine has it.

    Raises:
        NoteError: it is another one: it would link otherwise.
        LinkerError: as `Linker.load`.
    """
    stand_in(folder)
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
