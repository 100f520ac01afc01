from __future__ import annotations

from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement

from linker.checked import tomllib

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))


def test_transformers_takes_the_oldest_torch_that_we_take() -> None:
    # It asks for torch in an extra alone, and does without an older one: no model is loaded then.
    ours = {wanted.name: wanted for wanted in map(Requirement, PROJECT["project"]["dependencies"])}
    (oldest,) = (part.version for part in ours["torch"].specifier if part.operator == ">=")
    theirs = [
        wanted.specifier
        for wanted in map(Requirement, requires("transformers") or [])
        if wanted.name == "torch" and str(wanted.marker) == 'extra == "torch"'
    ]
    assert all(wanted.contains(oldest) for wanted in theirs)
