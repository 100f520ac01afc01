"""A BERT, RoBERTa, XLM-R or MPNet as an ONNX graph: ids and their mask in, unit vectors out.

Built from the weights, operator by operator, with those of ONNX Runtime that do several steps in
one (com.microsoft: MultiHeadAttention, SkipLayerNormalization, BiasGelu, MatMulIntegerToFloat;
ContribOperators.md of ONNX Runtime). A tracer gives a graph of ten times as many nodes, which must
then be matched and fused again, and another one with each release of torch and transformers.

With integers (`linker.encoder.integers`) the dense layers multiply those; the embeddings, the
attention, the normalisation and the pooling stay in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from linker._optional import require
from linker.encoder.integers import copies_of, quantised, unsigned
from linker.encoder.network import Block, Floats, Network, Norm

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[Any]

OPSET = 18
CONTRIB = "com.microsoft"
_IR_VERSION = 9


def build(
    network: Network,
    pooling: str,
    *,
    largest: Sequence[Floats] | None = None,
    signed: bool = True,
) -> onnx.ModelProto:
    """The graph: "ids" int64 and "mask" int32, both (n, length), to "vectors" float32 (n, dim).

    Args:
        pooling: "mean", "cls" or "max"; the vectors are of unit length.
        largest: multiply integers: for each input of dense layers, in their order, how large each
            of its channels becomes: the outputs of `build_probe`.
        signed: how the integers of weights are written; their values are the same.
    """
    graph = _Graph(largest, signed=signed)
    graph.output(graph.node("LpNormalization", _network(graph, network, pooling), axis=-1, p=2))
    return graph.model()


def build_probe(network: Network) -> onnx.ModelProto:
    """A graph of the same inputs, whose outputs say how large each channel becomes.

    For each input of dense layers, in their order: float32, of shape (channels,).
    """
    graph = _Graph(None)
    _network(graph, network, "cls")
    axes = graph.constant(np.array([0, 1]))
    for x in graph.dense_inputs:
        graph.output(graph.node("ReduceMax", graph.node("Abs", x), axes, keepdims=0))
    return graph.model()


def _network(graph: _Graph, network: Network, pooling: str) -> str:
    x = _embeddings(graph, network)
    bias = _relative_bias(graph, network)
    for block in network.blocks:
        x = _block(graph, x, block, bias, network)
    return _pooled(graph, x, pooling)


class _Graph:
    """Nodes and constants as they come; each node's output is named by a number."""

    def __init__(self, largest: Sequence[Floats] | None, *, signed: bool = True) -> None:
        require("onnx", extra="onnx")
        self.largest = largest
        self.signed = signed
        self.dense_inputs: list[str] = []
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._outputs: list[str] = []

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attributes)
        )
        return name

    def constant(self, value: Array | np.generic | int) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        array = np.asarray(value)
        self._constants.append(
            numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        )
        return name

    def output(self, name: str) -> None:
        self._outputs.append(name)

    def model(self) -> onnx.ModelProto:
        from onnx import TensorProto, helper

        def value(name: str, kind: int, shape: list[str | int]) -> Any:
            return helper.make_tensor_value_info(name, kind, shape)

        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [
                value("ids", TensorProto.INT64, ["n", "length"]),
                value("mask", TensorProto.INT32, ["n", "length"]),
            ],
            # Of a rank that the reader finds out.
            [helper.make_empty_tensor_value_info(name) for name in self._outputs],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


def _embeddings(graph: _Graph, network: Network) -> str:
    words = graph.node("Gather", graph.constant(network.words), "ids")
    positions = graph.constant(network.positions)
    if network.first_position:
        # As fairseq counts them, and transformers after it: tokens that are no padding, from 1.
        real = graph.node("Equal", "ids", graph.constant(network.pad_id))
        real = graph.node("Cast", graph.node("Not", real), to=7)  # int64
        count = graph.node("CumSum", real, graph.constant(1))
        count = graph.node("Mul", count, real)
        rows = graph.node("Add", count, graph.constant(network.first_position - 1))
        positions = graph.node("Gather", positions, rows)
    else:
        first = graph.constant(np.array([0]))
        positions = graph.node("Slice", positions, first, _length(graph), first)
    return _norm(graph, graph.node("Add", words, positions), network.embedding_norm, network)


def _length(graph: _Graph) -> str:
    shape = graph.node("Shape", "ids")
    return graph.node("Gather", shape, graph.constant(np.array([1])), axis=0)


