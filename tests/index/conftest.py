from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from linker.index import Index


@pytest.fixture
def folder(index: Index, tmp_path: Path) -> Path:
    """A copy of the invented index, to be damaged."""
    return Path(shutil.copytree(index.path, tmp_path / "copy"))
