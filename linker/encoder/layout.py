"""What the files of a model folder say, as sentence-transformers and transformers write them.

The layout of sentence-transformers (sbert.net, "Creating Custom Models"):

    modules.json                       Transformer, then Pooling, then perhaps Normalize
    config.json, tokenizer*, model.safetensors
    sentence_bert_config.json          max_seq_length, do_lower_case; in older models the file is
                                       called after the network: sentence_roberta_config.json
    1_Pooling/config.json              "pooling_mode_mean_tokens": true; "pooling_mode": "mean"
                                       since release 6
    config_sentence_transformers.json  prompts, and which one is put before each text

A folder without `modules.json` is a plain transformers model: its pooling is not on record.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from linker.encoder.weights import inside, read_json, read_object
from linker.errors import EncoderError

# After division by its length, a vector is the same whatever it was multiplied by before, so
# sum / sqrt(n) and sum / n are one.
_POOLINGS = {"mean": "mean", "mean_sqrt_len_tokens": "mean", "cls": "cls", "max": "max"}
_OLD_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
# In the order in which sentence-transformers looks for them (modules/transformer.py, `load`).
_SENTENCE_CONFIGS = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
_WIDTH_KEYS = ("hidden_size", "dim", "d_model", "n_embd")
# Their first positions are never used: position ids count on from the padding token's id.
_OFFSET_POSITIONS = frozenset(
    [
        "camembert", "data2vec-text", "longformer", "mpnet", "roberta", "roberta-prelayernorm",
        "xlm-roberta", "xlm-roberta-xl", "xmod",
    ]
)  # fmt: skip
_ENCODER_DECODERS = frozenset(["longt5", "mt5", "t5", "umt5"])
_FALLBACK_MAX_TOKENS = 512
# One of these makes a tokenizer; all of these, where present, decide what it does.
_VOCABULARIES = (
    "tokenizer.json", "vocab.txt", "vocab.json",
    "sentencepiece.bpe.model", "spiece.model", "tokenizer.model",
)  # fmt: skip
TOKENIZER_FILES = (
    *_VOCABULARIES, "merges.txt",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip
_DIRECTION = re.compile(rb'"truncation"\s*:\s*\{[^{}]*"direction"\s*:\s*"(\w+)"')


def module_folders(path: Path) -> tuple[Path, Path]:
    """The folders of the Transformer and of the Pooling module."""
    entries = read_json(path)
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("type"), str) for entry in entries
    ):
        raise EncoderError(f'{path}: expected a list of modules, each with its "type"')
    kinds = []
    for entry in entries:
        kind = entry["type"].rpartition(".")[2]
        ours = entry["type"].startswith("sentence_transformers.")
        if not ours or kind not in ("Transformer", "Pooling", "Normalize"):
            raise EncoderError(
                f"{path}: the module {entry['type']!r} is not supported; "
                "Transformer, Pooling and Normalize are"
            )
        kinds.append(kind)
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise EncoderError(
            f"{path}: the modules are {', '.join(kinds) or 'none'}; "
            "expected Transformer, Pooling, and perhaps Normalize, in this order"
        )
    transformer, pooling = (
        inside(path.parent, str(entry.get("path", "")), source=path) for entry in entries[:2]
    )
    return transformer, pooling


def check_architecture(path: Path, config: dict[str, Any]) -> None:
    """Refuse a network that is no encoder, or whose tokenizer or base model is elsewhere.

    Raises:
        EncoderError: the message says which.
    """
    file = path / "config.json"
    if not isinstance(config.get("model_type"), str):
        raise EncoderError(f'{file}: no "model_type"; expected the configuration of a transformer')
    # Of a T5 encoder saved alone the configuration says no, and transformers loads the whole.
    if config.get("is_encoder_decoder") or config["model_type"] in _ENCODER_DECODERS:
        raise EncoderError(
            f"{file}: {config['model_type']} is an encoder-decoder; expected an encoder"
        )
    if (path / "adapter_config.json").is_file():
        # transformers would look for the base model elsewhere, perhaps on the network.
        raise EncoderError(
            f"{path}: an adapter without its base model; merge them and save the whole"
        )
    if "transformers_weights" in config:
        raise EncoderError(
            f'{file}: "transformers_weights" is not supported; name them model.safetensors'
        )
    if not any((path / name).is_file() for name in _VOCABULARIES):
        raise EncoderError(f"{path}: no tokenizer; looked for {', '.join(_VOCABULARIES)}")


def pooling_of(path: Path, width: int) -> tuple[str, bool]:
    """The pooling, and whether the prompt's tokens take part in it."""
    config = read_object(path)
    mode: Any = config.get("pooling_mode")
    if mode is None:
        # As sentence-transformers reads its old files: none set means the mean.
        mode = [new for old, new in _OLD_POOLINGS.items() if config.get(old)] or ["mean"]
    modes = [mode] if isinstance(mode, str) else mode
    if not isinstance(modes, list) or len(modes) != 1 or modes[0] not in _POOLINGS:
        found = " and ".join(map(str, modes)) if isinstance(modes, list) else repr(modes)
        raise EncoderError(f"{path}: the pooling is {found}; expected one of mean, cls and max")
    for key in ("embedding_dimension", "word_embedding_dimension"):
        if config.get(key, width) != width:
            raise EncoderError(
                f"{path}: pools {config[key]} numbers, the transformer gives {width}"
            )
    return _POOLINGS[modes[0]], config.get("include_prompt", True) is not False


