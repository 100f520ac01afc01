"""How many cores there are to work with: not those of the machine, but those that it lends."""

from __future__ import annotations

import math
import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OF_PROCESS = Path("/proc/self/cgroup")


def n_cores() -> int:
    """The cores to work with; OMP_NUM_THREADS, where it is set, says how many."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(asked) if asked.isdecimal() and int(asked) > 0 else usable_cores()


def usable_cores() -> int:
    """The cores that this process may use.

    Batch systems bind a process to some (affinity); containers and systemd (`docker --cpus`,
    `CPUQuota=`) lend the time of some, and hold back who takes more.
    """
    bound = getattr(os, "sched_getaffinity", None)
    cores = (os.cpu_count() or 1) if bound is None else len(bound(0))
    return max(1, math.ceil(min(cores, lent(_GROUPS, _OF_PROCESS))))


def lent(groups: Path, of_process: Path) -> float:
    """The cores whose time control groups lend; infinite where they do not say.

    https://docs.kernel.org/admin-guide/cgroup-v2.html, "cpu.max": a quota and a period, of the
    group of the process and of those above it.

    Args:
        groups: where control groups are mounted.
        of_process: names the group of the process, on the line "0::/path".
    """
    try:
        lines = of_process.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return math.inf
    path = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "/")
    group = groups / path.lstrip("/")
    return min(_quota(each / "cpu.max") for each in (group, *group.parents))


def _quota(file: Path) -> float:
    try:
        quota, period = file.read_text(encoding="utf-8").split()
        return math.inf if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
