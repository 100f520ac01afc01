"""A run on Ray Data: files are read, and their notes annotated, on the machines of a cluster.

Read tasks take the files in groups and cut them into batches; actors, each with the index open,
make a frame of the journal of each; the driver takes the frames in the order of the input and
commits them, as a local run does. A process or a machine that dies costs what it was at: Ray runs
that again from its input. What the driver has not committed was not done, and a resumed run does
it. So nothing depends on what Ray wrote or kept.

No exception leaves a task or an actor: Ray would log it, and a message may quote a note. What
stops a run comes back as a row, and is raised here.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask
from ray.util.annotations import RayDeprecationWarning

import linker.errors
from linker.annotate.batch import Done, Item, batches
from linker.annotate.read import NoteStream
from linker.annotate.settle import DoneNotes, Sighting
from linker.errors import LinkerError, NoteError
from linker.link import Linker
from linker.schema import Note

GROUP_BYTES = 32 << 20
"""Files are read together up to so many bytes: what is read again where a result is lost."""

_BLOCK_BYTES = (64 << 10, 1 << 20)
"""Of Ray's blocks, least and most. By default 128 MiB: one actor would have a whole file of notes
to itself. Small blocks cost the driver time, large ones leave workers idle at the end."""

_BLOCKS_A_WORKER = 16

_DEATHS = 3
"""How often a block is tried again whose actor died. A note that kills every process that meets it
would be tried for ever by default."""


Digest = Callable[[Note], bytes]


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
        NoteError: there is no such cluster.
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
    # Ray sends figures on its use to its makers unless told not to.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    options: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **(options if address == "local" else {}),
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise NoteError(
            f"--ray {address}: no such cluster ({type(error).__name__}); start one with `ray start "
            "--head`, give its address, or use --ray local"
        ) from error


def _size(workers: int | None) -> Cluster:
    has = ray.cluster_resources()
    if workers is None:
        workers = max(1, int(has.get("CPU", 1)))
    # Ray counts GPUs in ten thousandths.
    return Cluster(workers, min(1.0, int(has.get("GPU", 0) / workers * 10_000) / 10_000))


def annotate_on_ray(
    linker: Linker,
    stream: NoteStream,
    done: DoneNotes,
    digest: Digest,
    annotate: Callable[[Linker, list[Item]], Done],
    cluster: Cluster,
) -> Generator[tuple[list[Sighting], Done, int], None, None]:
    """Annotate the notes of files that all machines of a cluster see under the same paths.

    Args:
        linker: is opened again in each actor.
        done: notes that are not to be done again.
        digest: what tells a note from another of its id.
        annotate: a batch to its results.

    Yields:
        Of each batch, in the order of the input: what it was read from, less the text; the
        results of what was not done before; and the bytes read up to its end.

    Raises:
        NoteError: a file cannot be read, or workers died again and again.
        LinkerError: `annotate` raised it.
    """
    if any(file.path is None for file in stream.files):
        raise NoteError(
            "stdin and databases cannot be read by the machines of a cluster; write the notes to "
            "files that they all see"
        )
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    folder = Path.cwd()
    source = _NoteSource(stream, ray.put(done), digest, folder)
    rows = _dataset(source, linker, annotate, cluster, folder)
    try:
        for table in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
            for row in table.to_pylist():
                if row["stop"]:
                    raise _stopped(row["stop"])
                sightings = [Sighting.from_json(data) for data in json.loads(row["sightings"])]
                items = [(i, bytes.fromhex(t), ok) for i, t, ok in json.loads(row["items"])]
                result = Done(row["frame"], tuple(items), row["n_links"])
                yield sightings, result, row["read"]
    except ray.exceptions.RayError as error:
        raise NoteError(
            f"the run on Ray ended ({type(error).__name__}): workers died again and again (was "
            "memory short?), or the cluster went; what was done is kept: use --resume to go on"
        ) from None


def _dataset(
    source: _NoteSource,
    linker: Linker,
    annotate: Callable[[Linker, list[Item]], Done],
    cluster: Cluster,
    folder: Path,
) -> Any:
    context = DataContext.get_current().copy()
    # The first of two notes with one id is the one that counts.
    context.execution_options.preserve_order = True
    context.target_max_block_size = _block_bytes(source.total_bytes, cluster)
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    with DataContext.current(context), warnings.catch_warnings():
        # Ray 2.64 is to drop `max_task_retries`, and names nothing to use instead.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", RayDeprecationWarning)
        read = ray.data.read_datasource(
            source,
            override_num_blocks=len(source.groups),
            # Actors may take every core; reading has to go on beside them.
            num_cpus=0,
            concurrency=1 + cluster.workers // 16,
        )
        # `linker` is opened in the actor once it stands in the run's folder: paths may be relative.
        reopen, arguments = linker.__reduce__()[:2]
        return read.map_batches(
            _Annotator,
            fn_constructor_args=(partial(reopen, *arguments), annotate, folder),
            batch_size=None if cluster.gpus == 0 else 8,
            batch_format="pyarrow",
            compute=ActorPoolStrategy(
                min_size=1, max_size=cluster.workers, initial_size=cluster.workers
            ),
            num_cpus=1,
            num_gpus=cluster.gpus or None,
            max_restarts=-1,
            max_task_retries=_DEATHS,
        )


def _block_bytes(total: int, cluster: Cluster) -> int:
    least, most = _BLOCK_BYTES
    return min(most, max(least, total // (cluster.workers * _BLOCKS_A_WORKER)))


class _NoteSource(Datasource):  # type: ignore[misc]
    """Files of notes as read tasks: rows of one batch each, or of what stops the run."""

    def __init__(self, stream: NoteStream, done: Any, digest: Digest, folder: Path) -> None:
        self.groups = list(_groups(stream))
        self.total_bytes = stream.total_bytes
        self._stream = stream
        self._done = done
        self._digest = digest
        self._folder = folder

    def get_read_tasks(
        self,
        parallelism: int,  # noqa: ARG002
        per_task_row_limit: int | None = None,
        data_context: Any = None,  # noqa: ARG002
    ) -> list[ReadTask]:
        return [
            ReadTask(
                partial(
                    _read, self._stream.part(first, end), self._done, self._digest, self._folder
                ),
                BlockMetadata(None, size, None, None),
                per_task_row_limit=per_task_row_limit,
            )
            for first, end, size in self.groups
        ]

    def estimate_inmemory_data_size(self) -> int:
        return self.total_bytes


def _groups(stream: NoteStream) -> Iterator[tuple[int, int, int]]:
    """Files that are read by one task, as [first, end), and their bytes."""
    first = size = 0
    for end, file in enumerate(stream.files, 1):
        size += file.size
        if size >= GROUP_BYTES or end == len(stream.files):
            yield first, end, size
            first, size = end, 0


def _read(stream: NoteStream, done: Any, digest: Digest, folder: Path) -> Iterator[pa.Table]:
    """A read task. Ray joins the tables into blocks."""
    try:
        os.chdir(folder)
        _look_for_folders(stream)
        yield from read_batches(stream, ray.get(done), digest)
    except Exception as error:
        yield _table([{"batch": "[]", "read": 0, "stop": _reason(error)}])


def _look_for_folders(stream: NoteStream) -> None:
    """Have a machine that does not see the notes stop the run: else each file is an error.

    Raises:
        OSError: a folder of the files is not there.
    """
    for parent in {file.path.parent for file in stream.files if file.path is not None}:
        parent.stat()


def read_batches(stream: NoteStream, done: DoneNotes, digest: Digest) -> Iterator[pa.Table]:
    """The batches of a stream as tables of one row: "batch", "read" (bytes), "stop" ("")."""
    sightings = _sightings(stream, done, digest)
    for batch in batches(sightings, lambda sighting: sighting.n_characters):
        data = json.dumps([sighting.to_json() for sighting in batch])
        yield _table([{"batch": data, "read": stream.bytes_read, "stop": ""}])


def _sightings(stream: NoteStream, done: DoneNotes, digest: Digest) -> Iterator[Sighting]:
    for file, line, item in stream.placed():
        if not isinstance(item, Note):
            yield Sighting(item, b"", file.name, line)
            continue
        text = digest(item)
        if done.has(item.id, text):
            yield Sighting(Note(item.id, ""), text, file.name, line, is_done=True)
        else:
            yield Sighting(item, text, file.name, line)


class _Annotator:
    """An actor: has the index open."""

    def __init__(
        self,
        reopen: Callable[[], Linker],
        annotate: Callable[[Linker, list[Item]], Done],
        folder: Path,
    ) -> None:
        self._annotate = annotate
        self._linker: Linker | None = None
        self._stop = ""
        try:
            os.chdir(folder)
            self._linker = reopen()
        except Exception as error:
            self._stop = _reason(error)

    def __call__(self, rows: pa.Table) -> pa.Table:
        return _table([self._row(**row) for row in rows.to_pylist()])

    def _row(self, batch: str, read: int, stop: str) -> dict[str, Any]:
        sightings = [Sighting.from_json(data) for data in json.loads(batch)]
        done = Done(b"", (), 0)
        stop = stop or self._stop
        if not stop:
            try:
                done = self._done(sightings)
            except Exception as error:
                stop = _reason(error)
        return {
            "sightings": json.dumps([sighting.placed().to_json() for sighting in sightings]),
            "frame": done.frame,
            "items": json.dumps([(i, text.hex(), ok) for i, text, ok in done.items]),
            "n_links": done.n_links,
            "read": read,
            "stop": stop,
        }

    def _done(self, sightings: list[Sighting]) -> Done:
        assert self._linker is not None
        left = [(s.item, s.text) for s in sightings if not s.is_done]
        return self._annotate(self._linker, left) if left else Done(b"", (), 0)


def _table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def _reason(error: Exception) -> str:
    """What stopped a task, to be raised by the driver: the type, and what may be told of it."""
    if isinstance(error, LinkerError):
        return json.dumps([type(error).__name__, str(error)])
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return json.dumps(
            [
                "NoteError",
                f"{place}{error.strerror or type(error).__name__} on a machine of the cluster; all "
                "of them must see the notes and the index under the same paths; what was done is "
                "kept: once that is mended, --resume goes on from there",
            ]
        )
    # A library's message may quote a note: its type says enough.
    return json.dumps(["LinkerError", f"a worker failed: {type(error).__name__}"])


def _stopped(reason: str) -> LinkerError:
    name, message = json.loads(reason)
    kind = getattr(linker.errors, name, LinkerError)
    # MissingExtraError makes its own message.
    kind = LinkerError if kind is linker.errors.MissingExtraError else kind
    error: LinkerError = kind(message)
    return error
