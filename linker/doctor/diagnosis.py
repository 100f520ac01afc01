"""All that `linker doctor` shows: packages, encoders, models, indexes, the machine, and advice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path
from types import MappingProxyType

from linker.doctor.advice import PACKAGE, missing_of, speed_of
from linker.doctor.indexes import FoundIndex, find_index, index_folders
from linker.doctor.machine import Machine, look_at_machine
from linker.encoder import KNOWN_ENCODERS, find_encoder, find_export_place

EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "the small encoder, two open terminologies",
        "onnx": "the fast path on a processor",
        "db": "notes out of a database",
        "train": "linker train",
        "ray": "linker annotate --ray",
        "notebooks": "the notebooks",
    }
)
"""What each extra is for: those for users, not for who works on the program."""
INDEXES = Path("indexes")
_REQUIREMENT = re.compile(r"""^([\w.-]+)(?:\[[\w,-]+\])?[^;]*(?:;.*extra == ["']([\w-]+)["'])?""")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that `linker doctor` shows.

    Attributes:
        packages: what we and our extras ask for, by name: its version, or "" where it is not
            installed.
        needed: those of `packages` that nothing works without.
        extras: by name, the packages of it.
        encoders: known encoders, by name: where each is, or "" where it is not on this machine.
        export: the folder that the ONNX export of an encoder is in or can be written to, or "".
        models: spaCy pipelines that are installed, by name: their versions.
        indexes: of the folders that were looked into.
        speed: what will be fast or slow here, a sentence each.
        missing: what is missing, and the command that gets it.
    """

    version: str
    machine: Machine
    packages: Mapping[str, str]
    needed: Sequence[str]
    extras: Mapping[str, Sequence[str]]
    encoders: Mapping[str, str]
    export: str
    models: Mapping[str, str]
    indexes: Sequence[FoundIndex]
    speed: Sequence[str]
    missing: Sequence[tuple[str, str]]


def diagnose(paths: Sequence[Path] | None = None, *, verify: bool = False) -> Diagnosis:
    """Look at this machine.

    Args:
        paths: index folders, or folders that hold some; None for `indexes/`, where there is one.
        verify: read every file of the indexes and compare its checksum.
    """
    wanted = _requirements()
    needed = tuple(wanted.get("", ()))
    extras = {extra: tuple(wanted.get(extra, ())) for extra in EXTRAS}
    names = {*needed, *(name for packages in extras.values() for name in packages)}
    packages = {name: installed(name) for name in sorted(names)}
    encoders = {name: find_encoder(name) for name in KNOWN_ENCODERS}
    places = [find_export_place(model) for model in encoders.values() if model]
    if paths is None:
        paths = [INDEXES] if INDEXES.is_dir() else []
    indexes = [find_index(folder, verify=verify) for folder in index_folders(paths)]
    found = look_at_machine()
    has_export = all(places)
    return Diagnosis(
        version=installed(PACKAGE),
        machine=found,
        packages=packages,
        needed=needed,
        extras=extras,
        encoders=encoders,
        export=places[0] if places else "",
        models=_spacy_models(),
        indexes=indexes,
        speed=speed_of(found, packages, has_export=has_export),
        missing=missing_of(packages, needed, extras, encoders, indexes, has_export=has_export),
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


def _spacy_models() -> dict[str, str]:
    """The spaCy pipelines that are installed as packages, by name: their versions."""
    found = {}
    for point in entry_points(group="spacy_models"):
        found[point.name] = point.dist.version if point.dist is not None else ""
    return dict(sorted(found.items()))
