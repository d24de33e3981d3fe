"""A workload's blocks as arrays of operators: the vectorised counterpart of hw_model.operators.

Each block has three places for operators.  The last of its kind's parts stands at the last place, together with what
takes the block's input behind it (a residual addition); the others stand at the first places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from hw_model.blocks import Block
from hw_model.kinds import KINDS, MOST_PARTS, Kind, Part
from hw_model.rounding import round_up
from hw_model.workload import Workload

PLACES = MOST_PARTS
OPERATOR_KINDS = ("conv", "depthwise", "max_pool", "mean", "resize")
_CONV, _DEPTHWISE = 0, 1
_MEAN, _RESIZE = OPERATOR_KINDS.index("mean"), OPERATOR_KINDS.index("resize")


class OperatorArrays(NamedTuple):
    """Operators of a workload; every field has the shape [..., L, 3], numbers as float32."""

    kind: Array
    """int32 index into OPERATOR_KINDS."""
    in_height: Array
    """Of the input, in pixels."""
    in_width: Array
    """Of the input, in pixels."""
    height: Array
    """Of the output, in pixels."""
    width: Array
    """Of the output, in pixels."""
    in_channels: Array
    """Of the input."""
    out_channels: Array
    """Of the output."""
    kernel: Array
    """Height and width of the window."""
    stride: Array
    """Of the window; for "resize" the factor of enlargement."""
    relu6: Array
    """bool: ReLU6 is fused into the operator."""
    adds: Array
    """bool: a residual addition follows."""
    held_bytes: Array
    """The block's input, kept for the addition while this runs."""
    mask: Array
    """bool: there is an operator."""

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
    kind, mask = jnp.asarray(workload.kind), jnp.asarray(workload.mask)
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

    def known(value: Callable[[Part], int | bool]) -> Array:
        """Of the part at each place [..., L, 3]."""
        return _by_kind_and_place(value)[kind]

    def channels(name: Callable[[Part], str]) -> Array:
        is_in, is_hidden = known(lambda part: name(part) == "in"), known(lambda part: name(part) == "hidden")
        return jnp.where(is_in, inputs[..., None], jnp.where(is_hidden, hidden[..., None], outputs[..., None]))

    there = known(lambda part: part is not _NOTHING) & mask[..., None]
    there &= ~known(lambda part: part.optional) | (jnp.asarray(workload.expansion) > 1)[..., None]
    operator = known(lambda part: OPERATOR_KINDS.index(part.operator))
    strides = jnp.where(known(lambda part: part.strided), stride[..., None], 1.0)

    def sizes(size: Array) -> tuple[Array, Array]:
        """Input and output pixels along one axis at each place."""
        walked = [size]
        for place in range(PLACES):
            step, is_resize = strides[..., place], operator[..., place] == _RESIZE
            after = jnp.where(is_resize, size * step, round_up(size, step) / step)
            after = jnp.where(operator[..., place] == _MEAN, 1.0, after)
            size = jnp.where(there[..., place], after, size)
            walked.append(size)
        return jnp.stack(walked[:-1], axis=-1), jnp.stack(walked[1:], axis=-1)

    in_height, out_height = sizes(height)
    in_width, out_width = sizes(width)
    adds = jnp.asarray(workload.residual) | _meets_input()[kind]
    held = jnp.where(adds, height * width * round_up(inputs, 16), 0.0)
    # the first operator reads the block's input anyhow
    is_later = jnp.stack([there[..., :place].any(-1) for place in range(PLACES)], axis=-1)
    activation = jnp.asarray(workload.activation)[..., None]
    return OperatorArrays(
        kind=operator,
        in_height=in_height,
        in_width=in_width,
        height=out_height,
        width=out_width,
        in_channels=channels(lambda part: part.inputs),
        out_channels=channels(lambda part: part.outputs),
        kernel=jnp.where(known(lambda part: part.window), kernel[..., None], 1.0),
        stride=strides,
        relu6=known(lambda part: part.relu6 is True) | (known(lambda part: part.relu6 == "block") & activation),
        adds=adds[..., None] & (jnp.arange(PLACES) == PLACES - 1),
        held_bytes=jnp.where(is_later, held[..., None], 0.0),
        mask=there,
    )


_NOTHING = Part("conv")
"""Stands where a kind has no part, with harmless sizes, so that no logarithm or division meets a zero."""


def _by_kind_and_place(value: Callable[[Part], int | bool]) -> Array:
    return jnp.asarray(np.array([[value(part) for part in _parts_by_place(kind)] for kind in KINDS.values()]))


def _meets_input() -> Array:
    return jnp.asarray(np.array([kind.meets_input for kind in KINDS.values()]))


def _parts_by_place(kind: Kind) -> list[Part]:
    *first, last = kind.own_parts
    return [*first, *[_NOTHING] * (PLACES - 1 - len(first)), last]


def operator_places(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """(block, place) of each operator of chain_operators(blocks); an addition shares the place it follows."""
    found = []
    for position, block in enumerate(blocks):
        kind = KINDS[block.kind]
        for place, part in enumerate(_parts_by_place(kind)):
            if part is not _NOTHING and (block.expansion > 1 or not part.optional):
                found.append((position, place))
        found += [(position, PLACES - 1)] * (kind.meets_input + block.residual)
    return found
