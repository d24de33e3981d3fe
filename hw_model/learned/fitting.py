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
from hw_model.learned.calibration import calibrated
from hw_model.learned.dataset import MeasuredChain
from hw_model.learned.device import THIS_DEVICE, Device
from hw_model.learned.estimator import Estimator, contextual_features, perceptron, standardised
from hw_model.learned.features import (
    NEIGHBOUR_FEATURES,
    OFF_CHIP_FLOOR,
    TRAFFIC_FLOOR,
    Machine,
    live_bytes,
    off_chip_guess,
    roofline_cycles,
    sram_traffic_guess,
)
from hw_model.operator_arrays import PLACES, operator_arrays, operator_places
from hw_model.vela.accelerators import Target
from hw_model.vela.core import COMPILER_VERSION
from hw_model.vela.tflite_writer import WRITER_VERSION
from hw_model.workload import workload_from_chains

_SMALLEST_CYCLES, _SMALLEST_BYTES = 50.0, 1024.0  # operators that the compiler merged away measure as nothing
_IMPORTANCE = np.array([1.0, 1.0, 0.3, 0.3])  # of cycles, SRAM in use, traffic of the SRAM and of what lies behind it
_FORMAT = "4"
FEWEST_NETWORKS = 20
"""That an estimator may be fitted to."""


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

    def calibrating(self, networks: int) -> int:
        """How many of so many networks only calibrate the uncertainty."""
        return max(2, int(self.held_out * networks))


def fit(chains: Sequence[MeasuredChain], accelerator: Target, settings: FitSettings = FitSettings()) -> Estimator:
    """Fit an estimator to measured networks; deterministic for equal data and settings.

    Raises HardwareInputError when there are fewer than 20 networks.
    """
    if len(chains) < FEWEST_NETWORKS:
        raise HardwareInputError(f"{len(chains)} measured networks to learn from; allowed: {FEWEST_NETWORKS} and more")
    order = np.random.default_rng(settings.seed).permutation(len(chains))
    held_out = [chains[index] for index in order[: settings.calibrating(len(chains))]]
    learned = [chains[index] for index in order[len(held_out) :]]
    features, targets, importance, chain_of_row = _training_rows(learned, accelerator)
    mean, scale = features.mean(0), features.std(0) + 1e-3
    keys = jax.random.split(jax.random.key(settings.seed), settings.members)
    mean, scale = jnp.asarray(mean), jnp.asarray(scale)
    standard = standardised(jnp.asarray(features), mean, scale)
    rows = jnp.asarray(_bootstrapped(chain_of_row, len(learned), settings))
    weights, biases = _train(keys, rows, standard, targets, importance, settings)
    # of what was never measured nothing is learned but what the weights began with
    weights = (*weights[:-1], weights[-1] * importance.any(0))
    own = features.shape[-1] - 2 * NEIGHBOUR_FEATURES
    estimator = Estimator(
        weights=weights,
        biases=biases,
        feature_mean=mean,
        feature_scale=scale,
        macs_per_cycle=jnp.float32(accelerator.macs_per_cycle),
        clock_hz=jnp.float32(accelerator.clock_hz),
        sram_limit=jnp.float32(accelerator.arena_cache_bytes),
        weights_off_chip=jnp.float32(accelerator.memory_mode != "Sram_Only"),
        feature_low=jnp.asarray(features[:, :own].min(0)),
        feature_high=jnp.asarray(features[:, :own].max(0)),
        latency_error=jnp.zeros(4),
        peak_error=jnp.zeros(4),
    )
    return calibrated(estimator, held_out)


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
    name = THIS_DEVICE if isinstance(accelerator, Device) else accelerator.name
    remedy = f"fit one with `accelnas measure --accelerator {name} --fit`"
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
        raise HardwareInputError(
            f"estimator {path} is of {versions}, not of {_versions(accelerator)}; {remedy}, or delete it if one ships"
        )
    return estimator


def _versions(accelerator: Target) -> str:
    return f"{accelerator.key}, ethos-u-vela {COMPILER_VERSION}, writer {WRITER_VERSION}, format {_FORMAT}"


def _bootstrapped(chain_of_row: np.ndarray, chains: int, settings: FitSettings) -> np.ndarray:
    """Rows that each member learns from [members, n]: those of as many networks, drawn with replacement.

    So members disagree where what they say hangs on few networks.
    """
    generator, found = np.random.default_rng(settings.seed), []
    starts = np.searchsorted(chain_of_row, np.arange(chains + 1)).tolist()
    for _ in range(settings.members):
        drawn = generator.integers(0, chains, chains)
        rows = np.concatenate([np.arange(starts[chain], starts[chain + 1]) for chain in drawn])
        found.append(np.resize(generator.permutation(rows), len(chain_of_row)))
    return np.stack(found)


