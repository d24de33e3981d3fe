"""A workload's blocks as arrays of operators: the vectorised counterpart of hw_model.operators.

Each block has three places for operators: the expansion (ibn, fused_ibn), the depthwise (ibn), and the last one, which
is the projection or the only operator of any other block, together with the residual addition behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from hw_model.blocks import BLOCK_KINDS, Block
from hw_model.operators import block_operators
from hw_model.rounding import round_up
from hw_model.workload import Workload

PLACES = 3
OPERATOR_KINDS = ("conv", "depthwise", "max_pool", "mean", "resize")
_CONV, _DEPTHWISE = 0, 1


class OperatorArrays(NamedTuple):
    """Operators of a workload; every field has the shape [..., L, 3], numbers as float32.

    kind: int32 index into OPERATOR_KINDS.  height, width: output size.  in_height, in_width: input size.
    adds: a residual addition follows.  held_bytes: the block's input, kept for the addition while this runs.
    mask: there is an operator.
    """

    kind: Array
    in_height: Array
    in_width: Array
    height: Array
    width: Array
    in_channels: Array
    out_channels: Array
    kernel: Array
    stride: Array
    relu6: Array
    adds: Array
    held_bytes: Array
    mask: Array

    @property
    def weights(self) -> Array:
        """Weights, biases apart."""
        convolution = self.kernel**2 * self.in_channels * self.out_channels
        depthwise = self.kernel**2 * self.in_channels
        weights = jnp.where(self.kind == _CONV, convolution, jnp.where(self.kind == _DEPTHWISE, depthwise, 0.0))
        return jnp.where(self.mask, weights, 0.0)

    @property
    def param_bytes(self) -> Array:
        """Int8 weights and int32 biases."""
        return self.weights + jnp.where(self.mask & (self.kind <= _DEPTHWISE), 4.0 * self.out_channels, 0.0)

    @property
    def macs(self) -> Array:
        """Multiply-accumulates."""
        return self.weights * self.height * self.width


def operator_arrays(workload: Workload) -> OperatorArrays:
    """The operators of every block of a workload [..., L]."""
    kind = jnp.asarray(workload.kind)
    is_ibn, is_fused = kind == BLOCK_KINDS.index("ibn"), kind == BLOCK_KINDS.index("fused_ibn")
    is_global, is_upsample = kind == BLOCK_KINDS.index("global_pool"), kind == BLOCK_KINDS.index("upsample")
    expands = is_fused | (is_ibn & (workload.expansion > 1))
    compound = is_ibn | is_fused
    height, width, stride, kernel, inputs, outputs = (
        jnp.asarray(value, jnp.float32)
        for value in (
            workload.height,
            workload.width,
            workload.stride,
            workload.kernel,
            workload.in_channels,
            workload.out_channels,
        )
    )
    hidden = inputs * workload.expansion

    def shrunk(size: Array) -> Array:
        return jnp.where(is_global, 1.0, jnp.where(is_upsample, size * stride, round_up(size, stride) / stride))

    out_height, out_width = shrunk(height), shrunk(width)
    middle_height, middle_width = jnp.where(is_fused, out_height, height), jnp.where(is_fused, out_width, width)
    one, true = jnp.ones_like(height), jnp.ones_like(is_ibn)
    last_kind = jnp.asarray([0, 1, 0, 0, 2, 3, 4])[kind]  # in the order of BLOCK_KINDS

    def places(expand: Array, depthwise: Array, last: Array) -> Array:
        return jnp.stack([expand, depthwise, last], axis=-1)

    held = jnp.where(workload.residual, height * width * round_up(inputs, 16), 0.0)
    first_is_depthwise = is_ibn & ~expands
    return OperatorArrays(
        kind=places(jnp.zeros_like(last_kind), jnp.full_like(last_kind, _DEPTHWISE), last_kind),
        in_height=places(height, height, jnp.where(compound, out_height, height)),
        in_width=places(width, width, jnp.where(compound, out_width, width)),
        height=places(middle_height, out_height, out_height),
        width=places(middle_width, out_width, out_width),
        in_channels=places(inputs, hidden, jnp.where(compound, hidden, inputs)),
        out_channels=places(hidden, hidden, outputs),
        kernel=places(
            jnp.where(is_fused, kernel, one), kernel, jnp.where(compound | is_global | is_upsample, 1, kernel)
        ),
        stride=places(jnp.where(is_fused, stride, one), stride, jnp.where(compound | is_global, one, stride)),
        relu6=places(true, true, workload.activation & ~compound & (last_kind <= _DEPTHWISE)),
        adds=places(~true, ~true, jnp.asarray(workload.residual)),
        # the first operator reads the block's input anyhow
        held_bytes=places(0 * held, jnp.where(first_is_depthwise, 0.0, held), jnp.where(compound, held, 0.0)),
        mask=places(expands, is_ibn, true) & jnp.asarray(workload.mask)[..., None],
    )


def operator_places(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """(block, place) of each operator of chain_operators(blocks); an addition shares the place it follows."""
    found = []
    for position, block in enumerate(blocks):
        for operator in block_operators(block):
            if block.kind == "ibn" and operator.kind == "depthwise":
                place = 1
            elif block.kind in ("ibn", "fused_ibn") and operator.relu6:
                place = 0
            else:
                place = 2
            found.append((position, place))
    return found
