"""Models of the Hugging Face hub: from this machine's cache; from the network only if allowed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from linker.encoder.weights import PICKLED, SAFE
from linker.errors import EncoderError

_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_FILES = ["*.json", "*.txt", "*.model", "README.md"]
# In the folder itself, or in that of its first module, as sentence-transformers had it before
# release 2 ("0_Transformer"). Other folders hold exports and checkpoints.
_PLACES = ("", "0_*/")
_SAFE_FILES = [f"{at}{name}" for at in _PLACES for name in (SAFE, "model-*.safetensors")]
_PICKLED_FILES = [f"{at}{name}" for at in _PLACES for name in (PICKLED, "pytorch_model-*.bin")]


def is_hub_name(name: str) -> bool:
    """Whether `name` has the form of a hub name: "organisation/model"."""
    return _HUB_NAME.fullmatch(name) is not None


def fetch(name: str, *, revision: str | None, allow_download: bool) -> tuple[Path, str]:
    """The folder of a hub model, and the revision that it is.

    Without `allow_download`, or where `HF_HUB_OFFLINE` is set, only the cache is looked at.

    Args:
        name: "organisation/model".
        revision: a commit, tag or branch; by default the newest known.

    Raises:
        EncoderError: the model is not on this machine and may not be downloaded, or could not be.
    """
    offline = _is_offline()
    online = allow_download and not offline
    from huggingface_hub import snapshot_download

    def snapshot(patterns: list[str]) -> Path:
        return Path(
            snapshot_download(
                name, revision=revision, local_files_only=not online, allow_patterns=patterns
            )
        )

    try:
        folder = snapshot(_FILES + _SAFE_FILES)
        if online and not any(any(folder.glob(pattern)) for pattern in _SAFE_FILES):
            folder = snapshot(_PICKLED_FILES)
    except Exception as error:  # its own errors, httpx's or requests', depending on its version
        if online:
            raise EncoderError(
                f"{name}: the download failed ({type(error).__name__}); is the name right, and the "
                "network reachable? A folder that holds the model works too"
            ) from error
        at = "" if revision is None else f" --revision {revision}"
        why = "HF_HUB_OFFLINE is set" if offline else "downloads are not allowed"
        raise EncoderError(
            f"{name}: no such folder, and no such hub model on this machine; {why}. Where the "
            f"network may be used, run `hf download {name}{at}` "
            f"(or `hf download {name}{at} --local-dir FOLDER`, and give FOLDER as the encoder)"
        ) from error
    # The cache keeps one folder a commit: .../snapshots/<commit>.
    return folder, folder.name if folder.parent.name == "snapshots" else revision or ""


def _is_offline() -> bool:
    """Whether `HF_HUB_OFFLINE` is set, read now: the hub's client reads it when imported."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
