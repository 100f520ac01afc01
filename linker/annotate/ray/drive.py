"""The driver: has a cluster read and annotate, and takes the results in the order of the input."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext
from ray.util.annotations import RayDeprecationWarning

from linker.annotate.batch import Done, Item
from linker.annotate.ray.actor import Annotator, made_of
from linker.annotate.ray.cluster import Cluster
from linker.annotate.ray.deaths import BookOnRay, Deaths
from linker.annotate.ray.rows import done_of, sightings_of
from linker.annotate.ray.source import Digest, NoteSource
from linker.annotate.read import NoteStream
from linker.annotate.settle import DoneNotes, Sighting
from linker.errors import NoteError
from linker.link import Linker

_BLOCK_BYTES = (64 << 10, 1 << 20)
"""Of Ray's blocks, least and most. By default 128 MiB: one actor would have a whole file of notes
to itself. Small blocks cost the driver time, large ones leave workers idle at the end."""

_BLOCKS_A_WORKER = 16

_TRIES = 100
"""How often a block is tried again whose actor died: each note that ends every actor takes two.
What is known of the deaths ends the run much earlier where no note is to blame."""


def annotate_on_ray(
    linker: Linker,
    stream: NoteStream,
    done: DoneNotes,
    digest: Digest,
    annotate: Callable[[Linker, list[Item]], Done],
    cluster: Cluster,
    replaced: Callable[[int], None],
) -> Generator[tuple[list[Sighting], Done, int], None, None]:
    """Annotate the notes of files that all machines of a cluster see under the same paths.

    Args:
        linker: is opened again in each actor.
        done: notes that are not to be done again.
        digest: what tells a note from another of its id.
        annotate: a batch to its results.
        replaced: called with the number of workers that died.

    Yields:
        Of each batch, in the order of the input: what it was read from, less the text; the
        results of what was not done before; and the bytes read up to its end.

    Raises:
        NoteError: a file cannot be read, a machine has another index or version of the tool, or
            workers died again and again.
        LinkerError: `annotate` raised it.
    """
    if any(file.path is None for file in stream.files):
        raise NoteError(
            "stdin and databases cannot be read by the machines of a cluster; write the notes to "
            "files that they all see"
        )
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    folder = Path.cwd()
    source = NoteSource(stream, ray.put(done), digest, folder)
    deaths = BookOnRay()
    rows = _dataset(source, linker, annotate, cluster, folder, deaths)
    try:
        for table in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
            for row in table.to_pylist():
                result = done_of(row)
                yield sightings_of(row), result, row["read"]
        replaced(deaths.count())
    except ray.exceptions.RayError as error:
        raise NoteError(
            f"the run on Ray ended ({type(error).__name__}): workers died again and again (was "
            "memory short? have all machines one version of concept-linker?), or the cluster went; "
            "what was done is kept: use --resume to go on"
        ) from None


def _dataset(
    source: NoteSource,
    linker: Linker,
    annotate: Callable[[Linker, list[Item]], Done],
    cluster: Cluster,
    folder: Path,
    deaths: Deaths,
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
        # `linker` is opened in the actor once it stands in the run's folder: the encoder's may be
        # relative.
        reopen, arguments = linker.__reduce__()[:2]
        return read.map_batches(
            Annotator,
            fn_constructor_args=(
                partial(reopen, *arguments),
                made_of(linker),
                annotate,
                folder,
                deaths,
            ),
            batch_size=None if cluster.gpus == 0 else 8,
            batch_format="pyarrow",
            compute=ActorPoolStrategy(
                min_size=1, max_size=cluster.workers, initial_size=cluster.workers
            ),
            num_cpus=1,
            num_gpus=cluster.gpus or None,
            max_restarts=-1,
            max_task_retries=_TRIES,
        )


def _block_bytes(total: int, cluster: Cluster) -> int:
    least, most = _BLOCK_BYTES
    return min(most, max(least, total // (cluster.workers * _BLOCKS_A_WORKER)))
