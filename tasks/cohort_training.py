"""Cohorts trained at once: one network is the supernet of the cohort's slots (`tasks.networks.supernet`), whose unused
parts are computed and emptied, and `jax.vmap` makes one program of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from tasks.cohort import Cohort, present
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork, layer_name
from tasks.networks.gates import window_start
from tasks.networks.initialise import initialise
from tasks.networks.supernet import Supernet, block_name, names_without_expansion
from tasks.spaces.slots import Slot
from tasks.task import Task
from tasks.training import (
    TrainState,
    batch_order,
    fit_images,
    full_batches,
    learning_rates,
    make_optimiser,
    normalise_images,
    train_step,
)

COHORT_STEPS_PER_CALL = 100
COHORT_EVAL_BATCH = 50


def fit_arrays(cohort: Cohort, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The task's arrays with images at the side that the cohort takes.

    Raises TaskInputError when their channels are not the cohort's.
    """
    return arrays | {"images": fit_images((cohort.first,), arrays["images"])}


def start_cohort(cohort: Cohort) -> TrainState:
    """Each network's state before the first step, drawn as for the network alone; leaves [C, ...].

    Weights of what a network does not use are zero, and stay so.
    """
    network, first = Supernet(cohort.slots), cohort.first
    image = jnp.zeros((1, first.height, first.width, first.in_channels))
    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), image, train=False))
    states = []
    for chain, key in zip(cohort.chains, cohort.keys, strict=True):
        init_key, blocks = jax.random.split(key, 3)[0], present(chain)
        own = initialise(ChainNetwork(blocks), (image.shape[1], image.shape[2], first.in_channels), init_key)
        states.append(_as_slots(own, chain, cohort.slots, shapes))
    stacked = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *states)
    optimiser = jax.jit(jax.vmap(make_optimiser(cohort.fidelity.weight_decay).init))(stacked["params"])
    return TrainState(stacked["params"], stacked["batch_stats"], optimiser)


def _as_slots(
    variables: dict[str, Any], chain: tuple[Block | None, ...], slots: tuple[Slot, ...], shapes: dict[str, Any]
) -> dict[str, Any]:
    """A static network's variables where the supernet of the slots has them, zeros elsewhere."""
    made = jax.tree.map(lambda shape: np.zeros(shape.shape, shape.dtype), shapes)
    index = 0
    for place, block in enumerate(chain):
        if block is None:
            continue
        own, ours = layer_name(index, block), block_name(place, block.kind)
        for group, blocks in variables.items():
            if own in blocks:
                names = {} if block.expands else names_without_expansion(KINDS[block.kind])
                layers = {names.get(name, name): layer for name, layer in blocks[own].items()}
                fill = partial(_padded, slot=slots[place], kernel=block.kernel)
                made[group][ours] |= jax.tree.map(fill, {name: shapes[group][ours][name] for name in layers}, layers)
        index += 1
    return made


def _padded(shape: jax.ShapeDtypeStruct, leaf: jax.Array, slot: Slot, kernel: int) -> np.ndarray:
    """A static network's leaf as the first channels, and a kernel where the window of its size is in the largest."""
    own, starts = np.asarray(leaf), [0] * len(shape.shape)
    if own.ndim > 2 and own.shape[0] == kernel and shape.shape[0] == slot.kernel:
        starts[:2] = window_start(slot, kernel)
    margins = [(start, size - used - start) for start, size, used in zip(starts, shape.shape, own.shape, strict=True)]
    return np.pad(own, margins)


class Programs(NamedTuple):
    """What trains a cohort, compiled, so that nothing is compiled while it trains."""

    steps: dict[int, Any]
    """`_steps` by how many steps a call makes."""
    predict: Any
    """`_predict`, for a batch of images."""


def compile_cohort(cohort: Cohort, data: dict[str, jax.Array], images: np.ndarray) -> tuple[TrainState, Programs]:
    """The state to start from and the programs for `fit_arrays`' arrays and `fit_images`' images."""
    state, steps = start_cohort(cohort), {}
    run_steps = _steps(cohort.task, cohort.slots, cohort.fidelity)
    for arguments in _step_arguments(cohort, data):
        length = len(arguments[-1][0])
        if length not in steps:
            steps[length] = run_steps.lower(state, *arguments).compile()
    batch = next(full_batches(images, _eval_batch(images)))
    predict = _predict(cohort).lower(state.params, state.batch_stats, cohort.gates, batch).compile()
    return state, Programs(steps, predict)