def _training_rows(chains: Sequence[MeasuredChain], accelerator: Target) -> tuple[np.ndarray, Array, Array, np.ndarray]:
    """Features [n, F], log ratios [n, 4], importance [n, 4] and chain [n] of every operator of the chains."""
    workload = workload_from_chains([chain.blocks for chain in chains])
    operators = operator_arrays(workload)
    cycles, sram, traffic, off_chip = (np.zeros((len(chains), workload.length, PLACES)) for _ in range(4))
    for row, chain in enumerate(chains):
        blocks, places = np.array(operator_places(chain.blocks)).T
        report = chain.report
        np.add.at(cycles[row], (blocks, places), report.operator_cycles)
        np.maximum.at(sram[row], (blocks, places), report.operator_sram_bytes)
        for total, kept in ((traffic, report.operator_sram_traffic_bytes), (off_chip, report.operator_off_chip_bytes)):
            np.add.at(total[row], (blocks, places), kept or np.nan)
    mask = np.asarray(operators.mask)
    machine = Machine(float(accelerator.macs_per_cycle), float(accelerator.arena_cache_bytes))
    features = np.asarray(contextual_features(operators, machine))[mask]
    guess = np.asarray(roofline_cycles(operators, accelerator.macs_per_cycle))[mask]
    cycle_ratio = np.log(np.maximum(cycles[mask], _SMALLEST_CYCLES) / guess)
    sram_ratio = np.log(np.maximum(sram[mask], _SMALLEST_BYTES) / np.asarray(live_bytes(operators))[mask])
    traffic_ratio = np.log((traffic[mask] + TRAFFIC_FLOOR) / np.asarray(sram_traffic_guess(operators))[mask])
    off_chip_ratio = np.log((off_chip[mask] + OFF_CHIP_FLOOR) / np.asarray(off_chip_guess(operators))[mask])
    # an operator matters by its share of the latency, and of the peak: most never come near it
    time_share = (cycles / np.maximum(cycles.sum((1, 2), keepdims=True), 1.0))[mask]
    near_peak = (sram / np.maximum(sram.max((1, 2), keepdims=True), 1.0))[mask]
    shares = [
        np.sqrt((moved / np.maximum(np.nansum(moved, (1, 2), keepdims=True), 1.0))[mask]) + 0.02
        for moved in (traffic, off_chip)
    ]
    importance = np.stack([np.sqrt(time_share) + 0.02, near_peak**2 + 0.05, *shares], axis=-1)
    targets = np.stack([cycle_ratio, sram_ratio, traffic_ratio, off_chip_ratio], axis=-1)
    # what was not kept of a network teaches nothing
    known = ~np.isnan(targets)
    importance, targets = np.where(known, importance, 0.0), np.where(known, targets, 0.0)
    importance *= _IMPORTANCE * known.sum(0) / np.maximum(importance.sum(0), 1e-9)
    return features, jnp.asarray(targets, jnp.float32), jnp.asarray(importance, jnp.float32), np.nonzero(mask)[0]


@functools.partial(jax.jit, static_argnames="settings")
def _train(
    keys: Array, rows_of_members: Array, features: Array, targets: Array, importance: Array, settings: FitSettings
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    sizes = (features.shape[-1], settings.hidden, settings.hidden, targets.shape[-1])
    schedule = optax.cosine_decay_schedule(settings.learning_rate, settings.steps)
    optimizer = optax.adamw(schedule, weight_decay=1e-4)

    def loss(layers: tuple[tuple[Array, ...], tuple[Array, ...]], rows: Array) -> Array:
        error = perceptron(*layers, features[rows]) - targets[rows]
        # quadratic below a tenth, so that what cannot be foreseen does not rule the fit
        return jnp.mean(importance[rows] * optax.huber_loss(error, delta=0.1))

    def train_member(key: Array, own: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        key, *layer_keys = jax.random.split(key, len(sizes))
        shapes = list(itertools.pairwise(sizes))
        weights = tuple(
            jax.random.normal(layer_key, shape) / jnp.sqrt(shape[0])
            for layer_key, shape in zip(layer_keys, shapes, strict=True)
        )
        layers = (weights, tuple(jnp.zeros(size) for size in sizes[1:]))

        def step(carry: Any, step_key: Array) -> tuple[Any, None]:
            layers, state = carry
            rows = own[jax.random.randint(step_key, (settings.batch_size,), 0, own.shape[0])]
            updates, state = optimizer.update(jax.grad(loss)(layers, rows), state, layers)
            return (optax.apply_updates(layers, updates), state), None

        carry = (layers, optimizer.init(layers))
        return jax.lax.scan(step, carry, jax.random.split(key, settings.steps))[0][0]

    return jax.vmap(train_member)(keys, rows_of_members)
