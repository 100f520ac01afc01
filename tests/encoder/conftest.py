"""Small models with random weights, but of the true architectures and in the true file formats.

Nothing is downloaded: tokenizers are made here, of the kinds that BERT, MPNet and XLM-R have.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

with warnings.catch_warnings():
    # Their modules warn of things that are theirs to mend when they are first imported.
    warnings.simplefilter("ignore")
    import huggingface_hub
    import torch
    import transformers
    from safetensors.torch import save_file
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = (
    "acute", "aortic", "arrest", "cardiac", "chest", "chronic", "diabetes", "disease", "failure",
    "fever", "heart", "infarction", "infection", "kidney", "left", "liver", "lung", "mellitus",
    "myocardial", "of", "pain", "pulmonary", "renal", "right", "severe", "type",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-,()'/éß"

NAMES = [
    "",
    "heart attack",
    "Heart Attack",
    "myocardial infarction",
    "acute myocardial infarction of the left ventricle, severe (type 2)",
    "diabetes mellitus type 2",
    "chest pain",
    "pain chest",
    "fever",
    "βeta-thalassémie",
    "x" * 40,
    "kidney " * 200 + "pain",
    "日本",
    "heart attack",
]
"""Names of all lengths, out of order, with repeats, the empty string and one past any limit.

None begins or ends with a space, as no normalised name does: sentence-transformers cut such spaces
off until release 5, and later did not.
"""

Save = Callable[..., Path]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _special(tokens: list[str], kind: str) -> Any:
    start, end = ("[CLS]", "[SEP]") if kind == "bert" else ("<s>", "</s>")
    ids = {token: i for i, token in enumerate(tokens)}
    return processors.TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} $B {end}",
        special_tokens=[(start, ids[start]), (end, ids[end])],
    )


def _tokenizer(kind: str) -> Any:
    """A tokenizer of a kind, with the special tokens at the ids that the kind gives them."""
    if kind == "bert":
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        names = dict(
            zip(
                ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"],
                special,
                strict=True,
            )
        )
    else:
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        names = dict(
            zip(
                ["cls_token", "pad_token", "sep_token", "unk_token", "mask_token"],
                special,
                strict=True,
            )
        )
        names |= {"bos_token": "<s>", "eos_token": "</s>"}
    if kind == "xlmr":
        pieces = [*special, *(f"▁{word}" for word in WORDS), "▁", *LETTERS]
        backend = Tokenizer(
            models.Unigram([(p, -1.0 - i / 100) for i, p in enumerate(pieces)], unk_id=3)
        )
        backend.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
    else:
        pieces = [*special, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
        backend = Tokenizer(
            models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token=names["unk_token"])
        )
        backend.normalizer = normalizers.BertNormalizer(lowercase=kind == "bert")
        backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = _special(pieces, kind)
    # As all-MiniLM-L6-v2's file has it: settings that a loader must not keep.
    backend.enable_padding(
        length=24, pad_id=pieces.index(names["pad_token"]), pad_token=names["pad_token"]
    )
    backend.enable_truncation(16)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, clean_up_tokenization_spaces=False, **names
    )


def _network(kind: str, vocabulary: int) -> Any:
    shape = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        # Wider than a trained model's, so that different names are far apart.
        "initializer_range": 0.3,
    }
    torch.manual_seed(7)
    if kind == "bert":
        config: Any = transformers.BertConfig(**shape, max_position_embeddings=48)
        return transformers.BertModel(config)
    offset = {
        "max_position_embeddings": 50,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    if kind == "mpnet":
        return transformers.MPNetModel(transformers.MPNetConfig(**shape, **offset))
    return transformers.XLMRobertaModel(
        transformers.XLMRobertaConfig(**shape, **offset, type_vocab_size=1)
    )


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")


def _save_plain(folder: Path, kind: str, *, pickled: bool = False) -> Path:
    """A plain transformers folder, as `save_pretrained` leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(kind)
    network = _network(kind, len(tokenizer))
    network.config.architectures = [type(network).__name__]
    network.config.to_json_file(folder / "config.json", use_diff=False)
    tokenizer.save_pretrained(folder)
    state = {key: value.contiguous() for key, value in network.state_dict().items()}
    if pickled:
        torch.save(state, folder / "pytorch_model.bin")
    else:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="session")
def save_model() -> Save:
    """Write a model in the layout of sentence-transformers 2, as BioLORD and MiniLM have it."""

    def save(
        folder: Path,
        kind: str = "bert",
        *,
        pooling: str | None = "mean",
        max_seq_length: int | None = 32,
        do_lower_case: bool = False,
        normalise: bool = False,
        pickled: bool = False,
    ) -> Path:
        _save_plain(folder, kind, pickled=pickled)
        if pooling is None:
            return folder
        kinds = ["Transformer", "Pooling", *(["Normalize"] if normalise else [])]
        write_json(
            folder / "modules.json",
            [
                {
                    "idx": i,
                    "name": str(i),
                    "path": f"{i}_{kind}" if i else "",
                    "type": f"sentence_transformers.models.{kind}",
                }
                for i, kind in enumerate(kinds)
            ],
        )
        write_json(
            folder / "1_Pooling" / "config.json",
            {
                "word_embedding_dimension": 32,
                "pooling_mode_cls_token": pooling == "cls",
                "pooling_mode_mean_tokens": pooling == "mean",
                "pooling_mode_max_tokens": pooling == "max",
                "pooling_mode_mean_sqrt_len_tokens": pooling == "mean_sqrt_len_tokens",
            },
        )
        write_json(
            folder / "sentence_bert_config.json",
            {"max_seq_length": max_seq_length, "do_lower_case": do_lower_case},
        )
        return folder

    return save


@pytest.fixture(scope="session")
def names() -> list[str]:
    return list(NAMES)


@pytest.fixture(scope="session")
def shared_bert(tmp_path_factory: pytest.TempPathFactory, save_model: Save) -> Path:
    """A BERT-shaped model for tests that only read."""
    return save_model(tmp_path_factory.mktemp("models") / "bert")


@pytest.fixture
def bert(tmp_path: Path, save_model: Save) -> Path:
    """A BERT-shaped model that the test may damage."""
    return save_model(tmp_path / "bert")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any attempt to open a connection fails the test."""

    def refuse(*args: object, **kwargs: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hugging Face hub."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    cache = tmp_path / "hub"
    cache.mkdir()
    # The hub's client reads where its cache is when it is imported.
    here = partial(huggingface_hub.snapshot_download, cache_dir=cache)
    monkeypatch.setattr("huggingface_hub.snapshot_download", here)
    return cache


def put(
    cache: Path, hub_name: str, model: Path, *, commit: str = COMMIT, branch: str = "main"
) -> Path:
    """Place a model in the cache, as a download leaves it."""
    repository = cache / f"models--{hub_name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / branch).write_text(commit, encoding="utf-8")
    shutil.copytree(model, repository / "snapshots" / commit)
    return repository / "snapshots" / commit
