"""The offline job: a recipe to an index folder, and what is done to one without a rebuild."""

from linker.offline.build import build_index, read_recipe
from linker.offline.diff import diff_releases
from linker.offline.overlay import overlay_index

__all__ = ["build_index", "diff_releases", "overlay_index", "read_recipe"]
