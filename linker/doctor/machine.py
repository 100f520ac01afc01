"""The machine: processor, memory and GPUs, as the system says."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from linker.cores import usable_cores
from linker.encoder.processor import cpu_features


@dataclass(frozen=True, slots=True)
class Machine:
    """What the programs run on.

    Attributes:
        threads: cores that this process may use.
        memory: bytes, or None where the system does not say; `memory_free` likewise.
        cpu_features: those of `CPU_FEATURES` that the processor has; None where it is not known.
        gpus: names of NVIDIA GPUs, as the driver says.
    """

    system: str
    python: str
    threads: int
    omp_threads: str
    memory: int | None
    memory_free: int | None
    cpu_features: tuple[str, ...] | None
    gpus: tuple[str, ...]


def look_at_machine() -> Machine:
    """Processor, memory and GPUs, as the system says."""
    memory = _meminfo(Path("/proc/meminfo"))
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        threads=usable_cores(),
        omp_threads=os.environ.get("OMP_NUM_THREADS", ""),
        memory=memory.get("MemTotal"),
        memory_free=memory.get("MemAvailable"),
        cpu_features=cpu_features(),
        gpus=gpus(Path("/proc/driver/nvidia/gpus")),
    )


def gpus(folder: Path) -> tuple[str, ...]:
    """The names of the GPUs that NVIDIA's driver for Linux lists; none where there is none."""
    names = []
    for file in sorted(folder.glob("*/information")):
        match = re.search(r"^Model:\s*(.*)$", file.read_text(errors="replace"), re.MULTILINE)
        names.append(match[1].strip() if match else file.parent.name)
    return tuple(names)


def _meminfo(path: Path) -> dict[str, int]:
    """Linux's /proc/meminfo in bytes; empty on other systems."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {
        match[1]: int(match[2]) * 1024
        for line in lines
        if (match := re.match(r"(\w+):\s+(\d+) kB", line))
    }
