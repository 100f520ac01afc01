"""A recipe to an index folder, whole."""

from __future__ import annotations

from pathlib import Path

from linker.config import Recipe
from linker.encoder import load_encoder
from linker.index import (
    Index,
    check_place,
    check_vectors,
    kept_overlays,
    set_overlays,
    write_index,
)
from linker.link import calibrate
from linker.offline.overlay import combine
from linker.steps import Progress, Silent
from linker.terminology import (
    Overlay,
    Terminology,
    add_forms,
    find_release,
    merge,
    read_overlay,
    read_terminology,
)


def read_recipe(
    recipe: Recipe, *, forms: bool = True, progress: Progress | None = None
) -> Terminology:
    """Read the terminologies of a recipe into one.

    Args:
        forms: derive the forms of their names, where the recipe says so.

    Raises:
        TerminologyError: one cannot be read, or two have the same ids.
    """
    progress = Silent() if progress is None else progress
    _find(recipe)
    parts = []
    for section in recipe.terminologies:
        progress.step(f"reading {section.source}")
        part = read_terminology(section.source, section.path, section.options, progress=progress)
        if forms and section.derive_names:
            progress.step("deriving forms of names")
            part = add_forms(part)
        parts.append((part, section.prefix))
    return merge(parts)


def _find(recipe: Recipe) -> None:
    """Raise what one of the terminologies would raise at once, before others are read for hours."""
    for section in recipe.terminologies:
        find_release(section.source, section.path, section.options)


def build_index(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    reuse: str | Path | None = None,
    progress: Progress | None = None,
) -> Index:
    """Read a terminology, embed its names, and write the index folder.

    The encoder of the recipe is downloaded if it is a hub name that is not on this machine. Nothing
    else is downloaded, and nothing is sent.

    The overlays of the recipe, and those of an index that the build replaces, are applied. A row
    about a retired concept moves to its replacement; a row about no concept is left out, and the
    manifest says so.

    Args:
        recipe: what to build.
        out: the folder to create.
        resume: continue an unfinished build.
        force: replace a finished index at `out`, and throw away an unfinished build.
        reuse: an older index with the same encoder; only names that are not in it are embedded.
        progress: told of each step.

    Raises:
        LinkerError: the terminology, the encoder or the folder cannot be used; the message says
            what to do.
        TypeError: `recipe` is not a `Recipe`.
    """
    if not isinstance(recipe, Recipe):
        raise TypeError(
            f"recipe is {type(recipe).__name__}, expected Recipe; Recipe.load reads the file of one"
        )
    progress, out = Silent() if progress is None else progress, Path(out)
    reuse = None if reuse is None else Path(reuse)
    # What cannot be is said now, not after hours.
    check_place(out, resume=resume, force=force)
    given = [read_overlay(path) for path in recipe.overlay]

    def overlays() -> list[Overlay]:
        return combine(kept_overlays(out, given=[overlay.name for overlay in given]), given)

    overlays()
    _find(recipe)
    chosen = recipe.encoder
    progress.step(f"loading encoder {chosen.name}")
    encoder = load_encoder(
        chosen.name,
        revision=chosen.revision,
        allow_download=True,
        device=chosen.device,
        backend=chosen.backend,
        pooling=chosen.pooling,
    )
    # An encoder that cannot run says so now, not after an hour of reading.
    encoder.encode(["a"])
    check_vectors(encoder, kind=recipe.index.kind, reuse=reuse)
    terminology = read_recipe(recipe, progress=progress)

    def lay_over(folder: Path) -> None:
        # Anew: somebody may have laid one over the old index while the terminology was read.
        found = overlays()
        if found:
            progress.step("laying over local names")
        set_overlays(folder, found, lambda: encoder, strict=False)

    return write_index(
        terminology,
        encoder,
        out,
        kind=recipe.index.kind,
        memory=recipe.index.memory,
        recall=recipe.index.recall,
        min_recall=recipe.index.min_recall,
        calibrate=calibrate,
        finish=lay_over,
        resume=resume,
        force=force,
        reuse=reuse,
        progress=progress,
    )
