"""Blocks as an int8 .tflite file with drawn weights, for the compiler to cost.

Weights are drawn from a fixed distribution, because Vela compresses them and their spread decides the traffic:
a normal of standard deviation 32 (four of them fill int8, as quantising by the largest of some 10^4 trained weights
does), in 256 equally likely steps.  The draw is seeded by the block's content, so a block has the same weights wherever
it stands and on whatever machine.  `hw_model.vela.weights` has other distributions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, replace
from statistics import NormalDist

import numpy as np

from hw_model.blocks import Block, GraphBlock
from hw_model.operators import Operator
from hw_model.vela.tflite_graph import Constant, Scale, weights_shape, write_network

WRITER_VERSION = 1
"""Raised whenever the bytes written for a block change, since measurements are keyed by it."""

WEIGHT_STD = 32.0
NORMAL_STEPS = np.array([round(NormalDist(0, WEIGHT_STD).inv_cdf((step + 0.5) / 256)) for step in range(256)], np.int8)
"""The default distribution: 256 equally likely values."""
_WEIGHT_SCALE = 0.01
_LINEAR: Scale = (0.05, 0)  # of a linear output
_RELU6: Scale = (6 / 255, -128)  # of an output in 0 to 6


def write_tflite(blocks: Sequence[Block], steps: np.ndarray = NORMAL_STEPS) -> bytes:
    """The network as the bytes of a .tflite file: one int8 tensor [1, H, W, C] in, one out for each block none takes.

    steps: int8[256], equally likely values of the weights.  Raises HardwareInputError when a block is not allowed or
    does not fit those that it takes.
    """
    return write_network(blocks, _Drawn(steps))


class _Drawn:
    """Int8 weights drawn by the content of their block, and fixed scales."""

    dtype = "int8"
    signature = False

    def __init__(self, steps: np.ndarray) -> None:
        self._steps = steps

    def input_scale(self) -> Scale:
        return _LINEAR

    def start(self, block: Block) -> None:
        if isinstance(block, GraphBlock):  # wherever it stands
            block = replace(block, takes=(), adds=None)
        seed = int.from_bytes(hashlib.sha256(repr(astuple(block)).encode()).digest()[:8], "little")
        self._generator = np.random.default_rng(seed)

    def output_scale(self, operator: Operator, scale: Scale | None) -> Scale | None:
        if operator.kind in ("max_pool", "avg_pool", "mean", "resize", "reshape", "concat"):
            return scale  # these do not rescale
        return _RELU6 if operator.relu6 else _LINEAR

    def parameters(self, operator: Operator, scale: Scale | None) -> tuple[Constant, Constant]:
        assert scale is not None
        steps = np.frombuffer(self._generator.bytes(operator.weights), np.uint8)
        weights = self._steps[steps].reshape(weights_shape(operator))
        bias = np.zeros(operator.biases, np.int32)
        return Constant(weights, (_WEIGHT_SCALE, 0)), Constant(bias, (scale[0] * _WEIGHT_SCALE, 0))
