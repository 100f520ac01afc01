"""The index folders on this machine, by their manifests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from linker.encoder import find_encoder
from linker.errors import LinkerError
from linker.index import Manifest


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """An index folder, or what is wrong with it.

    Attributes:
        problem: why it cannot be used, or "".
        encoder_found: whether its encoder is on this machine.
        verified: every file was read, and has the checksum of the manifest.
    """

    path: str
    terminology: str = ""
    release: str = ""
    names: int = 0
    encoder: str = ""
    encoder_found: bool = False
    verified: bool = False
    problem: str = ""


def index_folders(paths: Iterable[Path]) -> list[Path]:
    """The index folders among some folders and those directly in them, in order."""
    found = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() and not _is_index(path) else [path]
        found += [folder for folder in inside if _is_index(folder) or folder == path]
    return found


def _is_index(path: Path) -> bool:
    return (path / "manifest.json").is_file()


def find_index(path: Path, *, verify: bool = False) -> FoundIndex:
    """What an index folder holds, by its manifest.

    Args:
        verify: read every file and compare its checksum.
    """
    try:
        manifest = Manifest.read(path)
        if verify:
            manifest.verify(path)
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
        verified=verify,
    )
