"""Cores that are lent, by the files in which Linux says so."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from linker.cores import lent, n_cores, usable_cores


@pytest.mark.parametrize(
    ("process", "quotas", "cores"),
    [
        ("0::/\n", {"": "250000 100000"}, 2.5),
        ("0::/\n", {"": "max 100000"}, math.inf),
        (
            "0::/a.slice/b.service\n",
            {"a.slice/b.service": "max 100000", "a.slice": "50000 100000"},
            0.5,
        ),
        ("3:cpu:/x\n0::/a\n", {"a": "400000 100000"}, 4),
        ("0::/gone\n", {}, math.inf),
        ("0::/a\n", {"a": "strange"}, math.inf),
        (None, {"": "250000 100000"}, math.inf),
    ],
)
def test_what_control_groups_lend(
    tmp_path: Path, process: str | None, quotas: dict[str, str], cores: float
) -> None:
    of_process = tmp_path / "self"
    if process is not None:
        of_process.write_text(process, encoding="utf-8")
    for group, quota in quotas.items():
        folder = tmp_path / "groups" / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.max").write_text(f"{quota}\n", encoding="utf-8")
    assert lent(tmp_path / "groups", of_process) == cores


@pytest.mark.parametrize(
    ("asked", "cores"), [("3", 3), ("3,2", 3), ("0", None), ("²", None), ("", None)]
)
def test_openmp_is_told_how_many(
    monkeypatch: pytest.MonkeyPatch, asked: str, cores: int | None
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert n_cores() == (usable_cores() if cores is None else cores)
    assert usable_cores() >= 1
