"""Paths in the home of who runs this."""

from __future__ import annotations

import os
from pathlib import Path


def at_home(path: str | os.PathLike[str]) -> Path:
    """A path as it is, but with a home for "~" ("~/indexes/hpo", "~ann/hpo"), as shells read it.

    In Python, in config files and behind "=", no shell has done so. What is no home stays.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 (pathlib raises where there is none)
