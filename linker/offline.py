"""The offline job, whole: a recipe to an index folder."""

from __future__ import annotations

from pathlib import Path

from linker.config import ReadOptions, Recipe
from linker.encoder import load_encoder
from linker.index import Index, Progress, Silent, write_index
from linker.link import calibrate
from linker.terminology import read_terminology


def build_index(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Index:
    """Read a terminology, embed its names, and write the index folder.

    The encoder of the recipe is downloaded if it is a hub name that is not on this machine; nothing
    else is fetched, and nothing is sent.

    Args:
        recipe: what to build.
        out: the folder to make.
        resume: go on with an unfinished build.
        force: replace a finished index at `out`, and throw away an unfinished build.
        progress: told of each step.

    Raises:
        LinkerError: the terminology, the encoder or the folder cannot be used; the message says
            what to do.
    """
    progress = progress or Silent()
    section = recipe.terminology
    options = ReadOptions(**section.model_dump(exclude={"source", "path"}))
    progress.step(f"reading {section.source}")
    terminology = read_terminology(section.source, section.path, options)
    progress.step(f"loading encoder {recipe.encoder.name}")
    encoder = load_encoder(
        recipe.encoder.name, revision=recipe.encoder.revision, allow_download=True
    )
    return write_index(
        terminology,
        encoder,
        Path(out),
        kind=recipe.index.kind,
        memory=recipe.index.memory,
        recall=recipe.index.recall,
        min_recall=recipe.index.min_recall,
        calibrate=calibrate,
        resume=resume,
        force=force,
        progress=progress,
    )
