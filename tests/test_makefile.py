from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("there", "is_made"), [([], True), (["python"], True), (["python", "pip"], False)]
)
def test_an_environment_that_was_left_half_made_is_made_again(
    there: list[str], is_made: bool, tmp_path: Path
) -> None:
    # pip comes last: after Ctrl-C, or where Debian's python3-venv is missing, it is not there.
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in there:
        (tmp_path / ".venv/bin" / name).touch()
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    planned = subprocess.run(
        ["make", "-n", "demo", "PYTHON=python3"],
        cwd=tmp_path,
        env=alone,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert ("python3 -m venv .venv" in planned) == is_made
    assert planned[-1] == ".venv/bin/linker demo"
