"""The learned cost model: cycles and SRAM of every operator in its surroundings, accumulated over the network.

A small ensemble of perceptrons sees an operator's features and those of its two neighbours, and says by how much its
cycles differ from a roofline guess, its SRAM from the live tensors, and its traffic from moving each tensor once.
Cycles and traffic are added up, the peak is the largest SRAM of any operator.  All of it is JAX: jit, vmap and grad
work through `estimate`.

Each member learned from networks of its own draw.  The standard deviation of a network's latency grows with how much
they disagree about it and about its operators, and with how far operators lie beyond the range of all that was learned
from; `hw_model.learned.calibration` sets the scales of these.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from hw_model.cost import Cost, Estimate, energy_mj
from hw_model.learned.features import (
    INPUT_BYTES,
    OFF_CHIP_FLOOR,
    Machine,
    live_bytes,
    neighbour_features,
    off_chip_guess,
    operator_features,
    roofline_cycles,
    sram_traffic_guess,
    with_neighbours,
)
from hw_model.operator_arrays import OperatorArrays, operator_arrays
from hw_model.workload import Workload, close_gaps

_BOUND = 8.0
OUTSIDE = 0.25
"""Standard deviations beyond the range learned from, of all features together, from which an operator is outside."""


class Estimator(NamedTuple):
    """A fitted estimator of one accelerator; a pytree of arrays."""

    weights: tuple[Array, ...]
    """Of the layers, each with the ensemble's members as leading axis."""
    biases: tuple[Array, ...]
    """Likewise."""
    feature_mean: Array
    """What features are standardised by."""
    feature_scale: Array
    """Likewise."""
    macs_per_cycle: Array
    """Of the accelerator."""
    clock_hz: Array
    """Of the accelerator."""
    sram_limit: Array
    """Bytes that the compiler plans with."""
    weights_off_chip: Array
    """1 if parameters come from flash or DRAM, 0 if from SRAM."""
    feature_low: Array
    """Least of each of an operator's own features among all that was learned from."""
    feature_high: Array
    """Largest, likewise."""
    latency_error: Array
    """[4], as `relative_std` takes it, of the latency."""
    peak_error: Array
    """[4], likewise of the peak."""

    @property
    def knows_traffic(self) -> bool:
        """Whether it learned what is moved; else traffic and energy are guesses by the tensors' sizes, which are
        several times off."""
        return bool(np.asarray(self.weights[-1])[..., 2:].any())

    @property
    def knows_fragments(self) -> bool:
        """Whether it learned from short chains of any blocks too, and not from what `accelnas measure` draws alone,
        where no operator takes less than 64 bytes."""
        return float(np.asarray(self.feature_low)[INPUT_BYTES]) < np.log2(64)


def estimate(estimator: Estimator, work: Workload | OperatorArrays) -> Estimate:
    """Estimate a workload [..., L], or its operators; pure, so jit, vmap and grad apply.

    Per-block results are in the order of the blocks, gaps closed.
    """
    operators = work if isinstance(work, OperatorArrays) else operator_arrays(close_gaps(work))
    machine = Machine(estimator.macs_per_cycle, estimator.sram_limit)
    ratios = _perceptron(estimator, contextual_features(operators, machine))  # members lead: [E, ..., L, 3, 4]
    mask = operators.mask
    cycles = jnp.where(mask, roofline_cycles(operators, estimator.macs_per_cycle) * jnp.exp(ratios[..., 0]), 0.0)
    sram = live_bytes(operators) * jnp.exp(ratios[..., 1])
    sram = jnp.minimum(sram, estimator.sram_limit)
    # where there is no room for it, what waits does so behind the SRAM
    whole = sram + operators.waiting_bytes
    sram = jnp.where(mask, jnp.where(whole <= estimator.sram_limit, whole, sram), 0.0)
    beyond = jnp.where(mask, _beyond(estimator, operator_features(operators, machine)), 0.0)
    parts = cycles.mean(0)
    total_cycles = parts.sum((-1, -2))
    latency_ms = total_cycles * 1e3 / estimator.clock_hz
    block_sram = sram.mean(0).max(-1)
    peak = block_sram.max(-1)
    parameters, macs = operators.param_bytes.sum((-1, -2)), operators.macs.sum((-1, -2))
    traffic = jnp.where(mask, sram_traffic_guess(operators) * jnp.exp(ratios[..., 2].mean(0)), 0.0).sum((-1, -2))
    off_chip = off_chip_guess(operators) * jnp.exp(ratios[..., 3].mean(0)) - OFF_CHIP_FLOOR
    off_chip = jnp.where(mask, jnp.maximum(off_chip, 0.0), 0.0).sum((-1, -2)) * estimator.weights_off_chip
    cost = Cost(
        latency_ms=latency_ms,
        peak_activation_bytes=peak,
        param_bytes=parameters,
        macs=macs,
        energy_mj=energy_mj(macs, traffic, off_chip),
        off_chip_bytes=off_chip,
    )
    share = parts / jnp.maximum(total_cycles, 1.0)[..., None, None]
    spread, sram_spread = (jnp.where(mask, _std(ratios[..., answer]), 0.0) for answer in (0, 1))
    latency_std = relative_std(estimator.latency_error, cycles.sum((-1, -2)), share, spread, beyond)
    fullest = (sram.mean(0) >= peak[..., None, None]) & mask
    fullest = fullest / jnp.maximum(fullest.sum((-1, -2), keepdims=True), 1)
    peak_std = relative_std(estimator.peak_error, sram.max((-1, -2)), fullest, sram_spread, beyond)
    outside = jnp.where(beyond > OUTSIDE, share, 0.0).sum((-1, -2))
    block_latency = parts.sum(-1) * 1e3 / estimator.clock_hz
    return Estimate(cost, latency_ms * latency_std, peak * peak_std, outside, block_latency, block_sram)


