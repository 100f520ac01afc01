"""Where the real files are, and the tables as plain values."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from linker.terminology import Terminology

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def data_file() -> Callable[[str], Path]:
    """A file of the open data beside the checkout; skips where it is absent."""

    def find(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"{path} is not there")
        return path

    return find


@pytest.fixture(scope="session")
def needs_package() -> Callable[[str], None]:
    """Skips where a package of the [demo] extra is not installed."""

    def check(name: str) -> None:
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed; pip install concept-linker[demo]")

    return check


@pytest.fixture
def concepts() -> Callable[[Terminology], dict[str, dict[str, Any]]]:
    """The concepts by id, each with its names as (name, kind)."""

    def collect(terminology: Terminology) -> dict[str, dict[str, Any]]:
        rows = {row["concept_id"]: row for row in terminology.concepts.to_pylist()}
        for row in rows.values():
            row["codes"] = [(pair["vocabulary"], pair["code"]) for pair in row["codes"]]
            row["names"] = []
        for name in terminology.names.to_pylist():
            rows[name["concept_id"]]["names"].append((name["name"], name["kind"]))
        return rows

    return collect
