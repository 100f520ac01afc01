"""An encoder by its name: a known one, a folder, or a model of the hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from linker.encoder.adapter import CONFIG, Adapter, is_adapter
from linker.encoder.backend import make_encoder
from linker.encoder.base import Encoder, EncoderIdentity
from linker.encoder.folder import POOLINGS, ModelFolder
from linker.encoder.hub import fetch, is_hub_name
from linker.encoder.known import (
    KNOWN_ENCODERS,
    KnownEncoder,
    known_by_location,
    known_by_path,
    package_folder,
)
from linker.encoder.transformer import TransformerEncoder
from linker.errors import EncoderError, EncoderMismatchError
from linker.home import at_home


def load_encoder(
    name: str | Path,
    *,
    revision: str | None = None,
    allow_download: bool = False,
    device: str | None = None,
    fingerprint: str | None = None,
    backend: str = "auto",
    pooling: str | None = None,
) -> Encoder:
    """Find an encoder and read what it is. The weights are loaded by the first `encode`.

    A folder that holds a model comes before a known name, and a known name before a hub name.
    A folder is a sentence-transformers model, or a plain transformers one: then its pooling is that
    of the known encoder of the same folder name (a copy of SapBERT), else the mean.

    Args:
        name: a known name, in any case ("biolord-2023-c"), a folder, or a hub name ("org/model").
        revision: a commit, tag or branch of a hub model; the cached or newest one by default.
        allow_download: fetch a hub model that is not on this machine. Never under `HF_HUB_OFFLINE`.
        device: as torch names it ("cpu", "cuda:1"), or several of them ("cuda:0,cuda:1"); by
            default a GPU if there is one.
        fingerprint: the one that the encoder must have, such as an index's.
        backend: what runs it, and in what precision: one of `BACKENDS`. "auto": torch on a GPU,
            ONNX Runtime on a CPU, both in float32.
        pooling: "mean", "cls" or "max", for a folder that does not say how tokens become one
            vector, such as a copy of SapBERT ("cls"). One that says otherwise is an error.

    Raises:
        EncoderError: there is no such encoder on this machine, or it is damaged or unsupported.
        EncoderMismatchError: its fingerprint or its own pooling is another.
        MissingExtraError: it comes with a package that is not installed.
    """
    place = _place(name, revision or None, allow_download)
    known, label = place.known, place.label
    if revision and not place.revision:
        raise EncoderError(f"{label}: is not a hub model, so it has no revision {revision!r}")
    if pooling is not None and pooling not in POOLINGS:
        raise EncoderError(f"pooling {pooling!r} is not known; known: {', '.join(POOLINGS)}")
    if is_adapter(place.root):
        folder = _adapted(place.root, allow_download)
    else:
        own = "mean" if known is None else known.pooling
        folder = ModelFolder.read(place.root, default_pooling=own if pooling is None else pooling)
    if pooling is not None and folder.pooling != pooling:
        raise EncoderMismatchError(
            f"{label}: says of itself that its pooling is {folder.pooling}; asked for {pooling}"
        )
    licence = folder.licence
    # A folder may hold a fine-tuned relative of the known encoder, with a model card of its own.
    if known is not None and not (place.is_given and licence != "unknown"):
        licence = known.licence
    encoder = _encoder(
        replace(folder, licence=licence),
        label,
        revision=place.revision,
        backend=backend,
        device=device,
    )
    _check_fingerprint(encoder, fingerprint)
    return encoder


class _Place(NamedTuple):
    """Where an encoder is.

    Attributes:
        label: what the index and messages call it.
        root: the folder of its model.
        known: the known encoder that it is, or is a copy of.
        revision: the commit of a hub model, else "".
        is_given: it was given as a folder.
    """

    label: str
    root: Path
    known: KnownEncoder | None
    revision: str = ""
    is_given: bool = False


def _place(name: str | Path, revision: str | None, allow_download: bool) -> _Place:
    path, text = at_home(name), str(name)
    known = KNOWN_ENCODERS.get(text.lower()) if isinstance(name, str) else None
    # A folder that only happens to be called "minilm" does not hide the encoder.
    if text and path.is_dir() and (known is None or holds_model(path)):
        root = path.resolve()
        return _Place(str(root), root, known_by_path(path), is_given=True)
    if not isinstance(name, str) or (known is None and not is_hub_name(text)):
        raise EncoderError(
            f"{text}: no such encoder; give a known name ({', '.join(KNOWN_ENCODERS)}), "
            "a folder that holds a model, or a hub name (organisation/model)"
        )
    label = text if known is None else known.name
    known = known_by_location(text) if known is None else known
    if known is not None and known.adapter:
        return _Place(label, Path(__file__).with_name(known.adapter), known)
    if known is not None and known.is_package:
        return _Place(label, package_folder(known), known)
    hub_name = text if known is None else known.location
    root, commit = fetch(hub_name, revision=revision, allow_download=allow_download)
    return _Place(label, root, known, commit)


def _encoder(
    folder: ModelFolder, name: str, *, revision: str = "", backend: str, device: str | None
) -> Encoder:
    identity = EncoderIdentity(
        name=name,
        revision=revision,
        fingerprint=folder.fingerprint(),
        dim=folder.dim,
        pooling=folder.pooling,
        max_tokens=folder.max_tokens,
        licence=folder.licence,
    )
    return make_encoder(folder, identity, backend=backend, device=device)


def _adapted(root: Path, allow_download: bool) -> ModelFolder:
    """The model of an adapter folder: its base, which must be the one it was trained on."""
    adapter = Adapter.read(root)
    refused: EncoderError | None = None
    for place in adapter.bases:
        try:
            base = load_encoder(
                place,
                revision=adapter.revision or None,
                allow_download=allow_download,
                fingerprint=adapter.fingerprint,
                pooling=adapter.pooling,
                # Its folder is all that is wanted; nothing is loaded.
                backend="torch",
            )
        except EncoderError as error:
            refused = refused or error
            continue
        if not isinstance(base, TransformerEncoder):
            raise EncoderError(f"{root}: its base {adapter.base} is no model that runs in torch")
        return base.folder.adapted(root, adapter)
    kind = EncoderMismatchError if isinstance(refused, EncoderMismatchError) else EncoderError
    raise kind(
        f"{root}: an adapter of {adapter.base}, which cannot be used: {refused}"
    ) from refused


def _check_fingerprint(encoder: Encoder, expected: str | None) -> None:
    found = encoder.identity
    if expected is not None and found.fingerprint != expected:
        raise EncoderMismatchError(
            f"{found.name}: its fingerprint is {found.fingerprint}, expected {expected}; "
            "this is another model, or another revision of it"
        )


def holds_model(path: Path) -> bool:
    """Whether a folder holds a model, or an adapter of one."""
    return any((path / name).is_file() for name in ("modules.json", "config.json", CONFIG))