def relative_std(error: Array, members: Array, share: Array, spread: Array, beyond: Array) -> Array:
    """Standard deviation of a network's error relative to its value [...].

    error: [4], the scales of the members' disagreement about the network, of that about its operators, of an error that
    all networks share, and by how much an operator's grows with each standard deviation that it lies beyond what was
    learned from.  members: what each says of the network [E, ...].  share: of each operator in the value [..., L, 3].
    spread: standard deviation of the logarithms that members say of it.  beyond: [..., L, 3].
    """
    disagreement = _std(members) / jnp.maximum(members.mean(0), 1.0)
    each, far = ((share * value).sum((-1, -2)) for value in (spread, beyond))
    terms = jnp.stack([disagreement, each, jnp.ones_like(each), far], axis=-1)
    return jnp.sqrt(((error * terms) ** 2).sum(-1))


def _std(members: Array) -> Array:
    """Over the first axis; where all agree, as about SRAM that all say is full, with a gradient of 0 and not NaN."""
    variance = members.var(0)
    return jnp.where(variance > 0, jnp.sqrt(jnp.where(variance > 0, variance, 1.0)), 0.0)


def _beyond(estimator: Estimator, features: Array) -> Array:
    """By how many standard deviations an operator's own features lie outside the range learned from, together."""
    own = features.shape[-1]
    outside = jnp.maximum(estimator.feature_low - features, features - estimator.feature_high)
    return (jnp.maximum(outside, 0.0) / estimator.feature_scale[:own]).sum(-1)


def contextual_features(operators: OperatorArrays, machine: Machine) -> Array:
    """Features of each operator with its neighbours' [..., L, 3, F]."""
    own = operator_features(operators, machine)
    return with_neighbours(own, neighbour_features(operators, machine), operators.mask)


def standardised(features: Array, mean: Array, scale: Array) -> Array:
    """Features about nought, bounded so that one that hardly varied among the networks learned from cannot run away."""
    return jnp.clip((features - mean) / scale, -_BOUND, _BOUND)


def _perceptron(estimator: Estimator, features: Array) -> Array:
    standard = standardised(features, estimator.feature_mean, estimator.feature_scale)

    def member(weights: tuple[Array, ...], biases: tuple[Array, ...]) -> Array:
        return perceptron(weights, biases, standard)

    return jax.vmap(member)(estimator.weights, estimator.biases)


def perceptron(weights: tuple[Array, ...], biases: tuple[Array, ...], features: Array) -> Array:
    """One member's answer [..., 4]: log ratios of cycles, SRAM in use, traffic of the SRAM and of what lies behind it
    (OFF_CHIP_FLOOR added) to their guesses."""
    hidden = features
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        hidden = jax.nn.silu(hidden @ weight + bias)
    return jnp.clip(hidden @ weights[-1] + biases[-1], -_BOUND, _BOUND)