def train_cohort(
    cohort: Cohort,
    data: dict[str, jax.Array],
    state: TrainState,
    programs: Programs,
    progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[TrainState, np.ndarray]:
    """Train on `fit_arrays`' arrays, and say which networks stayed finite: (state, bool [C]).

    state, programs: `compile_cohort`'s; the state is used up.
    """
    finite = np.ones(len(cohort.chains), bool)
    for number, arguments in enumerate(_step_arguments(cohort, data), start=1):
        state, losses = programs.steps[len(arguments[-1][0])](state, *arguments)
        finite &= np.isfinite(np.asarray(losses)).all(0)
        progress(min(number * COHORT_STEPS_PER_CALL / cohort.fidelity.steps, 1.0))
    for leaf in jax.tree.leaves((state.params, state.batch_stats)):
        finite &= np.isfinite(np.asarray(leaf)).reshape(len(finite), -1).all(1)
    return state, finite


def _step_arguments(cohort: Cohort, data: dict[str, jax.Array]) -> Iterator[tuple[Any, ...]]:
    """What the compiled steps take besides the state, call by call."""
    fidelity = cohort.fidelity
    split = [jax.random.split(key, 3) for key in cohort.keys]
    orders = [batch_order(keys[1], len(data["images"]), fidelity.batch_size, fidelity.steps) for keys in split]
    augment_keys = jnp.stack([keys[2] for keys in split])
    rates = learning_rates(fidelity)[:, None] * cohort.rates.astype(np.float32)
    columns, gates = (np.arange(fidelity.steps, dtype=np.int32), np.stack(orders, axis=1), rates), cohort.gates
    for start in range(0, fidelity.steps, COHORT_STEPS_PER_CALL):
        chosen = tuple(column[start : start + COHORT_STEPS_PER_CALL] for column in columns)
        yield gates, data, augment_keys, chosen


def _steps(task: Task, slots: tuple[Slot, ...], fidelity: Fidelity) -> Any:
    """The jitted steps of a call: (state, gates, data, keys [C], chosen) to (state, losses [s, C]).

    chosen: numbers of the s steps [s], rows of each network's batches [s, C, batch], learning rates [s, C].
    """
    network, optimiser = Supernet(slots), make_optimiser(fidelity.weight_decay)

    @partial(jax.jit, donate_argnums=0)
    def run_steps(state: TrainState, gates: Any, data: Any, keys: Any, chosen: Any) -> tuple[TrainState, jax.Array]:
        def of_network(
            number: jax.Array, state: TrainState, gates: Any, key: jax.Array, rows: jax.Array, rate: jax.Array
        ) -> tuple[TrainState, jax.Array]:
            return train_step(network, task, optimiser, state, data, key, number, rows, rate, gates)

        def step(state: TrainState, chosen: Any) -> tuple[TrainState, jax.Array]:
            number, rows, rates = chosen
            return jax.vmap(partial(of_network, number))(state, gates, keys, rows, rates)

        return lax.scan(step, state, chosen)

    return run_steps


def predict_cohort(cohort: Cohort, state: TrainState, programs: Programs, images: np.ndarray) -> Any:
    """The task's predictions for `fit_images`' images [N, H, W, channels]: NumPy arrays [C, N, ...]."""
    gates = cohort.gates
    pieces = [
        jax.tree.map(np.asarray, programs.predict(state.params, state.batch_stats, gates, batch))
        for batch in full_batches(images, _eval_batch(images))
    ]
    return jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, : len(images)], *pieces)


def _predict(cohort: Cohort) -> Any:
    """The jitted predictions of a batch of images: (params, batch_stats, gates, batch) to leaves [C, batch, ...]."""
    network, task = Supernet(cohort.slots), cohort.task

    @jax.jit
    def predict(params: Any, batch_stats: Any, gates: Any, batch: jax.Array) -> Any:
        def of_network(params: Any, batch_stats: Any, gates: Any) -> Any:
            output = network.apply({"params": params, "batch_stats": batch_stats}, normalise_images(batch), gates)
            assert isinstance(output, jax.Array)
            return task.predict(output)

        return jax.vmap(of_network)(params, batch_stats, gates)

    return predict


def _eval_batch(images: np.ndarray) -> int:
    return min(COHORT_EVAL_BATCH, len(images))
