"""Where an encoder is on this machine, without loading it."""

from __future__ import annotations

import os
from pathlib import Path

from linker.encoder.by_name import holds_model
from linker.encoder.export import export_places
from linker.encoder.known import KNOWN_ENCODERS, package_folder
from linker.errors import MissingExtraError
from linker.home import at_home


def find_encoder(name: str) -> str:
    """The folder or the package of an encoder, or "" where it is not on this machine.

    Args:
        name: a known name, a hub name, or a folder.
    """
    path = at_home(name)
    if path.is_dir() and holds_model(path):
        return str(path)
    known = KNOWN_ENCODERS.get(name.lower())
    if known is not None and known.is_package:
        try:
            return str(package_folder(known))
        except MissingExtraError:
            return ""
    return _cached(name if known is None else known.location)


def find_export_place(model: str) -> str:
    """The folder that a model's ONNX export is in or can be written to; "" where there is none.

    Args:
        model: the folder of the model, as `find_encoder` gives it.
    """
    places = export_places(Path(model))
    for place in places:
        if _is_export(place):
            return str(place)
    return next((str(place) for place in places if _can_be_written(place)), "")


def _is_export(place: Path) -> bool:
    try:
        return any(place.glob("onnx-*/export.json"))
    except OSError:  # a home that this user may not look into
        return False


def _can_be_written(place: Path) -> bool:
    try:
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except OSError:
        return False


def _cached(hub_name: str) -> str:
    """The newest snapshot of a hub model in this machine's cache that holds a model."""
    from huggingface_hub.constants import HF_HUB_CACHE

    snapshots = Path(HF_HUB_CACHE) / f"models--{hub_name.replace('/', '--')}" / "snapshots"
    try:
        found = [folder for folder in snapshots.glob("*") if holds_model(folder)]
        return str(max(found, key=lambda folder: folder.stat().st_mtime)) if found else ""
    except OSError:  # a home that this user may not look into
        return ""
