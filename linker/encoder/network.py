"""What an ONNX graph is built of: the tensors of a BERT, RoBERTa, XLM-R or MPNet, sorted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from linker.errors import EncoderError

Floats = npt.NDArray[np.float32]

ARCHITECTURES = frozenset(["bert", "camembert", "mpnet", "roberta", "xlm-roberta"])
"""The values of "model_type" that can be built."""
_OFFSET = frozenset(["camembert", "mpnet", "roberta", "xlm-roberta"])


class ExportError(EncoderError):
    """A model that can be loaded, and cannot be exported."""


@dataclass(frozen=True, slots=True)
class Dense:
    """A dense layer: weight of shape (inputs, outputs), bias of shape (outputs,)."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer normalisation: scale and shift, of shape (hidden,)."""

    scale: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class Block:
    """A transformer layer, normalised after each half (Vaswani et al. 2017; Devlin et al. 2019)."""

    query: Dense
    key: Dense
    value: Dense
    output: Dense
    attention_norm: Norm
    up: Dense
    down: Dense
    norm: Norm


@dataclass(frozen=True, slots=True)
class Network:
    """What the graph is built of.

    Attributes:
        words: token embeddings, of shape (vocabulary, hidden).
        positions: position embeddings, that of the only segment added: (positions, hidden).
        first_position: where positions begin: the id of the padding token and one, or 0.
        pad_id: position ids skip this token where `first_position` is not 0.
        relative: the bias of attention by distance, shape (2 * longest - 1, heads), or None.
        heads: attention heads.
        epsilon: of the normalisations.
    """

    words: Floats
    positions: Floats
    first_position: int
    pad_id: int
    embedding_norm: Norm
    blocks: tuple[Block, ...]
    relative: Floats | None
    heads: int
    epsilon: float


def network_of(
    config: Any, weights: Mapping[str, Floats], relative: Floats | None, *, pad_id: int
) -> Network:
    """Sort a checkpoint's tensors, named as transformers names them.

    Args:
        config: the network's configuration.
        weights: `state_dict` in float32.
        relative: MPNet's bias of attention by distance.
        pad_id: the id that the network takes for padding.

    Raises:
        ExportError: an architecture or an option that is not built here.
    """
    if config.model_type not in ARCHITECTURES:
        raise ExportError(
            f"{config.model_type}: cannot be exported to ONNX; can be: "
            f'{", ".join(sorted(ARCHITECTURES))}. Use backend "torch"'
        )
    position_kind = getattr(config, "position_embedding_type", None) or "absolute"
    decoder = getattr(config, "is_decoder", False)
    if config.hidden_act != "gelu" or position_kind != "absolute" or decoder:
        raise ExportError(
            f"{config.model_type} with {config.hidden_act!r} and {position_kind} positions: "
            'cannot be exported to ONNX; use backend "torch"'
        )
    is_mpnet = config.model_type == "mpnet"
    attention = "attention.attn" if is_mpnet else "attention.self"
    query, key, value = ("q", "k", "v") if is_mpnet else ("query", "key", "value")
    output = "attention.attn.o" if is_mpnet else "attention.output.dense"
    attention_norm = "attention.LayerNorm" if is_mpnet else "attention.output.LayerNorm"

    def dense(name: str) -> Dense:
        return Dense(np.ascontiguousarray(weights[f"{name}.weight"].T), weights[f"{name}.bias"])

    def norm(name: str) -> Norm:
        return Norm(weights[f"{name}.weight"], weights[f"{name}.bias"])

    def block(prefix: str) -> Block:
        return Block(
            query=dense(f"{prefix}.{attention}.{query}"),
            key=dense(f"{prefix}.{attention}.{key}"),
            value=dense(f"{prefix}.{attention}.{value}"),
            output=dense(f"{prefix}.{output}"),
            attention_norm=norm(f"{prefix}.{attention_norm}"),
            up=dense(f"{prefix}.intermediate.dense"),
            down=dense(f"{prefix}.output.dense"),
            norm=norm(f"{prefix}.output.LayerNorm"),
        )

    positions = weights["embeddings.position_embeddings.weight"]
    segments = weights.get("embeddings.token_type_embeddings.weight")
    return Network(
        words=weights["embeddings.word_embeddings.weight"],
        positions=positions if segments is None else positions + segments[0],
        first_position=pad_id + 1 if config.model_type in _OFFSET else 0,
        pad_id=pad_id,
        embedding_norm=norm("embeddings.LayerNorm"),
        blocks=tuple(block(f"encoder.layer.{i}") for i in range(config.num_hidden_layers)),
        relative=relative,
        heads=config.num_attention_heads,
        epsilon=config.layer_norm_eps,
    )
