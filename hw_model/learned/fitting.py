"""Fitting an estimator to measured networks, and keeping it in a file."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from hw_model.errors import HardwareInputError
from hw_model.files import unfinished_beside
from hw_model.learned.dataset import MeasuredChain
from hw_model.learned.estimator import Estimator, contextual_features, estimate, perceptron, standardised
from hw_model.learned.features import Machine, live_bytes, roofline_cycles
from hw_model.operator_arrays import PLACES, operator_arrays, operator_places
from hw_model.vela.accelerators import Target
from hw_model.vela.compiler import COMPILER_VERSION
from hw_model.vela.tflite_writer import WRITER_VERSION
from hw_model.workload import workload_from_chains

_SMALLEST_CYCLES, _SMALLEST_BYTES = 50.0, 1024.0  # operators that the compiler merged away measure as nothing
_FORMAT = "3"


@dataclass(frozen=True)
class FitSettings:
    """How an estimator is fitted."""

    hidden: int = 64
    """Width of both hidden layers."""
    members: int = 4
    """Of the ensemble."""
    steps: int = 4000
    """Of AdamW with a cosine schedule."""
    batch_size: int = 512
    """Operators in a step."""
    learning_rate: float = 3e-3
    """Largest of the schedule."""
    held_out: float = 0.1
    """Share of the networks that only calibrate the uncertainty."""
    seed: int = 0
    """Of the split, the initial weights and the batches."""


def fit(chains: Sequence[MeasuredChain], accelerator: Target, settings: FitSettings = FitSettings()) -> Estimator:
    """Fit an estimator to measured networks; deterministic for equal data and settings.

    Raises HardwareInputError when there are fewer than 20 networks.
    """
    if len(chains) < 20:
        raise HardwareInputError(f"{len(chains)} measured networks to learn from; allowed: 20 and more")
    order = np.random.default_rng(settings.seed).permutation(len(chains))
    held_out = [chains[index] for index in order[: max(2, int(settings.held_out * len(chains)))]]
    learned = [chains[index] for index in order[len(held_out) :]]
    features, targets, importance = _training_rows(learned, accelerator)
    mean, scale = features.mean(0), features.std(0) + 1e-3
    keys = jax.random.split(jax.random.key(settings.seed), settings.members)
    mean, scale = jnp.asarray(mean), jnp.asarray(scale)
    standard = standardised(jnp.asarray(features), mean, scale)
    weights, biases = _train(keys, standard, targets, importance, settings)
    estimator = Estimator(
        weights=weights,
        biases=biases,
        feature_mean=mean,
        feature_scale=scale,
        macs_per_cycle=jnp.float32(accelerator.macs_per_cycle),
        clock_hz=jnp.float32(accelerator.clock_hz),
        sram_limit=jnp.float32(accelerator.arena_cache_bytes),
        weights_off_chip=jnp.float32(accelerator.memory_mode != "Sram_Only"),
        relative_error=jnp.float32(0.0),
    )
    return estimator._replace(relative_error=_unexplained_error(estimator, held_out))


def save_estimator(path: Path, estimator: Estimator, accelerator: Target) -> None:
    """Write an estimator, atomically, with the versions it was fitted for; weights in half precision."""
    arrays: dict[str, np.ndarray] = {
        f"weight{index}": np.asarray(weight, np.float16) for index, weight in enumerate(estimator.weights)
    }
    arrays |= {f"bias{index}": np.asarray(bias, np.float16) for index, bias in enumerate(estimator.biases)}
    rest = estimator._asdict()
    arrays |= {name: np.asarray(value) for name, value in rest.items() if name not in ("weights", "biases")}
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays["versions"] = np.array(_versions(accelerator))
    with unfinished_beside(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_estimator(path: Path, accelerator: Target) -> Estimator:
    """The estimator of a file; HardwareInputError when there is none, or a damaged one, or one of another version."""
    remedy = f"fit one with `accelnas measure --accelerator {accelerator.name} --fit`"
    if not path.exists():
        raise HardwareInputError(f"no estimator for {accelerator.name} at {path}; {remedy}")
    try:
        # opened here, since numpy leaves a damaged file open
        with path.open("rb") as file, np.load(file) as archive:
            arrays = {name: archive[name] for name in archive.files}
        versions = str(arrays.pop("versions"))
        layers = range(sum(name.startswith("bias") for name in arrays))
        weights = tuple(jnp.asarray(arrays.pop(f"weight{index}"), jnp.float32) for index in layers)
        biases = tuple(jnp.asarray(arrays.pop(f"bias{index}"), jnp.float32) for index in layers)
        estimator = Estimator(weights, biases, **{name: jnp.asarray(value) for name, value in arrays.items()})
    except Exception as error:  # whatever a damaged archive raises
        raise HardwareInputError(f"estimator {path} cannot be read; {remedy}") from error
    if versions != _versions(accelerator):
        raise HardwareInputError(f"estimator {path} is of {versions}, not of {_versions(accelerator)}; {remedy}")
    return estimator


def _versions(accelerator: Target) -> str:
    return f"{accelerator.key}, ethos-u-vela {COMPILER_VERSION}, writer {WRITER_VERSION}, format {_FORMAT}"


def _training_rows(chains: Sequence[MeasuredChain], accelerator: Target) -> tuple[np.ndarray, Array, Array]:
    """Features [n, F], log ratios [n, 2] and importance [n] of every operator of the chains."""
    workload = workload_from_chains([chain.blocks for chain in chains])
    operators = operator_arrays(workload)
    cycles, sram = (np.zeros((len(chains), workload.length, PLACES)) for _ in range(2))
    for row, chain in enumerate(chains):
        places = operator_places(chain.blocks)
        measured = zip(places, chain.report.operator_cycles, chain.report.operator_sram_bytes, strict=True)
        for (block, place), operator_cycles, operator_sram in measured:
            cycles[row, block, place] += operator_cycles
            sram[row, block, place] = max(sram[row, block, place], operator_sram)
    mask = np.asarray(operators.mask)
    machine = Machine(float(accelerator.macs_per_cycle), float(accelerator.arena_cache_bytes))
    features = np.asarray(contextual_features(operators, machine))[mask]
    guess = np.asarray(roofline_cycles(operators, accelerator.macs_per_cycle))[mask]
    cycle_ratio = np.log(np.maximum(cycles[mask], _SMALLEST_CYCLES) / guess)
    sram_ratio = np.log(np.maximum(sram[mask], _SMALLEST_BYTES) / np.asarray(live_bytes(operators))[mask])
    # an operator matters by its share of the latency, and of the peak: most never come near it
    time_share = (cycles / np.maximum(cycles.sum((1, 2), keepdims=True), 1.0))[mask]
    near_peak = (sram / np.maximum(sram.max((1, 2), keepdims=True), 1.0))[mask]
    importance = np.stack([np.sqrt(time_share) + 0.02, near_peak**2 + 0.05], axis=-1)
    importance /= importance.mean(0)
    return features, jnp.asarray(np.stack([cycle_ratio, sram_ratio], axis=-1), jnp.float32), jnp.float32(importance)


@functools.partial(jax.jit, static_argnames="settings")
def _train(
    keys: Array, features: Array, targets: Array, importance: Array, settings: FitSettings
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    sizes = (features.shape[-1], settings.hidden, settings.hidden, 2)
    schedule = optax.cosine_decay_schedule(settings.learning_rate, settings.steps)
    optimizer = optax.adamw(schedule, weight_decay=1e-4)

    def loss(layers: tuple[tuple[Array, ...], tuple[Array, ...]], rows: Array) -> Array:
        error = perceptron(*layers, features[rows]) - targets[rows]
        # quadratic below a tenth, so that what cannot be foreseen does not rule the fit
        return jnp.mean(importance[rows] * optax.huber_loss(error, delta=0.1))

    def train_member(key: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        key, *layer_keys = jax.random.split(key, len(sizes))
        shapes = list(itertools.pairwise(sizes))
        weights = tuple(
            jax.random.normal(layer_key, shape) / jnp.sqrt(shape[0])
            for layer_key, shape in zip(layer_keys, shapes, strict=True)
        )
        layers = (weights, tuple(jnp.zeros(size) for size in sizes[1:]))

        def step(carry: Any, step_key: Array) -> tuple[Any, None]:
            layers, state = carry
            rows = jax.random.randint(step_key, (settings.batch_size,), 0, features.shape[0])
            updates, state = optimizer.update(jax.grad(loss)(layers, rows), state, layers)
            return (optax.apply_updates(layers, updates), state), None

        carry = (layers, optimizer.init(layers))
        return jax.lax.scan(step, carry, jax.random.split(key, settings.steps))[0][0]

    return jax.vmap(train_member)(keys)


def _unexplained_error(estimator: Estimator, chains: Sequence[MeasuredChain]) -> Array:
    found = estimate(estimator, workload_from_chains([chain.blocks for chain in chains]))
    measured = np.array([chain.report.cycles for chain in chains]) / float(estimator.clock_hz) * 1e3
    error = np.mean((np.asarray(found.cost.latency_ms) / measured - 1.0) ** 2)
    explained = np.mean((np.asarray(found.latency_std_ms) / measured) ** 2)
    return jnp.float32(np.sqrt(max(error - explained, 0.0)))
