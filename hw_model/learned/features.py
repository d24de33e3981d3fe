"""What the estimator knows of an operator and of its neighbours: sizes, tile quantisation and roofline times.

The features are functions of a workload in JAX, so jit, vmap and grad work through them; see hw_model.rounding for the
gradient of rounding up to tiles.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from hw_model.operator_arrays import OPERATOR_KINDS, OperatorArrays
from hw_model.rounding import round_up

CHANNEL_TILES = (4, 8, 16, 32, 64)
SPATIAL_TILES = (2, 4, 8, 16)
# bytes, so that logarithms of ratios stay small where hardly anything is moved
TRAFFIC_FLOOR, OFF_CHIP_FLOOR = 256.0, 64.0


def _log(value: Array) -> Array:
    return jnp.log2(value + 1.0)


def roofline_cycles(operators: OperatorArrays, macs_per_cycle: Array | float) -> Array:
    """A first guess of an operator's cycles [..., L, 3]: tile-rounded arithmetic or feature-map traffic.

    Only the scale of the estimate: the estimator learns what multiplies it.
    """
    is_conv = operators.kind == 0
    depth = jnp.where(is_conv, round_up(operators.in_channels, 8), 4.0)
    window = jnp.where(operators.kind <= 2, operators.taps, 1.0)
    outputs = round_up(operators.height, 2) * round_up(operators.width, 2) * round_up(operators.out_channels, 8)
    arithmetic = outputs * window * depth / macs_per_cycle
    traffic = (_input_bytes(operators) + _output_bytes(operators) * (1.0 + operators.adds)) / 16.0
    weights = operators.weights / 16.0
    return jnp.maximum(jnp.maximum(arithmetic, traffic), weights) + 100.0


def _input_bytes(operators: OperatorArrays) -> Array:
    return operators.in_height * operators.in_width * round_up(operators.in_channels, 16)


def _output_bytes(operators: OperatorArrays) -> Array:
    return operators.height * operators.width * round_up(operators.out_channels, 16)


def live_bytes(operators: OperatorArrays) -> Array:
    """Input, output and held tensors together [..., L, 3], channels padded to sixteen as in the blocked layout."""
    return _input_bytes(operators) + _output_bytes(operators) + operators.held_bytes


def sram_traffic_guess(operators: OperatorArrays) -> Array:
    """Bytes of reading the input and the weights once and writing the output once [..., L, 3]."""
    moved = _input_bytes(operators) + _output_bytes(operators) * (1.0 + 2.0 * operators.adds)
    return moved + operators.param_bytes + TRAFFIC_FLOOR


def off_chip_guess(operators: OperatorArrays) -> Array:
    """Bytes of reading the parameters once, and a tenth of the feature maps [..., L, 3]."""
    return operators.param_bytes + 0.1 * (_input_bytes(operators) + _output_bytes(operators)) + OFF_CHIP_FLOOR


class Machine(NamedTuple):
    """What the features know of the accelerator."""

    macs_per_cycle: Array | float
    """MACs."""
    sram_limit: Array | float
    """SRAM in bytes that the compiler plans with."""


def operator_features(operators: OperatorArrays, machine: Machine) -> Array:
    """Features of each operator by itself [..., L, 3, F]."""
    kinds = [(operators.kind == kind).astype(jnp.float32) for kind in range(len(OPERATOR_KINDS))]
    flags = [
        (operators.kernel == 1).astype(jnp.float32),
        (operators.kernel >= 5).astype(jnp.float32),
        (operators.stride == 2).astype(jnp.float32),
        operators.relu6.astype(jnp.float32),
        operators.adds.astype(jnp.float32),
        (operators.held_bytes > 0).astype(jnp.float32),
    ]
    sizes = [
        _log(operators.height * operators.width),
        _log(operators.width),
        _log(operators.in_channels),
        _log(operators.out_channels),
        _log(operators.taps * operators.in_channels),
        _log(operators.macs),
        _log(operators.weights),
        _log(_input_bytes(operators)),
        _log(_output_bytes(operators)),
        _log(operators.held_bytes),
        _log(live_bytes(operators)),
        _log(roofline_cycles(operators, machine.macs_per_cycle)),
    ]
    # the share of a tile row that is filled, 1 for an aligned size
    filled = [operators.in_channels / round_up(operators.in_channels, tile) for tile in CHANNEL_TILES]
    filled += [operators.out_channels / round_up(operators.out_channels, tile) for tile in CHANNEL_TILES]
    filled += [operators.height / round_up(operators.height, tile) for tile in SPATIAL_TILES]
    filled += [operators.width / round_up(operators.width, tile) for tile in SPATIAL_TILES]
    filled += _sram_share(operators, machine)
    counts = [_log(round_up(operators.in_channels, 32) / 32), _log(round_up(operators.out_channels, 16) / 16)]
    return jnp.stack([*kinds, *flags, *sizes, *filled, *counts], axis=-1)


INPUT_BYTES = len(OPERATOR_KINDS) + 13
"""Place of the input's size among them."""


def _sram_share(operators: OperatorArrays, machine: Machine) -> list[Array]:
    """How much of the SRAM the live tensors would fill, up to twice, and whether they fit at all."""
    share = live_bytes(operators) / machine.sram_limit
    return [jnp.minimum(share, 2.0), (share > 1.0).astype(jnp.float32)]


def neighbour_features(operators: OperatorArrays, machine: Machine) -> Array:
    """What an operator's neighbours need to know of it [..., L, 3, G]; the first one says that it is there."""
    there = operators.mask.astype(jnp.float32)
    known = [
        jnp.ones_like(there),
        (operators.kind == 0).astype(jnp.float32),
        (operators.kind == 1).astype(jnp.float32),
        (operators.kernel == 1).astype(jnp.float32),
        operators.adds.astype(jnp.float32),
        _log(operators.weights),
        _log(operators.macs),
        _log(roofline_cycles(operators, machine.macs_per_cycle)),
        _log(_input_bytes(operators)),
        _log(_output_bytes(operators)),
        _log(live_bytes(operators)),
        *_sram_share(operators, machine),
    ]
    return jnp.stack(known, axis=-1) * there[..., None]


NEIGHBOUR_FEATURES = 13
"""How many neighbour_features gives."""


def with_neighbours(own: Array, shared: Array, mask: Array) -> Array:
    """Features in context [..., L, 3, F + 2G]: an operator's own, its predecessor's and its successor's shared ones.

    mask: [..., L, 3].  The blocks must lie without gaps between them (workload.close_gaps).
    """
    # predecessor: within the block, or the last operator (place 2) of the block before
    before = jnp.concatenate([jnp.zeros_like(shared[..., :1, 2, :]), shared[..., :-1, 2, :]], axis=-2)
    first = jnp.where(
        mask[..., 0:1], shared[..., 0, :], jnp.where(mask[..., 1:2], shared[..., 1, :], shared[..., 2, :])
    )
    after = jnp.concatenate([first[..., 1:, :], jnp.zeros_like(first[..., :1, :])], axis=-2)
    previous = jnp.stack(
        [
            before,
            jnp.where(mask[..., 0:1], shared[..., 0, :], before),
            jnp.where(mask[..., 1:2], shared[..., 1, :], jnp.where(mask[..., 0:1], shared[..., 0, :], before)),
        ],
        axis=-2,
    )
    following = jnp.stack(
        [
            jnp.where(mask[..., 1:2], shared[..., 1, :], shared[..., 2, :]),
            shared[..., 2, :],
            after,
        ],
        axis=-2,
    )
    return jnp.concatenate([own, previous, following], axis=-1)
