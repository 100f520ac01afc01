"""A model folder, read as data: what decides its vectors, and their fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from linker.encoder.adapter import Adapter
from linker.encoder.layout import (
    TOKENIZER_FILES,
    check_architecture,
    dim_of,
    licence_of,
    max_tokens_of,
    module_folders,
    optional_object,
    pooling_of,
    prompt_of,
    sentence_config,
    truncation_side_of,
    width_of,
)
from linker.encoder.weights import read_object, weight_files
from linker.errors import EncoderError

POOLINGS = ("mean", "cls", "max")
_LOADING = ("tokenizer_args", "processor_kwargs", "config_args", "config_kwargs")
"""Options that sentence-transformers hands on when it loads a model, before release 6 and since."""
_FINGERPRINT_VERSION = b"concept-linker encoder 1\n"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A sentence encoder on disk.

    Attributes:
        path: the folder that holds `config.json`, the tokenizer and the weights.
        weights: the weight files, checked to be whole.
        width: how many numbers the network gives a token.
        dim: the length of its vectors: the width, or what the folder cuts them off at, as models
            trained for it (Kusupati et al., Matryoshka, NeurIPS 2022) may ask.
        pooling: "mean", "cls" or "max".
        max_tokens: longer texts are cut off here; special tokens count.
        truncation_side: where they are cut off, "right" or "left".
        do_lower_case: whether texts are lower-cased before the tokenizer's own normaliser.
        prompt: what is put before each text, mostly "".
        licence: what the model card (README.md) says, or "unknown".
        adapter: merged into the weights when they are loaded, or None.
    """

    path: Path
    weights: tuple[Path, ...]
    width: int
    dim: int
    pooling: str
    max_tokens: int
    truncation_side: str
    do_lower_case: bool
    prompt: str
    licence: str
    adapter: Adapter | None = None

    @classmethod
    def read(cls, root: Path, *, default_pooling: str = "mean") -> ModelFolder:
        """Read what the folder says of itself; neither weights nor vocabulary are loaded.

        Args:
            root: as `SentenceTransformer.save` or `save_pretrained` wrote it.
            default_pooling: for a folder that does not say how tokens become one vector.

        Raises:
            EncoderError: the folder is no model, is damaged, or holds a module that we do not have.
        """
        modules = root / "modules.json"
        if not modules.is_file() and not (root / "config.json").is_file():
            raise EncoderError(
                f"{root}: not a model: looked for modules.json (sentence-transformers) "
                "and config.json (transformers), found neither"
            )
        path, pooling_folder = module_folders(modules) if modules.is_file() else (root, None)
        config = read_object(path / "config.json")
        check_architecture(path, config)
        sentence_file = sentence_config(path)
        sentence = optional_object(sentence_file)
        task = sentence.get("transformer_task", "feature-extraction")
        if task != "feature-extraction":
            raise EncoderError(f"{sentence_file}: a model for {task}, not a sentence encoder")
        if options := [name for name in _LOADING if sentence.get(name)]:
            raise EncoderError(
                f"{sentence_file}: {options[0]!r} is not supported; what it changes belongs into "
                "the files of the tokenizer and config.json"
            )
        width = width_of(path / "config.json", config)
        pooling = default_pooling
        own_file = root / "config_sentence_transformers.json"
        own = optional_object(own_file)
        prompt, prompt_pooled = prompt_of(own_file, own), True
        if pooling_folder is not None:
            pooling, prompt_pooled = pooling_of(pooling_folder / "config.json", width)
        if prompt and not prompt_pooled:
            raise EncoderError(f"{root}: a prompt that is left out of the pooling is not supported")
        return cls(
            path=path,
            weights=weight_files(path),
            width=width,
            dim=dim_of(own_file, own, width),
            pooling=pooling,
            max_tokens=max_tokens_of(path, config, sentence_file, sentence),
            truncation_side=truncation_side_of(path),
            do_lower_case=sentence.get("do_lower_case") is True,
            prompt=prompt,
            licence=licence_of(root / "README.md"),
        )

    def adapted(self, root: Path, adapter: Adapter) -> ModelFolder:
        """This model with an adapter, which lies in `root` with a model card of its own."""
        return replace(self, adapter=adapter, licence=licence_of(root / "README.md"))

    def fingerprint(self) -> str:
        """Hash all that decides the vectors; the folder's place and dates do not.

        Every byte of the weights is read, at about 1 GB/s.

        Returns:
            "sha256:" and 64 hexadecimal digits.
        """
        whole = sha256(_FINGERPRINT_VERSION)
        settings: tuple[object, ...] = (
            self.pooling, self.max_tokens, self.do_lower_case, self.prompt
        )  # fmt: skip
        # What folders rarely say counts where they say it: others keep the fingerprint they had.
        if self.truncation_side != "right":
            settings = (*settings, self.truncation_side)
        if self.dim != self.width:
            settings = (*settings, self.dim)
        whole.update(repr(settings).encode())
        tokenizer = (self.path / name for name in TOKENIZER_FILES)
        for file in (self.path / "config.json", *filter(Path.is_file, tokenizer), *self.weights):
            whole.update(f"\n{file.relative_to(self.path).as_posix()} {_digest(file)}".encode())
        if self.adapter is not None:
            whole.update(self.adapter.settings.encode())
            for file in self.adapter.files:
                whole.update(f"\nadapter {file.name} {_digest(file)}".encode())
        return f"sha256:{whole.hexdigest()}"


def _digest(path: Path) -> str:
    # hashlib.file_digest is Python 3.11's.
    digest = sha256()
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    try:
        with path.open("rb", buffering=0) as file:
            while n_read := file.readinto(buffer):
                digest.update(view[:n_read])
    except OSError as error:
        raise EncoderError(f"{path}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()
