"""Two stages of a stream side by side: items are made while the ones before are worked on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def one_ahead(
    work: Callable[[Item], Result], items: Iterator[Item], *, name: str
) -> Generator[tuple[Item, Future[Result]], None, None]:
    """Each item and its result, which a thread works out while the next item is taken.

    An item is given when the next one was taken, and not before: what is taken as it comes should
    come in batches. One thread works, on one item after the other.

    Args:
        work: runs in the other thread, in the context variables of this one.
        items: taken in this thread, one further than is given.
        name: the thread's, as debuggers and profilers show it. It ends with the items.

    Raises:
        Exception: what taking an item raises, when those before it were given.
    """
    with ThreadPoolExecutor(1, thread_name_prefix=name) as thread:
        before: tuple[Item, Future[Result]] | None = None
        while True:
            failed: Exception | None = None
            taken: tuple[Item, Future[Result]] | None = None
            try:
                item = next(items)
                taken = item, thread.submit(copy_context().run, work, item)
            except StopIteration:
                pass
            except Exception as error:
                failed = error
            if before is not None:
                yield before
            if failed is not None:
                raise failed
            if taken is None:
                return
            before = taken
