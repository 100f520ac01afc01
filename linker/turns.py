"""One thread at a time, where threads share what was looked up before.

A lock that a thread holds while its process forks is never released in the child, which has that
thread no more: there, each lock begins anew. `loading` is one that a fork waits for.
"""

from __future__ import annotations

import os
from threading import RLock
from weakref import WeakSet


class Turns:
    """Lets threads in one after the other: `with turns.lock: ...`. A copy has a lock of its own.

    Attributes:
        lock: taken at most for a batch. Who holds it may take it again.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        _KNOWN.add(self)

    def __reduce__(self) -> tuple[type[Turns], tuple[()]]:
        return Turns, ()


loading = RLock()
"""Held while a model is loaded, with the libraries that run it.

Modules that a thread has half imported stay so in a child, where to import them never ends.
"""
_KNOWN: WeakSet[Turns] = WeakSet()


def _begin_anew() -> None:
    for turns in list(_KNOWN):
        turns.lock = RLock()


if hasattr(os, "register_at_fork"):  # Windows has no fork.
    os.register_at_fork(after_in_child=_begin_anew)
    os.register_at_fork(
        before=loading.acquire, after_in_parent=loading.release, after_in_child=loading.release
    )
