from __future__ import annotations

from pathlib import Path

from linker.index import Index
from linker.train import TrainSettings, train_encoder


def test_trains(diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path) -> None:
    report = train_encoder(diseases.path, tiny, tmp_path / "out", quick, device="cpu")
    print(report)
    for p in sorted((tmp_path / "out").rglob("*")):
        print(p, p.stat().st_size)
    print((tmp_path / "out" / "README.md").read_text())
