"""What is installed and found on this machine, and what will be fast or slow on it.

Nothing is sent, and torch is not imported: packages are asked for their versions by their metadata,
and encoders are looked for where they would be, without loading one.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path

from linker.encoder import KNOWN_ENCODERS, find_encoder
from linker.errors import LinkerError
from linker.index import Manifest

PACKAGE = "concept-linker"
EXTRAS = ("demo", "onnx", "train", "notebooks", "test")
CPU_FEATURES = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "asimd")
_ONNX = {"onnx", "onnxruntime"}
"""The fast path on a processor: looked for whatever the extras of this installation are."""
_REQUIREMENT = re.compile(r"""^([\w.-]+)(?:\[[\w,-]+\])?[^;]*(?:;.*extra == ["']([\w-]+)["'])?""")


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """An index folder, or what is wrong with it.

    Attributes:
        problem: why it cannot be used, or "".
        encoder_found: whether its encoder is on this machine.
    """

    path: str
    terminology: str = ""
    release: str = ""
    names: int = 0
    encoder: str = ""
    encoder_found: bool = False
    problem: str = ""


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


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that `linker doctor` shows.

    Attributes:
        packages: what we ask for, by name: its version, or "" where it is not installed.
        extras: by name, the packages of it that are not installed.
        encoders: known encoders, by name: where each is, or "" where it is not on this machine.
        models: spaCy pipelines that are installed, by name: their versions.
        indexes: of the folders that were looked into.
        speed: what will be fast or slow here, a sentence each.
        missing: what is missing, and the command that gets it.
    """

    version: str
    machine: Machine
    packages: Mapping[str, str]
    extras: Mapping[str, Sequence[str]]
    encoders: Mapping[str, str]
    models: Mapping[str, str]
    indexes: Sequence[FoundIndex]
    speed: Sequence[str]
    missing: Sequence[tuple[str, str]]


def diagnose(paths: Sequence[Path] = (Path("indexes"),)) -> Diagnosis:
    """Look at this machine.

    Args:
        paths: index folders, or folders that hold some.
    """
    wanted = _requirements()
    everything = sorted({name for names in wanted.values() for name in names} | _ONNX)
    packages = {name: installed(name) for name in everything}
    extras = {e: tuple(n for n in wanted.get(e, ()) if not packages[n]) for e in EXTRAS}
    encoders = {name: find_encoder(name) for name in KNOWN_ENCODERS}
    indexes = [find_index(folder) for folder in index_folders(paths)]
    found = look_at_machine()
    models = spacy_models()
    return Diagnosis(
        version=installed(PACKAGE),
        machine=found,
        packages=packages,
        extras=extras,
        encoders=encoders,
        models=models,
        indexes=indexes,
        speed=speed_of(found, packages),
        missing=missing_of(packages, wanted.get("", ()), extras, encoders, indexes),
    )


def installed(package: str) -> str:
    """The version of an installed package, or ""."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _requirements() -> dict[str, list[str]]:
    """The packages that ours asks for, by extra; "" for what it cannot do without."""
    found: dict[str, list[str]] = {}
    try:
        lines = requires(PACKAGE) or []
    except PackageNotFoundError:
        return found
    for line in lines:
        match = _REQUIREMENT.match(line)
        # tomli is part of Python from 3.11 on.
        if match is None or match[1] == PACKAGE or "python_version" in line:
            continue
        found.setdefault(match[2] or "", []).append(match[1])
    return found


def index_folders(paths: Iterable[Path]) -> list[Path]:
    """The index folders among some folders and those directly in them, in order."""
    found = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() and not _is_index(path) else [path]
        found += [folder for folder in inside if _is_index(folder) or folder == path]
    return found


def _is_index(path: Path) -> bool:
    return (path / "manifest.json").is_file()


def find_index(path: Path) -> FoundIndex:
    """What an index folder holds, by its manifest."""
    try:
        manifest = Manifest.read(path)
    except LinkerError as error:
        return FoundIndex(str(path), problem=str(error))
    except OSError as error:
        return FoundIndex(str(path), problem=error.strerror or str(error))
    return FoundIndex(
        str(path),
        terminology=manifest.terminology.terminology,
        release=manifest.terminology.version,
        names=manifest.counts.names,
        encoder=manifest.encoder.name,
        encoder_found=bool(find_encoder(manifest.encoder.name)),
    )


def spacy_models() -> dict[str, str]:
    """The spaCy pipelines that are installed as packages, by name: their versions."""
    found = {}
    for point in entry_points(group="spacy_models"):
        found[point.name] = point.dist.version if point.dist is not None else ""
    return dict(sorted(found.items()))


def look_at_machine() -> Machine:
    """Processor, memory and GPUs, as the system says."""
    memory = _meminfo(Path("/proc/meminfo"))
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        threads=_threads(),
        omp_threads=os.environ.get("OMP_NUM_THREADS", ""),
        memory=memory.get("MemTotal"),
        memory_free=memory.get("MemAvailable"),
        cpu_features=cpu_features(Path("/proc/cpuinfo")),
        gpus=gpus(Path("/proc/driver/nvidia/gpus")),
    )


def _threads() -> int:
    # Containers and batch systems lend fewer cores than the machine has; Linux says how many.
    affinity = getattr(os, "sched_getaffinity", None)
    return (os.cpu_count() or 1) if affinity is None else len(affinity(0))


def cpu_features(cpuinfo: Path) -> tuple[str, ...] | None:
    """Those of `CPU_FEATURES` that Linux says the processor has; None where it says nothing."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # "flags" on x86, "Features" on ARM.
    match = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    if match is None:
        return None
    flags = set(match[1].split())
    return tuple(feature for feature in CPU_FEATURES if feature in flags)


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


def speed_of(machine: Machine, packages: Mapping[str, str]) -> list[str]:
    """What will be fast or slow on a machine; the ratios are those of benchmarks/RESULTS.md."""
    found = []
    has = machine.cpu_features
    onnx = all(packages.get(name) for name in _ONNX)
    if machine.gpus:
        found.append(f"encoding: on the GPU ({machine.gpus[0]}), with torch built for CUDA")
    elif onnx:
        found.append("encoding: ONNX Runtime on the processor, 1.6 times sentence-transformers")
    else:
        found.append(
            "encoding: torch on the processor; the extra [onnx] takes two thirds of its time"
        )
    if has is not None:
        if "avx512_vnni" in has or "avx_vnni" in has:
            found.append("--backend onnx-int8: about half the time again, the processor has VNNI")
        elif "avx2" in has:
            found.append("--backend onnx-int8: gains less, the processor has no VNNI")
        elif "asimd" not in has:
            found.append("no AVX2: encoding and exact search will be several times slower")
    if machine.threads < 2:
        found.append("one core: --workers does not help")
    if machine.omp_threads.isdigit() and int(machine.omp_threads) > machine.threads:
        found.append(
            f"OMP_NUM_THREADS={machine.omp_threads} on {machine.threads} cores: threads will wait "
            "for each other; unset it"
        )
    if machine.memory_free is not None and machine.memory_free < 2_000_000_000:
        found.append("less than 2 GB of memory is free: one worker, and no build of millions")
    return found


def missing_of(
    packages: Mapping[str, str],
    needed: Sequence[str],
    extras: Mapping[str, Sequence[str]],
    encoders: Mapping[str, str],
    indexes: Sequence[FoundIndex],
) -> list[tuple[str, str]]:
    """What is missing, and the command that gets it."""
    found = []
    if absent := [name for name in needed if not packages.get(name)]:
        found.append((", ".join(absent), f"pip install {PACKAGE}"))
    for extra, names in extras.items():
        if names:
            what = f"extra [{extra}]: {', '.join(names)}"
            found.append((what, f'pip install "{PACKAGE}[{extra}]"'))
    if not any(encoders.values()):
        found.append(("an encoder", f'pip install "{PACKAGE}[demo]"'))
    usable = [index for index in indexes if not index.problem]
    if not usable:
        found.append(("an index", "linker demo, or linker build --help"))
    for index in usable:
        if not index.encoder_found:
            what = f"{index.path}: its encoder {index.encoder}"
            found.append((what, f"linker link --index {index.path} --encoder FOLDER"))
    return found
