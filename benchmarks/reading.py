"""What the benchmarks of readers share: a reading in a process of its own, and the curve of all."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

PLOTS = Path(__file__).parent / "plots"
READ = """
import json, os, resource, sys, tempfile, time
from pathlib import Path
import pyarrow.feather as feather
from linker.terminology import add_forms, read_terminology
begun, cpu = time.perf_counter(), time.process_time()
found = read_terminology(sys.argv[1], sys.argv[2])
read = time.perf_counter()
read_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
found = add_forms(found)
derived = time.perf_counter()
with tempfile.TemporaryDirectory() as folder:
    for name in ("concepts", "names", "forms"):
        feather.write_feather(getattr(found, name), Path(folder, name), compression="uncompressed")
done = time.perf_counter()
print(json.dumps({
    "names": found.names.num_rows,
    "concepts": found.concepts.num_rows,
    "forms": found.forms.num_rows,
    "seconds": round(done - begun, 1),
    "reading_seconds": round(read - begun, 1),
    "deriving_seconds": round(derived - read, 1),
    "cpu_seconds": round(time.process_time() - cpu, 1),
    "load": round(os.getloadavg()[0], 1),
    "reading_peak_gb": round(read_gb, 2),
    "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
}))
"""


def measure(source: str, path: Path) -> dict[str, float]:
    """A release to its tables on the disk: reading, deriving the forms of names, writing.

    Names, concepts, forms, seconds, CPU seconds of all threads, peak memory in GB of the process;
    `load` is how many processes of the machine wanted to run: above its cores, seconds say little.
    """
    command = [sys.executable, "-c", READ, source, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


LINES = {
    "seconds": "read, derived, written",
    "reading_seconds": "read",
    "cpu_seconds": "CPU of all",
    "peak_gb": "read, derived, written",
    "reading_peak_gb": "read",
}
"""What is drawn, and what it is called."""


def add_and_plot(name: str, title: str, measured: dict[str, float]) -> None:
    """Print a measurement, add it to NAME.json and draw all that it holds to NAME.png."""
    print(
        f"{measured['names']:,} names, {measured['concepts']:,} concepts, {measured['forms']:,} "
        f"forms: {measured['seconds']:.1f} s, of which reading {measured['reading_seconds']:.1f} s "
        f"and deriving {measured['deriving_seconds']:.1f} s ({measured['cpu_seconds']:.1f} s of "
        f"CPU, load {measured['load']:.1f}), peak {measured['peak_gb']:.2f} GB, when read "
        f"{measured['reading_peak_gb']:.2f} GB"
    )
    PLOTS.mkdir(exist_ok=True)
    path = PLOTS / f"{name}.json"
    rows = json.loads(path.read_text()) if path.exists() else []
    rows.append({"day": date.today().isoformat(), **measured})
    path.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n")
    plot(name, title)


def plot(name: str, title: str) -> None:
    """Draw what NAME.json holds to NAME.png."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    rows = json.loads((PLOTS / f"{name}.json").read_text())
    rows.sort(key=lambda row: row["names"])
    names = [row["names"] for row in rows]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    figure.suptitle(f"{title}: {len(rows)} measurements")
    for axis, keys, label in zip(
        axes,
        (("seconds", "reading_seconds", "cpu_seconds"), ("peak_gb", "reading_peak_gb")),
        ("seconds", "peak memory, GB"),
        strict=True,
    ):
        for key in keys:
            axis.plot(names, [row[key] for row in rows], marker="o", label=LINES[key])
        axis.set(xscale="log", xlabel="names", ylabel=label)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(PLOTS / f"{name}.png", dpi=110)
    plt.close(figure)
