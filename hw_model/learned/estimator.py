"""The learned cost model: cycles and SRAM of every operator in its surroundings, accumulated over the network.

A small ensemble of perceptrons sees an operator's features and those of its two neighbours, and says by how much its
cycles differ from a roofline guess and its SRAM from the live tensors.  Cycles are added up, the peak is the largest
SRAM of any operator.  All of it is JAX: jit, vmap and grad work through `estimate`.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from hw_model.cost import Cost, Estimate, energy_mj
from hw_model.learned.features import (
    Machine,
    live_bytes,
    neighbour_features,
    operator_features,
    roofline_cycles,
    with_neighbours,
)
from hw_model.operator_arrays import OperatorArrays, operator_arrays
from hw_model.workload import Workload, close_gaps

_BOUND = 8.0


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
    relative_error: Array
    """Standard deviation of the part of a network's relative latency error that the members' disagreement does not
    show."""


def estimate(estimator: Estimator, workload: Workload) -> Estimate:
    """Estimate a workload [..., L]; pure, so jit, vmap and grad apply.

    Energy is of the arithmetic and of moving each tensor once: feature maps through SRAM, parameters from where they
    are stored.  Per-block results are in the order of the blocks, gaps closed.
    """
    operators = operator_arrays(close_gaps(workload))
    ratios = _perceptron(
        estimator, contextual_features(operators, Machine(estimator.macs_per_cycle, estimator.sram_limit))
    )
    guess = roofline_cycles(operators, estimator.macs_per_cycle)
    cycles = jnp.where(operators.mask, guess * jnp.exp(ratios[..., 0]), 0.0)  # members lead: [E, ..., L, 3]
    sram = jnp.minimum(live_bytes(operators) * jnp.exp(ratios[..., 1].mean(0)), estimator.sram_limit)
    sram = jnp.where(operators.mask, sram, 0.0)
    totals = cycles.sum((-1, -2))
    mean_cycles = totals.mean(0)
    relative_std = jnp.sqrt(totals.var(0) / jnp.maximum(mean_cycles, 1.0) ** 2 + estimator.relative_error**2)
    ms_per_cycle = 1e3 / estimator.clock_hz
    latency_ms = mean_cycles * ms_per_cycle
    parameters, macs = operators.param_bytes.sum((-1, -2)), operators.macs.sum((-1, -2))
    feature_maps = jnp.where(operators.mask, live_bytes(operators) - operators.held_bytes, 0.0).sum((-1, -2))
    off_chip = parameters * estimator.weights_off_chip
    cost = Cost(
        latency_ms=latency_ms,
        peak_activation_bytes=sram.max((-1, -2)),
        param_bytes=parameters,
        macs=macs,
        energy_mj=energy_mj(macs, feature_maps + parameters, off_chip),
    )
    block_latency = cycles.mean(0).sum(-1) * ms_per_cycle
    return Estimate(cost, latency_ms * relative_std, block_latency, sram.max(-1))


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
    """One member's answer [..., 2]: log ratios of cycles and of SRAM bytes to their guesses."""
    hidden = features
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        hidden = jax.nn.silu(hidden @ weight + bias)
    return jnp.clip(hidden @ weights[-1] + biases[-1], -_BOUND, _BOUND)