def _relative_bias(graph: _Graph, network: Network) -> str:
    """MPNet's bias by distance: shape (1, heads, length, length); "" where there is none."""
    if network.relative is None:
        return ""
    longest = (len(network.relative) + 1) // 2
    length = graph.node("Squeeze", _length(graph))
    places = graph.node("Range", graph.constant(0), length, graph.constant(1))
    here = graph.node("Unsqueeze", places, graph.constant(np.array([1])))
    there = graph.node("Unsqueeze", places, graph.constant(np.array([0])))
    distance = graph.node("Sub", there, here)
    distance = graph.node("Add", distance, graph.constant(longest - 1))
    bias = graph.node("Gather", graph.constant(network.relative), distance)
    bias = graph.node("Transpose", bias, perm=[2, 0, 1])
    return graph.node("Unsqueeze", bias, graph.constant(np.array([0])))


def _block(graph: _Graph, x: str, block: Block, bias: str, network: Network) -> str:
    parts = (block.query, block.key, block.value)
    query, key, value = _multiply(graph, x, [part.weight for part in parts])
    biases = graph.constant(np.concatenate([part.bias for part in parts]))
    # Inputs of the operator: query, key, value, bias, key_padding_mask, attention_bias.
    attended = graph.node(
        "MultiHeadAttention", query, key, value, biases, "mask", *([bias] if bias else []),
        domain=CONTRIB, num_heads=network.heads,
    )  # fmt: skip
    (output,) = _multiply(graph, attended, [block.output.weight])
    x = _add_norm(graph, output, x, block.output.bias, block.attention_norm, network)
    (up,) = _multiply(graph, x, [block.up.weight])
    up = graph.node("BiasGelu", up, graph.constant(block.up.bias), domain=CONTRIB)
    (down,) = _multiply(graph, up, [block.down.weight])
    return _add_norm(graph, down, x, block.down.bias, block.norm, network)


def _norm(graph: _Graph, x: str, norm: Norm, network: Network) -> str:
    scale, shift = graph.constant(norm.scale), graph.constant(norm.shift)
    return graph.node("LayerNormalization", x, scale, shift, epsilon=network.epsilon)


def _add_norm(graph: _Graph, x: str, skip: str, bias: Floats, norm: Norm, network: Network) -> str:
    return graph.node(
        "SkipLayerNormalization",
        x, skip, graph.constant(norm.scale), graph.constant(norm.shift), graph.constant(bias),
        domain=CONTRIB, epsilon=network.epsilon,
    )  # fmt: skip


def _multiply(graph: _Graph, x: str, weights: list[Floats]) -> list[str]:
    """`x` times each of the weights."""
    graph.dense_inputs.append(x)
    if graph.largest is None:
        return [graph.node("MatMul", x, graph.constant(weight)) for weight in weights]
    return _multiply_integers(graph, x, weights, graph.largest[len(graph.dense_inputs) - 1])


def _multiply_integers(
    graph: _Graph, x: str, weights: list[Floats], largest_of_channels: Floats
) -> list[str]:
    """The same in integers; the channels that become largest are spread over several inputs."""
    copies = copies_of(largest_of_channels)
    more = np.repeat(np.arange(len(copies)), copies - 1)
    x = graph.node("Mul", x, graph.constant((1 / copies).astype(np.float32)))
    x = graph.node("Concat", x, graph.node("Gather", x, graph.constant(more), axis=2), axis=2)
    # One scale a token: its largest number becomes 127.
    largest = graph.node(
        "ReduceMax", graph.node("Abs", x), graph.constant(np.array([-1])), keepdims=1
    )
    scale = graph.node("Mul", largest, graph.constant(np.float32(1 / 127)))
    # A token of zeros has the scale 0, and stays zero.
    divisor = graph.node("Max", scale, graph.constant(np.float32(1e-30)))
    one, zero = graph.constant(np.float32(1)), graph.constant(np.uint8(128))
    integers = graph.node("QuantizeLinear", graph.node("Div", x, divisor), one, zero)
    products = []
    for weight in weights:
        integral, scales = quantised(np.concatenate([weight, weight[more]]))
        # Without a zero of their own, weights have it at 0.
        own_zero = [] if graph.signed else [zero]
        product = graph.node(
            "MatMulIntegerToFloat",
            integers,
            graph.constant(integral if graph.signed else unsigned(integral)),
            one,
            graph.constant(scales),
            zero,
            *own_zero,
            domain=CONTRIB,
        )
        products.append(graph.node("Mul", product, scale))
    return products


def _pooled(graph: _Graph, x: str, pooling: str) -> str:
    if pooling == "cls":
        return graph.node("Gather", x, graph.constant(0), axis=1)
    tokens = graph.constant(np.array([1]))
    mask = graph.node("Unsqueeze", "mask", graph.constant(np.array([2])))
    if pooling == "max":
        real = graph.node("Cast", mask, to=9)  # bool
        x = graph.node("Where", real, x, graph.constant(np.float32(-np.inf)))
        return graph.node("ReduceMax", x, tokens, keepdims=0)
    # Unit vectors: the sum has the direction of the mean.
    x = graph.node("Mul", x, graph.node("Cast", mask, to=1))  # float
    return graph.node("ReduceSum", x, tokens, keepdims=0)
