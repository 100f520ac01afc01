"""Where an encoder is on this machine, without loading it."""

from __future__ import annotations

from pathlib import Path

from linker.encoder.known import KNOWN_ENCODERS, holds_model, package_folder
from linker.errors import MissingExtraError


def find_encoder(name: str) -> str:
    """The folder or the package of an encoder, or "" where it is not on this machine.

    Args:
        name: a known name, a hub name, or a folder.
    """
    path = Path(name).expanduser()
    if path.is_dir() and holds_model(path):
        return str(path)
    known = KNOWN_ENCODERS.get(name.lower())
    if known is not None and known.is_package:
        try:
            return str(package_folder(known))
        except MissingExtraError:
            return ""
    return _cached(name if known is None else known.location)


def _cached(hub_name: str) -> str:
    """The newest snapshot of a hub model in this machine's cache that holds a model."""
    from huggingface_hub.constants import HF_HUB_CACHE

    snapshots = Path(HF_HUB_CACHE) / f"models--{hub_name.replace('/', '--')}" / "snapshots"
    found = [folder for folder in snapshots.glob("*") if holds_model(folder)]
    return str(max(found, key=lambda folder: folder.stat().st_mtime)) if found else ""
