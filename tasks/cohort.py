"""Cohorts: networks that differ in their channels alone, trained at once on an accelerator with room for more than one.

All have the same kinds of block, kernels and sizes; each has weights, batches and gates of its own.  One network is the
supernet of its cohort's slots (`tasks.networks.supernet`), whose unused channels are computed and emptied, and
`jax.vmap` makes one program of all.  Each ends where `tasks.training.train` ends with the same key, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from hw_model.workload import Workload, workload_from_chains
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork
from tasks.networks.gates import Gates, make_gates
from tasks.networks.initialise import initialise
from tasks.networks.resize import resize_images
from tasks.networks.supernet import Supernet, block_name
from tasks.spaces.slots import Slot
from tasks.task import Task
from tasks.training import (
    TrainState,
    batch_order,
    full_batches,
    learning_rates,
    make_optimiser,
    normalise_images,
    train_step,
)

STEPS_PER_CALL = 100
EVAL_BATCH = 50
# what networks of a cohort share, and what may differ
SHARED = ("kind", "height", "width", "kernel", "stride", "expansion", "activation")


@dataclass(frozen=True, eq=False)
class Cohort:
    """C networks that are trained together."""

    task: Task
    """What is learned."""
    fidelity: Fidelity
    """How, the same for all."""
    chains: tuple[tuple[Block, ...], ...]
    """The networks."""
    keys: tuple[jax.Array, ...]
    """One for each network, as `tasks.training.train` takes it."""
    rates: np.ndarray
    """float32 [C]: each network's learning rate relative to the fidelity's."""

    def __post_init__(self):
        pattern = [[getattr(block, name) for name in SHARED] for block in self.chains[0]]
        for number, chain in enumerate(self.chains):
            if [[getattr(block, name) for name in SHARED] for block in chain] != pattern:
                raise TaskInputError(f"network {number} of a cohort differs from the first in more than its channels")
        if not len(self.chains) == len(self.keys) == len(self.rates):
            raise TaskInputError(
                f"a cohort of {len(self.chains)} networks has {len(self.keys)} keys and {len(self.rates)} rates"
            )

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The largest block at each place."""
        slots = []
        for blocks in zip(*self.chains, strict=True):
            first = blocks[0]
            slots.append(
                Slot(
                    kinds=(first.kind,),
                    height=first.height,
                    width=first.width,
                    in_channels=max(block.in_channels for block in blocks),
                    out_channels=max(block.out_channels for block in blocks),
                    hidden_channels=max(b.hidden_channels for b in blocks) if KINDS[first.kind].has_hidden else 0,
                    kernel=first.kernel if KINDS[first.kind].has_window else 1,
                    stride=first.stride,
                    optional=False,
                    activation=first.activation,
                )
            )
        return tuple(slots)

    @property
    def gates(self) -> Gates:
        """Those of each network, leaves [C, ...]."""
        return make_gates(self.slots, self._workload)

    @property
    def _workload(self) -> Workload:
        return workload_from_chains(self.chains)


def fit_arrays(cohort: Cohort, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The task's arrays with images at the side that the cohort takes."""
    first = cohort.chains[0][0]
    return arrays | {"images": resize_images(arrays["images"], first.height, first.width)}


def start_cohort(cohort: Cohort) -> TrainState:
    """Each network's state before the first step, drawn as for the network alone; leaves [C, ...].

    Weights of channels that a network does not use are zero, and stay so.
    """
    network, first = Supernet(cohort.slots), cohort.chains[0][0]
    image = jnp.zeros((1, first.height, first.width, first.in_channels))
    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), image, train=False))
    states = []
    for chain, key in zip(cohort.chains, cohort.keys, strict=True):
        init_key = jax.random.split(key, 3)[0]
        own = initialise(ChainNetwork(chain), (image.shape[1], image.shape[2], first.in_channels), init_key)
        states.append(jax.tree.map(_padded, shapes, _as_slots(own, chain)))
    stacked = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *states)
    optimiser = jax.vmap(make_optimiser(cohort.fidelity).init)(stacked["params"])
    return TrainState(stacked["params"], stacked["batch_stats"], optimiser)


def _as_slots(variables: dict[str, Any], chain: tuple[Block, ...]) -> dict[str, Any]:
    """A static network's variables under the names that the supernet has for its blocks."""
    renamed = {f"block_{index:02d}_{block.kind}": block_name(index, block.kind) for index, block in enumerate(chain)}
    return {group: {renamed[name]: tree for name, tree in blocks.items()} for group, blocks in variables.items()}


def _padded(shape: jax.ShapeDtypeStruct, leaf: jax.Array) -> np.ndarray:
    own = np.asarray(leaf)
    return np.pad(own, [(0, size - used) for size, used in zip(shape.shape, own.shape, strict=True)])


def train_cohort(
    cohort: Cohort,
    data: dict[str, jax.Array],
    progress: Callable[[float], None] = lambda fraction: None,
) -> tuple[TrainState, np.ndarray]:
    """Train on `fit_arrays`' arrays, and say which networks stayed finite: (state, bool [C])."""
    state, finite = start_cohort(cohort), np.ones(len(cohort.chains), bool)
    run_steps = _steps(cohort.task, cohort.slots, cohort.fidelity)
    for number, arguments in enumerate(_step_arguments(cohort, data), start=1):
        state, losses = run_steps(state, *arguments)
        finite &= np.isfinite(np.asarray(losses)).all(0)
        progress(min(number * STEPS_PER_CALL / cohort.fidelity.steps, 1.0))
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
    columns = np.arange(fidelity.steps, dtype=np.int32), np.stack(orders, axis=1), rates
    for start in range(0, fidelity.steps, STEPS_PER_CALL):
        chosen = tuple(column[start : start + STEPS_PER_CALL] for column in columns)
        yield cohort.gates, data, augment_keys, chosen


def _steps(task: Task, slots: tuple[Slot, ...], fidelity: Fidelity) -> Callable[..., tuple[TrainState, jax.Array]]:
    """The jitted steps of a call: (state, gates, data, keys [C], chosen) to (state, losses [s, C]).

    chosen: numbers of the s steps [s], rows of each network's batches [s, C, batch], learning rates [s, C].
    """
    network, optimiser = Supernet(slots), make_optimiser(fidelity)

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


def predict_cohort(cohort: Cohort, state: TrainState, images: np.ndarray) -> Any:
    """The task's predictions for images uint8 [N, H, W, channels]: NumPy arrays [C, N, ...]."""
    first = cohort.chains[0][0]
    images = resize_images(images, first.height, first.width)
    network, task, gates = Supernet(cohort.slots), cohort.task, cohort.gates

    @jax.jit
    def predict(params: Any, batch_stats: Any, gates: Any, batch: jax.Array) -> Any:
        def of_network(params: Any, batch_stats: Any, gates: Any) -> Any:
            output = network.apply({"params": params, "batch_stats": batch_stats}, normalise_images(batch), gates)
            assert isinstance(output, jax.Array)
            return task.predict(output)

        return jax.vmap(of_network)(params, batch_stats, gates)

    pieces = [
        jax.tree.map(np.asarray, predict(state.params, state.batch_stats, gates, batch))
        for batch in full_batches(images, EVAL_BATCH)
    ]
    return jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, : len(images)], *pieces)
