"""What travels between the machines: rows of Arrow tables, and in them what stops a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import ray.util

import linker.errors
from linker.annotate.batch import Done
from linker.annotate.settle import Sighting
from linker.errors import LinkerError


def of_read(batch: Sequence[Sighting], bytes_read: int) -> dict[str, Any]:
    """The row of a batch that was read: "batch", "read" (bytes), "stop" ("")."""
    return {"batch": _json(batch), "read": bytes_read, "stop": ""}


def of_stop(error: Exception) -> dict[str, Any]:
    """The same of what stops the run."""
    return {"batch": "[]", "read": 0, "stop": reason(error)}


def sightings_of(row: dict[str, Any]) -> list[Sighting]:
    """What the batch of a row was read from."""
    return [Sighting.from_data(data) for data in json.loads(row["batch"])]


def of_done(sightings: Sequence[Sighting], done: Done, row: dict[str, Any]) -> dict[str, Any]:
    """The row of a batch that was annotated: what it was read from, less the text, and its results.

    Args:
        row: that of the batch as it was read.
    """
    return {
        "batch": _json([sighting.placed() for sighting in sightings]),
        "frame": done.frame,
        "items": json.dumps([(i, text.hex(), ok) for i, text, ok in done.items]),
        "n_links": done.n_links,
        "read": row["read"],
        "stop": row["stop"],
    }


def done_of(row: dict[str, Any]) -> Done:
    """The results in a row of `of_done`.

    Raises:
        LinkerError: the row says that the run is to stop.
    """
    if row["stop"]:
        raise _stopped(row["stop"])
    items = [(i, bytes.fromhex(text), ok) for i, text, ok in json.loads(row["items"])]
    return Done(row["frame"], tuple(items), row["n_links"])


def table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows as a table."""
    return pa.Table.from_pylist(list(rows))


def _json(sightings: Sequence[Sighting]) -> str:
    # In escapes: any text can be there, lone surrogates and NUL among it.
    return json.dumps([sighting.to_data() for sighting in sightings])


def reason(error: Exception) -> str:
    """What stopped a task, to be raised by the driver: the type, and what may be told of it."""
    here = f"on {ray.util.get_node_ip_address()}: "
    if isinstance(error, LinkerError):
        return json.dumps([type(error).__name__, f"{here}{error}"])
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return json.dumps(
            [
                "NoteError",
                f"{here}{place}{error.strerror or type(error).__name__}; all machines of the "
                "cluster must see the notes and the index under the same paths; what was done is "
                "kept: once that is mended, --resume goes on from there",
            ]
        )
    # A library's message may quote a note: its type says enough.
    return json.dumps(["LinkerError", f"{here}a worker failed: {type(error).__name__}"])


def _stopped(reason: str) -> LinkerError:
    name, message = json.loads(reason)
    kind = getattr(linker.errors, name, LinkerError)
    # MissingExtraError makes its own message.
    kind = LinkerError if kind is linker.errors.MissingExtraError else kind
    error: LinkerError = kind(message)
    return error