def prompt_of(path: Path, config: dict[str, Any]) -> str:
    """What is put before each text; "" where `config` names no default."""
    name, prompts = config.get("default_prompt_name"), config.get("prompts")
    if name is None:
        return ""
    if not isinstance(prompts, dict) or not isinstance(prompts.get(name), str):
        raise EncoderError(f"{path}: the default prompt {name!r} is not among the prompts")
    prompt: str = prompts[name]
    return prompt


def sentence_config(path: Path) -> Path:
    """The file that says the longest input; the first of its names where there is none."""
    files = [path / name for name in _SENTENCE_CONFIGS]
    return next(filter(Path.is_file, files), files[0])


def max_tokens_of(
    path: Path, config: dict[str, Any], sentence_file: Path, sentence: dict[str, Any]
) -> int:
    """The longest input, special tokens among it: the least that the files say."""
    limits = []
    if sentence.get("max_seq_length") is not None:
        limits.append(_positive(sentence_file, sentence, "max_seq_length"))
    else:
        # Since release 6, sentence-transformers keeps it here. "No limit" is written as 10**30.
        tokenizer = optional_object(path / "tokenizer_config.json")
        if tokenizer.get("model_max_length") is not None:
            limits.append(_positive(path / "tokenizer_config.json", tokenizer, "model_max_length"))
    # XLNet writes -1 for "no limit".
    if config.get("max_position_embeddings") not in (None, -1):
        positions = _positive(path / "config.json", config, "max_position_embeddings")
        if config["model_type"] in _OFFSET_POSITIONS:
            padding = config.get("pad_token_id")
            positions -= (padding if isinstance(padding, int) else 1) + 1
        limits.append(positions)
    return min(limits, default=_FALLBACK_MAX_TOKENS)


def truncation_side_of(path: Path) -> str:
    """Where the tokenizer cuts texts off: its configuration says it, or else its file."""
    side = optional_object(path / "tokenizer_config.json").get("truncation_side")
    file = path / "tokenizer.json"
    if side is None and file.is_file():
        # Of megabytes; the settings stand before the vocabulary.
        with file.open("rb") as stream:
            found = _DIRECTION.search(stream.read(4096))
        side = None if found is None else found[1].decode()
    return "left" if str(side).lower() == "left" else "right"


def dim_of(path: Path, config: dict[str, Any], width: int) -> int:
    """The length of a vector: "truncate_dim" of `config`, or the network's whole width."""
    if config.get("truncate_dim") is None:
        return width
    return min(width, _positive(path, config, "truncate_dim"))


def width_of(path: Path, config: dict[str, Any]) -> int:
    """How many numbers the network gives a token."""
    for key in _WIDTH_KEYS:
        if key in config:
            return _positive(path, config, key)
    raise EncoderError(f"{path}: no vector length; looked for {', '.join(_WIDTH_KEYS)}")


def _positive(path: Path, config: dict[str, Any], key: str) -> int:
    value = config[key]
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not 1 <= value < float("inf")
    ):
        raise EncoderError(f"{path}: {key!r} is {value!r}; expected a number from 1")
    return int(value)


def optional_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds; an empty one where there is no such file."""
    return read_object(path) if path.is_file() else {}


def licence_of(card: Path) -> str:
    """The licence in a model card's YAML front matter; "other" gives way to its name."""
    try:
        text = card.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "unknown"
    front = re.match(r"\A---\s*\n(.*?\n)---\s*$", text, re.DOTALL | re.MULTILINE)
    if front is None:
        return "unknown"
    stated: dict[str, str] = dict(
        re.findall(r"^(license|license_name):[ \t]*(\S.*?)[ \t]*$", front[1], re.MULTILINE)
    )
    return stated.get("license_name", stated.get("license", "unknown")).strip("\"'")
