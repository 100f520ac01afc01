"""What writers share: what a run says of itself, and the two halves of a format.

A format keeps, in the process that annotates, what it will need of a note beside its links; and it
writes, at the end and in one process, the records of the journal one after the other. What a format
cannot hold is found by the first half, so that the note goes to the errors file; nothing is left
out or changed in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linker.annotate.journal import Record
from linker.schema import Link, Note

SURROGATE = re.compile("[\ud800-\udfff]")

BREAKS = "\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""All that some reader of lines takes for the end of one, and the tabs between fields."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a writer may say of the run.

    Attributes:
        system: the tool and its version.
        started: when the run was begun, ISO 8601 in UTC, to the second.
        terminology, version: what the index holds.
        source: the terminology reader it came by ("umls").
        integer_ids: whether every note id is a whole number of 64 bits.
    """

    system: str
    started: str
    terminology: str
    version: str | None
    source: str
    integer_ids: bool = False


class Unwritable(ValueError):  # noqa: N818  # a verdict on a note, not a failure
    """A note that a format cannot hold; the message says why, and holds none of its text."""


Keep = Callable[[Note, Sequence[Link], RunInfo], dict[str, Any]]
"""What the journal keeps of a note, as JSON values. Raises `Unwritable`."""

Write = Callable[[Record], None]
"""Writes one note's record."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of output.

    Attributes:
        keep: see `Keep`.
        open: begins an output at a path that is not there; its records are then written in order.
            The third argument is the path that the output will have in the end.
        is_folder: whether the output at a path is a folder.
        beside: what `keep` takes of a note beside its id and text: another value makes it another
            note.
    """

    keep: Keep
    open: Callable[[Path, RunInfo, Path], AbstractContextManager[Write]]
    is_folder: Callable[[Path], bool] = lambda _: False
    beside: Callable[[Note], str] = lambda _: ""


def nothing(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:  # noqa: ARG001
    """For formats that need the links alone, and hold any of them."""
    return {}


def check_utf8(*texts: str) -> None:
    """Refuse what UTF-8 cannot hold.

    Raises:
        Unwritable: there is a lone surrogate.
    """
    for text in texts:
        found = SURROGATE.search(text)
        if found is not None:
            raise Unwritable(
                f"a lone surrogate U+{ord(found.group()):04X} at position {found.start()}, which "
                "this format cannot hold; --format jsonl can"
            )


def type_of(link: dict[str, Any]) -> str:
    """A word for the type of a mention: its first semantic type, or "Concept"."""
    first = link["semantic_types"][0] if link["semantic_types"] else ""
    return re.sub(r"[^\w-]+", "_", first).strip("_") or "Concept"


def ending(path: Path) -> str:
    """The ending of the path that an output will have."""
    return path.suffix.lower()
