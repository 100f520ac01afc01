"""Two stages of a stream side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import TypeVar

import pytest

from linker.ahead import one_ahead

T = TypeVar("T")


def results(pairs: Iterable[tuple[int, Future[T]]]) -> list[tuple[int, T]]:
    return [(item, future.result()) for item, future in pairs]


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_each_item_comes_with_its_result_in_order(n: int) -> None:
    pairs = one_ahead(lambda item: item * 10, iter(range(n)), name="t")
    assert results(pairs) == [(i, 10 * i) for i in range(n)]


def test_an_item_is_taken_while_the_one_before_is_worked_on() -> None:
    taken = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for i, event in enumerate(taken):
            event.set()
            yield i

    def work(item: int) -> bool:
        # Waits for ever, but for this time, if the next one is taken after it.
        return item == 2 or taken[item + 1].wait(10)

    assert results(one_ahead(work, items(), name="t")) == [(0, True), (1, True), (2, True)]


def test_one_further_is_taken_than_is_given() -> None:
    taken = []

    def items() -> Iterator[int]:
        for i in range(9):
            taken.append(i)
            yield i

    pairs = one_ahead(str, items(), name="t")
    assert next(pairs)[0] == 0
    assert taken == [0, 1]
    assert next(pairs)[0] == 1
    assert taken == [0, 1, 2]


def test_what_taking_raises_comes_after_what_was_taken_before() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise OSError("the source is gone")

    pairs = one_ahead(str, items(), name="t")
    assert [next(pairs)[1].result(), next(pairs)[1].result()] == ["1", "2"]
    with pytest.raises(OSError, match="the source is gone"):
        next(pairs)


def test_what_work_raises_is_its_items_alone() -> None:
    pairs = one_ahead(lambda item: 6 // item, iter([3, 0, 2]), name="t")
    futures = [future for _, future in pairs]
    assert [futures[0].result(), futures[2].result()] == [2, 3]
    assert isinstance(futures[1].exception(), ZeroDivisionError)


def test_the_thread_has_the_name_and_the_context_of_its_caller() -> None:
    device: ContextVar[str] = ContextVar("device", default="cpu")
    device.set("cuda")
    pairs = one_ahead(
        lambda _: (threading.current_thread().name, device.get()), iter([1]), name="links"
    )
    assert results(pairs) == [(1, ("links_0", "cuda"))]


@pytest.mark.parametrize("n_taken", [1, 4])
def test_the_thread_ends_with_the_stream_or_where_it_is_left(n_taken: int) -> None:
    pairs = one_ahead(str, iter(range(4)), name="to_end")
    for _ in range(n_taken):
        next(pairs)
    assert any(thread.name.startswith("to_end") for thread in threading.enumerate())
    pairs.close()
    assert not any(thread.name.startswith("to_end") for thread in threading.enumerate())
