"""Precision and recall at each operating point: for the table in docs/choosing.md.

python benchmarks/operating_points.py INDEX GOLD.jsonl.gz [INDEX GOLD.jsonl.gz ...]

Gold mentions, protocol Z: by `linker.evaluate`, as `linker evaluate --gold-mentions` has it.
"""

from __future__ import annotations

from pathlib import Path

from usage import run

from linker import Linker
from linker.config import OPERATING_POINTS
from linker.evaluate import evaluate, read_gold


def row(index: str, path: Path) -> str:
    gold = read_gold([path])
    report = evaluate(Linker.load(index), gold.documents, problems=gold.problems, draws=1)
    at = {point.threshold: point for point in report.operating_points}
    cells = [
        f"{100 * at[threshold].precision:.1f} / {100 * at[threshold].recall:.1f}"
        for threshold in OPERATING_POINTS.values()
    ]
    return f"| {path.name.partition('.')[0]} | {' | '.join(cells)} |"


def main(*arguments: str) -> None:
    names = " | ".join(f"`{name}`, {value}" for name, value in OPERATING_POINTS.items())
    print(f"| gold mentions | {names} |\n|{'---|' * (1 + len(OPERATING_POINTS))}")
    for index, path in zip(arguments[::2], arguments[1::2], strict=True):
        print(row(index, Path(path)), flush=True)


if __name__ == "__main__":
    run(main, __doc__)
