"""Two releases, each a built index or a recipe, compared."""

from __future__ import annotations

from pathlib import Path

from linker.config import Recipe
from linker.errors import ConfigError
from linker.index import Index
from linker.offline.build import read_recipe
from linker.steps import Progress, Silent
from linker.terminology import Changes, Terminology, diff


def diff_releases(old: str | Path, new: str | Path, *, progress: Progress | None = None) -> Changes:
    """Compare two releases: what was added to concepts, names and codes, and what is gone.

    Args:
        old, new: each an index folder, with its overlays, or a recipe (`.toml`), whose
            terminologies are read.

    Raises:
        LinkerError: one cannot be read.
    """
    progress = Silent() if progress is None else progress
    releases = [_open_release(Path(path), progress) for path in (old, new)]
    progress.step("comparing")
    return diff(*releases)


def _open_release(path: Path, progress: Progress) -> Terminology:
    """The terminology of an index, with its overlays, or that of a recipe.

    Raises:
        ConfigError: the path is a file, but no recipe.
        LinkerError: the index or the recipe cannot be read.
    """
    if path.is_file():
        if path.suffix != ".toml":
            raise ConfigError(f"{path}: neither an index folder nor a recipe (.toml)")
        return read_recipe(Recipe.load(path), forms=False, progress=progress)
    index = Index.open(path)
    return Terminology(
        index.manifest.terminology, index.store.concept_table(), index.store.name_table()
    )
