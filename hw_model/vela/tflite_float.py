"""A trained chain of blocks as a float .tflite file, which LiteRT runs and quantisers take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from ethosu.vela.tflite.Model import Model

from hw_model.blocks import Block, check_chain
from hw_model.operators import Operator
from hw_model.vela.tflite_graph import Constant, Scale, weights_shape, write_network


class Weights(NamedTuple):
    """Of one convolution, normalisation folded in."""

    kernel: np.ndarray
    """float32, of a conv [k, k, in, out], of a depthwise [k, k, channels]."""
    bias: np.ndarray
    """float32 [out]."""


def write_float_tflite(blocks: Sequence[Block], weights: Sequence[Weights]) -> bytes:
    """The chain as the bytes of a .tflite file: one float32 tensor [1, H, W, C] in, one out.

    weights: of each operator that has some, in the order of `hw_model.operators.chain_operators`.
    Raises HardwareInputError when a block is not allowed or does not fit the one before it, ValueError for weights that
    are not those of the chain.
    """
    check_chain(blocks)
    numbers = _Given(iter(weights))
    content = write_network(blocks, numbers)
    if (left := len(list(numbers.weights))) > 0:
        raise ValueError(f"{left} of {len(weights)} weights belong to no operator")
    return content


def activations(content: bytes) -> dict[str, int]:
    """The tensors of such a file that it computes, its input among them: number by name."""
    graph: Any = Model.GetRootAs(content).Subgraphs(0)
    tensors = [graph.Tensors(number) for number in range(graph.TensorsLength())]
    return {tensor.Name().decode(): number for number, tensor in enumerate(tensors) if tensor.Buffer() == 0}


class _Given:
    """Float weights in the order of the operators."""

    dtype = "float32"
    signature = True

    def __init__(self, weights: Iterator[Weights]):
        self.weights = weights

    def input_scale(self) -> None:
        return None

    def start(self, block: Block) -> None:
        """All blocks are alike."""

    def output_scale(self, operator: Operator, scale: Scale | None) -> None:
        return None

    def parameters(self, operator: Operator, scale: Scale | None) -> tuple[Constant, Constant]:
        found = next(self.weights, None)
        wanted = (operator.kernel, operator.kernel, operator.in_channels)
        wanted = wanted if operator.kind == "depthwise" else (*wanted, operator.out_channels)
        if found is None or found.kernel.shape != wanted or found.bias.shape != (operator.out_channels,):
            shapes = "none" if found is None else f"{found.kernel.shape} and {found.bias.shape}"
            raise ValueError(f"weights of a {operator.kind} are {shapes}; needed: {wanted} and the outputs")
        kernel = found.kernel if operator.kind == "depthwise" else found.kernel.transpose(3, 0, 1, 2)
        kernel = kernel.astype(np.float32).reshape(weights_shape(operator))
        return Constant(kernel), Constant(found.bias.astype(np.float32))
