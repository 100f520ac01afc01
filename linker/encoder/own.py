"""The encoder that an index was built with, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from linker.encoder.backend import backend_of
from linker.encoder.base import Encoder, EncoderIdentity
from linker.encoder.by_name import load_encoder
from linker.encoder.known import KNOWN_ENCODERS
from linker.errors import EncoderError, EncoderMismatchError


def refuse_other(
    built: EncoderIdentity, given: Encoder | str | Path | None, *, index: Path
) -> None:
    """Refuse another encoder than an index was built with, where no weights need be read to know.

    That is an `Encoder`, or one known name for another; a folder is looked at by `own_encoder`.

    Args:
        built, given, index: as of `own_encoder`.

    Raises:
        EncoderMismatchError: what is given is another encoder.
    """
    if isinstance(given, str):
        if given != built.name and {given, built.name} <= KNOWN_ENCODERS.keys():
            raise EncoderMismatchError(_mismatch(index, built, given))
    elif given is not None and not isinstance(given, Path):
        _check(index, built, given)


def own_encoder(
    built: EncoderIdentity,
    given: Encoder | str | Path | None = None,
    *,
    index: Path,
    device: str | None = None,
    backend: str | None = None,
) -> Encoder:
    """Load the encoder of an index. Nothing is downloaded.

    Args:
        built: which encoder that is.
        given: where it is now, if not where it was at the build; or the encoder itself.
        index: the index folder, for messages.
        device: where it runs ("cpu", "cuda"); by default a GPU if there is one.
        backend: what runs it, a key of `BACKENDS`; by default what has the names' precision.

    Raises:
        EncoderError: it cannot be found or loaded.
        EncoderMismatchError: what is given is another encoder.
    """
    options: dict[str, Any] = {
        "device": device,
        "backend": backend_of(built.precision) if backend is None else backend,
        # A plain folder does not say it, and the build may have been told.
        "pooling": built.pooling,
    }
    if given is None:
        folder = Path(built.name)
        if folder.is_absolute() and not folder.is_dir():
            raise EncoderError(
                f"{index}: built with the encoder in {folder}, which is not there; say where it is "
                "now: --encoder FOLDER, or encoder=FOLDER in Python"
            )
        encoder = load_encoder(built.name, revision=built.revision or None, **options)
    elif isinstance(given, str | Path):
        encoder = load_encoder(given, **options)
    else:
        encoder = given
    _check(index, built, encoder)
    return encoder


def _check(index: Path, built: EncoderIdentity, encoder: Encoder) -> None:
    asked = encoder.identity
    # In another precision it is the same model: of fp32 for bf16, or as it was asked for.
    if asked.model != built.model:
        named = f"{asked.name} ({asked.fingerprint[:19]}...)"
        raise EncoderMismatchError(_mismatch(index, built, named))


def _mismatch(index: Path, built: EncoderIdentity, asked: str) -> str:
    return (
        f"{index}: built with encoder {built.name} ({built.fingerprint[:19]}...), asked for "
        f"{asked}; rebuild the index, or load {built.name}"
    )
