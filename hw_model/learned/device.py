"""The machine at hand as an accelerator: blocks timed with XLA on whatever device JAX runs on.

Every operator is timed by itself and the network as a whole; the operators' times are scaled so that they add up to the
whole network's, which is what it costs.  So the estimator learns from a CPU or GPU as it does from a compiler's report.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from hw_model.blocks import Block, check_chain
from hw_model.kinds import TWO_INPUTS
from hw_model.operators import Operator, OperatorReport, block_operators, chain_operators
from hw_model.processor import cpu_model, usable_threads

THIS_DEVICE = "this-device"
"""What commands take for the device that JAX computes on."""
_REPETITIONS = 15
_PROBE_SIDE, _PROBE_CHANNELS, _PROBES = 48, 32, 5
_DIMENSIONS = ("NHWC", "HWIO", "NHWC")
_TIMING_VERSION = 2
"""Raise it when a change to what is timed makes times differ."""
Weights = tuple[Array | None, ...]
"""Of each operator; None of those without."""


@dataclass(frozen=True)
class Device:
    """The device that JAX computes on, in the terms of hw_model.vela.accelerators.Target.

    A cycle is a nanosecond here; macs_per_cycle only sets the scale of the estimator's first guess.  There is no SRAM
    to plan with, so peaks are those of the live tensors in float32.
    """

    kind: str
    """As JAX calls it; of a CPU, which JAX calls "cpu" whatever it is, its model and the threads that may be used."""
    jax_version: str = jax.__version__
    """Times are those of its code."""
    macs_per_cycle: int = 16
    """Of no meaning but that scale."""
    clock_hz: float = 1e9
    """Nanoseconds to seconds."""
    arena_cache_bytes: int = 1 << 40
    """More than any network needs."""
    memory_mode: str = "Sram_Only"
    """Parameters are not read from anywhere else."""

    @property
    def name(self) -> str:
        """Such as "device-cpu"."""
        return f"device-{jax.default_backend()}"

    @property
    def key(self) -> str:
        """Everything a measurement depends on, as text; the machine's own name is no part of it."""
        return f"{self.name}|{self.kind}|jax {self.jax_version}|float32|batch 1|timing {_TIMING_VERSION}"


def current_device() -> Device:
    """The device JAX computes on."""
    kind = jax.devices()[0].device_kind
    return Device(kind=f"{cpu_model()}, {usable_threads()} threads" if kind == "cpu" else kind)


def unsteadiness() -> float:
    """By how much the times of one small convolution differ from turn to turn, over their median.

    Some per cent on a machine that does nothing else; where it is much more, what is timed is the other work.
    """
    block = Block("conv", _PROBE_SIDE, _PROBE_SIDE, _PROBE_CHANNELS, _PROBE_CHANNELS)
    image = jnp.ones((1, _PROBE_SIDE, _PROBE_SIDE, _PROBE_CHANNELS), jnp.float32)
    function, weights = jax.jit(functools.partial(_network, (block,))), _weights(block_operators(block))
    times = [_median_ns(function, weights, image) for _ in range(_PROBES)]
    return (max(times) - min(times)) / statistics.median(times)


def time_blocks(blocks: Sequence[Block]) -> OperatorReport:
    """Time a chain of blocks in float32 at batch size one: warmed up, synchronised, the median of repetitions.

    The profile's cycles are nanoseconds.  Raises HardwareInputError when a block is not allowed.
    """
    check_chain(blocks)
    image = jnp.ones((1, blocks[0].height, blocks[0].width, blocks[0].in_channels), jnp.float32)
    whole = _median_ns(jax.jit(functools.partial(_network, tuple(blocks))), _weights(chain_operators(blocks)), image)
    alone = [_operator_ns(operator) for operator in chain_operators(blocks)]
    scale = whole / sum(alone)
    live = [4 * values for block in blocks for values in _live_values(block)]
    operator_ns = [max(1, round(nanoseconds * scale)) for nanoseconds in alone]
    return OperatorReport(sum(operator_ns), max(live), tuple(operator_ns), tuple(live))


@functools.cache
def _operator_ns(operator: Operator) -> float:
    image = jnp.ones((1, operator.height, operator.width, operator.in_channels), jnp.float32)
    timed = jax.jit(lambda weights, value: _apply(operator, value, value, weights[0]))
    return _median_ns(timed, _weights([operator]), image)


def _weights(operators: Sequence[Operator]) -> Weights:
    """All alike, since their values do not change the time; arguments, as XLA would write such constants anew in
    every call.
    """
    shapes = [_weight_shape(operator) for operator in operators]
    return tuple(None if shape is None else jnp.full(shape, 0.01, jnp.float32) for shape in shapes)


def _weight_shape(operator: Operator) -> tuple[int, ...] | None:
    if operator.kind in TWO_INPUTS or operator.kind in ("mean", "max_pool", "resize"):
        return None
    inputs = 1 if operator.kind == "depthwise" else operator.in_channels
    return operator.kernel, operator.kernel, inputs, operator.out_channels


def _median_ns(function: Callable[[Weights, Array], Array], weights: Weights, image: Array) -> float:
    function(weights, image).block_until_ready()
    seconds = []
    for _ in range(_REPETITIONS):
        start = time.perf_counter()
        function(weights, image).block_until_ready()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1e9


def _network(blocks: tuple[Block, ...], weights: Weights, image: Array) -> Array:
    kernels = iter(weights)
    for block in blocks:
        block_input = image
        for operator in block_operators(block):
            image = _apply(operator, image, block_input, next(kernels))
    return image


def _apply(operator: Operator, image: Array, block_input: Array, kernel: Array | None) -> Array:
    window, strides = (1, operator.kernel, operator.kernel, 1), (1, operator.stride, operator.stride, 1)
    if operator.kind in TWO_INPUTS:
        return TWO_INPUTS[operator.kind](image, block_input)
    match operator.kind:
        case "mean":
            return image.mean((1, 2), keepdims=True)
        case "max_pool":
            return jax.lax.reduce_window(image, -jnp.inf, jax.lax.max, window, strides, "SAME")
        case "resize":
            return image.repeat(operator.stride, axis=1).repeat(operator.stride, axis=2)
    assert kernel is not None
    result = jax.lax.conv_general_dilated(
        image,
        kernel,
        strides[1:3],
        "SAME",
        dimension_numbers=_DIMENSIONS,
        feature_group_count=operator.in_channels if operator.kind == "depthwise" else 1,
    )
    return jnp.clip(result, 0, 6) if operator.relu6 else result


def _live_values(block: Block) -> list[int]:
    """Of each operator: its input and output, and behind the first the block's input, which a residual holds."""
    held = block.height * block.width * block.in_channels if block.residual else 0
    return [
        operator.height * operator.width * operator.in_channels
        + operator.out_height * operator.out_width * operator.out_channels
        + held * (place > 0)
        for place, operator in enumerate(block_operators(block))
    ]
