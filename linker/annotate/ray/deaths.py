"""What the workers of a run were at when they died: known to an actor that annotates nothing.

Ray gives what a worker died of to the next one, as it was. Here that one hears what became of those
before it, and so the block is done again as `linker.annotate.dispatch` does a batch: whole, since
a worker may have been ended for another's sake; then batch by batch; and of a batch that ended one,
note by note, so that what ends every worker is found and no more is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from linker.annotate.batch import Done, Item, apart, described, given_up, together
from linker.annotate.dispatch import DEATHS, worn_out

Part = tuple[int, ...]
"""What of a block: () all of it, (i,) its batch i, (i, j) item j of that batch."""

_WHOLE: Part = ()

_TRIES = 2
"""How often a block is done whole."""


class Known(NamedTuple):
    """What is known of a block.

    Attributes:
        died_at: what workers that had it died at, in order.
        in_a_row: how many workers died with nothing done between, up to one that had this block; 0
            where none has died of it since it was opened before.
    """

    died_at: list[Part]
    in_a_row: int


class Deaths(Protocol):
    """What is asked and told of a run's blocks, each of which has a key."""

    def opened(self, block: bytes) -> Known:
        """A worker has the block, and until it begins a part all of it; what is known of it."""

    def begun(self, block: bytes, part: Part) -> None:
        """It begins a part, and has done those before."""

    def closed(self, block: bytes) -> None:
        """It has done all of it."""


class Book:
    """The deaths of a run."""

    def __init__(self) -> None:
        self._at: dict[bytes, Part] = {}
        self._died_at: dict[bytes, list[Part]] = defaultdict(list)
        self._n = self._in_a_row = 0

    def opened(self, block: bytes) -> Known:
        """See `Deaths`."""
        died_at = self._died_at[block]
        in_a_row = 0
        if block in self._at:
            died_at.append(self._at[block])
            self._n += 1
            self._in_a_row += 1
            in_a_row = self._in_a_row
        self._at[block] = _WHOLE
        return Known(list(died_at), in_a_row)

    def begun(self, block: bytes, part: Part) -> None:
        """See `Deaths`."""
        if self._at.get(block, _WHOLE) != _WHOLE:
            self._in_a_row = 0
        self._at[block] = part

    def closed(self, block: bytes) -> None:
        """See `Deaths`."""
        self._at.pop(block, None)
        self._died_at.pop(block, None)
        self._in_a_row = 0

    def count(self) -> int:
        """How many workers died."""
        return self._n


class BookOnRay:
    """The same in an actor of a cluster, on the machine of the driver."""

    def __init__(self) -> None:
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._actor: Any = ray.remote(Book).options(num_cpus=0, scheduling_strategy=here).remote()

    def opened(self, block: bytes) -> Known:
        """See `Deaths`."""
        known: Known = ray.get(self._actor.opened.remote(block))
        return known

    def begun(self, block: bytes, part: Part) -> None:
        """See `Deaths`."""
        # Waited for: who dies at once may not have sent it.
        ray.get(self._actor.begun.remote(block, part))

    def closed(self, block: bytes) -> None:
        """See `Deaths`."""
        self._actor.closed.remote(block)

    def count(self) -> int:
        """How many workers died."""
        n: int = ray.get(self._actor.count.remote())
        return n


def is_whole(died_at: list[Part]) -> bool:
    """Whether a block is to be done whole again."""
    return died_at.count(_WHOLE) < _TRIES


class Block:
    """A block that a worker has.

    Args:
        annotate: a batch to its results.
    """

    def __init__(self, deaths: Deaths, key: bytes, annotate: Callable[[list[Item]], Done]) -> None:
        self._deaths = deaths
        self._key = key
        self._annotate = annotate
        self._died_at: list[Part] | None = None

    def open(self, batch: list[Item]) -> None:
        """Say that a worker has it, before anything that it may die of.

        Args:
            batch: for the message if the run is to end there.

        Raises:
            NoteError: workers die again and again, with nothing done meanwhile.
        """
        if self._died_at is None:
            self._died_at, in_a_row = self._deaths.opened(self._key)
            if in_a_row >= DEATHS:
                raise worn_out(described(batch))

    def close(self) -> None:
        """All of it is done."""
        if self._died_at is not None:
            self._deaths.closed(self._key)

    def done(self, number: int, batch: list[Item]) -> Done:
        """Annotate the batch `number` of a block that is open, with care for what ended workers.

        Raises:
            LinkerError: `annotate` raised it.
        """
        died_at = self._died_at or []
        if is_whole(died_at):
            return self._annotate(batch)
        if (number,) not in died_at:
            return self._begun((number,), batch)
        return together(
            [
                given_up(item) if (number, i) in died_at else self._begun((number, i), item)
                for i, item in enumerate(apart(batch))
            ]
        )

    def _begun(self, part: Part, batch: list[Item]) -> Done:
        self._deaths.begun(self._key, part)
        return self._annotate(batch)
