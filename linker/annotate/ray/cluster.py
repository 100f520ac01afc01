"""The cluster of a run: joined, or started on this machine alone."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray

from linker.errors import NoteError

_ANSWERS_IN = 10.0
"""Seconds that a machine has to take a connection."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a cluster has.

    Attributes:
        workers: actors that the run may have, at least 1.
        gpus: of one actor, in [0, 1].
    """

    workers: int
    gpus: float


@contextmanager
def connected(address: str, *, workers: int | None) -> Iterator[Cluster]:
    """Connect to a cluster, unless this process is connected already.

    Args:
        address: of a cluster ("host:6379"); "auto" for the one that runs on this machine, or that
            RAY_ADDRESS names; "local" to start one of this machine alone.
        workers: actors that the run may have; None: as many as the cluster has cores.

    Raises:
        NoteError: there is no such cluster, or it does not take this process in.
    """
    ours = not ray.is_initialized()
    if ours:
        _start(address, workers)
    try:
        yield _size(workers)
    finally:
        if ours:
            ray.shutdown()


def _start(address: str, workers: int | None) -> None:
    _see_that_it_answers(address)
    options: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
    with _environment():
        try:
            ray.init(
                address=address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **(options if address == "local" else {}),
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise NoteError(f"--ray {address}: {refusal(error)}") from error


def _see_that_it_answers(address: str) -> None:
    """See that something listens at HOST:PORT: Ray would try for minutes, without a word.

    Raises:
        NoteError: nothing does.
    """
    host, _, port = address.rpartition(":")
    if "/" in host or not host or not port.isdecimal():
        return  # "auto", "local", and what Ray itself is to judge
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS_IN).close()
    except (OSError, OverflowError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise NoteError(
            f"--ray {address}: nothing answers there ({found}); start a cluster with `ray start "
            "--head` and give the address that it says, or use --ray local"
        ) from error


@contextmanager
def _environment() -> Iterator[None]:
    """What Ray's processes take over while it starts."""
    # What does not fit into shared memory, notes among it, Ray writes to files in /tmp.
    mask = os.umask(0o077)
    before = os.environ.get("RAY_BACKEND_LOG_LEVEL")
    # Ray sends figures on its use to its makers unless told not to.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # What fails is raised. On stderr Ray says of each run that actors cannot be restarted once the
    # driver's machine is gone (https://github.com/ray-project/ray/issues/53727), as if it were.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        yield
    finally:
        os.umask(mask)
        if before is None:
            del os.environ["RAY_BACKEND_LOG_LEVEL"]


def refusal(error: Exception) -> str:
    """Why Ray does not connect, and what to do."""
    said = f"{error} {error.__cause__}"
    if "AuthenticationError" in said:
        return (
            "the cluster asks for a token; set RAY_AUTH_MODE=token, and have its token in "
            "~/.ray/auth_token or where RAY_AUTH_TOKEN_PATH says"
        )
    if "Version mismatch" in said:
        return f"{' '.join(str(error).split())}; install the same versions on all machines"
    return (
        f"no such cluster ({type(error).__name__}); start one with `ray start --head`, give its "
        "address on a machine that is part of it, or use --ray local"
    )


def _size(workers: int | None) -> Cluster:
    has = ray.cluster_resources()
    if workers is None:
        workers = max(1, int(has.get("CPU", 1)))
    # Ray counts GPUs in ten thousandths.
    return Cluster(workers, min(1.0, int(has.get("GPU", 0) / workers * 10_000) / 10_000))
