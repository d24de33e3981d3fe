"""A workload's or a network's blocks as arrays of operators: the vectorised counterpart of hw_model.operators.

Each block has three places for operators.  The last of its kind's parts stands at the last place, together with what
takes the block's input behind it (a residual addition); the others stand at the first places.  What joins or reshapes
tensors before them is counted with the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from hw_model.blocks import NETWORK_INPUT, Block, added, outputs, read, sources
from hw_model.kinds import KINDS, MOST_PARTS, TWO_INPUTS, Kind, Part
from hw_model.operators import block_operators
from hw_model.rounding import round_up
from hw_model.workload import Workload

PLACES = MOST_PARTS
OPERATOR_KINDS = ("conv", "depthwise", "max_pool", "mean", "resize")
_ALIKE = {"avg_pool": "max_pool", "dense": "conv"}
"""What other operators are to arrays: a pool slides the same window, a dense layer is a convolution of one pixel."""
_CONV, _DEPTHWISE = 0, 1
_MEAN, _RESIZE = OPERATOR_KINDS.index("mean"), OPERATOR_KINDS.index("resize")


def operator_index(operator: str) -> int:
    """How arrays hold the operator: its own place in OPERATOR_KINDS, or that of the one it is like."""
    return OPERATOR_KINDS.index(_ALIKE.get(operator, operator))


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
    """Height or width of the window, whichever is more."""
    taps: Array
    """Height x width of the window."""
    stride: Array
    """Of the window, the larger of both; for "resize" the factor of enlargement."""
    relu6: Array
    """bool: ReLU6 is fused into the operator."""
    adds: Array
    """bool: an addition or a product follows."""
    result_pixels: Array
    """Height x width of what stands here in the end: of the output, or of what follows it."""
    held_bytes: Array
    """What is kept while this runs besides its input and output: for an addition, or for a later block.  Channels are
    padded to sixteen here whatever the accelerator pads its feature maps to."""
    waiting_bytes: Array
    """What waits meanwhile for the network's other outputs: tensors that they are made of, and those that are there."""
    mask: Array
    """bool: there is an operator."""

    @property
    def weights(self) -> Array:
        """Weights, biases apart."""
        convolution = self.taps * self.in_channels * self.out_channels
        depthwise = self.taps * self.in_channels
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
    operator = known(lambda part: operator_index(part.operator))
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
    meets, is_last = _meets_input()[kind], jnp.arange(PLACES) == PLACES - 1
    adds = jnp.asarray(workload.residual) | meets
    held = jnp.where(adds, height * width * round_up(inputs, 16), 0.0)
    # the first operator reads the block's input anyhow
    is_later = jnp.stack([there[..., :place].any(-1) for place in range(PLACES)], axis=-1)
    activation = jnp.asarray(workload.activation)[..., None]
    kernels = jnp.where(known(lambda part: part.window), kernel[..., None], 1.0)
    return OperatorArrays(
        kind=operator,
        in_height=in_height,
        in_width=in_width,
        height=out_height,
        width=out_width,
        in_channels=channels(lambda part: part.inputs),
        out_channels=channels(lambda part: part.outputs),
        kernel=kernels,
        taps=kernels**2,
        stride=strides,
        relu6=known(lambda part: part.relu6 is True) | (known(lambda part: part.relu6 == "block") & activation),
        adds=adds[..., None] & is_last,
        result_pixels=jnp.where(meets[..., None] & is_last, (height * width)[..., None], out_height * out_width),
        held_bytes=jnp.where(is_later, held[..., None], 0.0),
        # a chain has one output
        waiting_bytes=jnp.zeros_like(out_height),
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
    """(block, place) of each operator of chain_operators(blocks).

    An addition shares the place it follows, a "concat" or "reshape" the place it comes before.
    """
    found = []
    for position, block in enumerate(blocks):
        kind = KINDS[block.kind]
        standing = [
            place
            for place, part in enumerate(_parts_by_place(kind))
            if part is not _NOTHING and (block.expands or not part.optional)
        ]
        operators = block_operators(block)
        before = sum(operator.kind in BEFORE for operator in operators)
        after = len(operators) - before - len(standing)
        found += [(position, place) for place in [*standing[:1] * before, *standing, *[PLACES - 1] * after]]
    return found


BEFORE = ("concat", "reshape")
"""Operators that only arrange a block's input."""


def graph_arrays(blocks: Sequence[Block], length: int) -> OperatorArrays:
    """The operators of one network as NumPy arrays [1, length, 3], whatever its blocks take and add.

    Of a chain they are those of `operator_arrays`.  Tensors that later blocks take or add are held while others run.
    """
    shape = (1, length, PLACES)
    arrays = {name: np.ones(shape, np.float32) for name in OperatorArrays._fields}
    arrays |= {name: np.zeros(shape, np.float32) for name in ("held_bytes", "waiting_bytes")}
    arrays |= {"kind": np.zeros(shape, np.int32)}
    arrays |= {name: np.zeros(shape, bool) for name in ("relu6", "adds", "mask")}
    held, waiting = _held_across(blocks)
    places = iter(operator_places(blocks))
    for position, block in enumerate(blocks):
        own = KINDS[block.kind].meets_input or block.residual
        kept = _tensor_bytes(block.height, block.width, block.in_channels)
        first = True
        for operator in block_operators(block):
            at = (0, *next(places))
            if operator.kind in TWO_INPUTS:
                arrays["adds"][at] = True
                arrays["result_pixels"][at] = operator.out_height * operator.out_width
                arrays["relu6"][at] |= operator.relu6
            elif operator.kind not in BEFORE:
                values = {
                    "kind": operator_index(operator.kind),
                    "in_height": operator.height,
                    "in_width": operator.width,
                    "height": operator.out_height,
                    "width": operator.out_width,
                    "result_pixels": operator.out_height * operator.out_width,
                    "in_channels": operator.in_channels,
                    "out_channels": operator.out_channels,
                    "kernel": max(operator.window),
                    "taps": operator.window[0] * operator.window[1],
                    "stride": max(operator.strides),
                    "relu6": operator.relu6,
                    "held_bytes": held[position][not first] + kept * (own and not first),
                    "waiting_bytes": waiting[position][not first],
                    "mask": True,
                }
                for name, value in values.items():
                    arrays[name][at] = value
                first = False
    return OperatorArrays(**arrays)  # pyright: ignore[reportArgumentType]


def _held_across(blocks: Sequence[Block]) -> tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]]:
    """Bytes of other tensors that are kept while a block's first operator runs, and while its later ones do: those that
    the same output of the network needs, and those that wait for its other outputs."""
    first = blocks[0]
    sizes = {NETWORK_INPUT: _tensor_bytes(first.height, first.width, first.in_channels)}
    sizes |= {p: _tensor_bytes(b.out_height, b.out_width, b.out_channels) for p, b in enumerate(blocks)}
    # these leave as they are, without padding
    sizes |= {p: blocks[p].out_height * blocks[p].out_width * blocks[p].out_channels for p in outputs(blocks)}
    runs = _runs(blocks)
    there, held, waiting = [NETWORK_INPUT], {}, {}
    for turn, run in enumerate(runs):
        elsewhere = {q for other in runs[turn + 1 :] for p in other for q in read(blocks[p], p)} | {*outputs(blocks)}
        for place, position in enumerate(run):
            block, taken, other = blocks[position], sources(blocks[position], position), added(blocks[position])
            later = {q for p in run[place + 1 :] for q in read(blocks[p], p)}
            needed = [q for q in there if q in later or q == other]
            # what a residual adds is counted by itself
            own = block.residual or KINDS[block.kind].meets_input
            for kept, tensors in ((held, needed), (waiting, [q for q in there if q in elsewhere and q not in needed])):
                aside = sum(sizes[q] for q in tensors if q not in taken)
                kept[position] = aside, aside if own else sum(sizes[q] for q in tensors)
            there.append(position)
    return held, waiting


def _runs(blocks: Sequence[Block]) -> list[list[int]]:
    """Positions of blocks in the order that Vela runs them: what the last output needs, then the rest of the others."""
    runs, found = [], set[int]()
    for output in reversed(outputs(blocks)):
        run, wanted = set[int](), {output}
        while wanted:
            run |= wanted
            wanted = {q for p in wanted for q in read(blocks[p], p)} - found - run - {NETWORK_INPUT}
        found |= run
        runs.append(sorted(run))
    return runs


def _tensor_bytes(height: int, width: int, channels: int) -> int:
    """With channels padded to sixteen, as in the blocked layout of Ethos-U."""
    return height * width * (-(-channels // 16) * 16)
