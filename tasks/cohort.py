"""Cohorts: networks of the same kinds of block, trained at once on an accelerator with room for more than one.

They may differ in channels, expansions and kernels, and in which places of the chain have a block; each has weights,
batches and gates of its own.  One network is the supernet of its cohort's slots (`tasks.networks.supernet`), whose
unused parts are computed and emptied, and `jax.vmap` makes one program of all.  Each ends where `tasks.training.train`
ends with the same key, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from hw_model.workload import Workload, workload_from_chains
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork, layer_name
from tasks.networks.gates import Gates, make_gates, window_start
from tasks.networks.initialise import initialise
from tasks.networks.resize import resize_images
from tasks.networks.supernet import Supernet, block_name
from tasks.spaces.slots import Slot
from tasks.spaces.space import SearchSpace
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
# what the blocks that stand at one place of a cohort's networks share
SHARED = ("kind", "height", "width", "stride", "activation")


@dataclass(frozen=True, eq=False)
class Cohort:
    """C networks that are trained together."""

    task: Task
    """What is learned."""
    fidelity: Fidelity
    """How, the same for all."""
    chains: tuple[tuple[Block | None, ...], ...]
    """The networks, place by place; None where one has no block."""
    keys: tuple[jax.Array, ...]
    """One for each network, as `tasks.training.train` takes it."""
    rates: np.ndarray
    """float32 [C]: each network's learning rate relative to the fidelity's."""

    def __post_init__(self):
        if len({len(chain) for chain in self.chains}) != 1 or None in (chain[0] for chain in self.chains):
            raise TaskInputError("networks of a cohort have as many places each, and a block at the first")
        for place, blocks in enumerate(self._by_place):
            patterns = [[getattr(block, name) for name in SHARED] for block in blocks if block is not None]
            strange = [number for number, pattern in enumerate(patterns) if pattern != patterns[0]]
            if strange or not patterns:
                raise TaskInputError(
                    f"place {place} of a cohort holds {len(strange) + 1 if patterns else 0} kinds or sizes of block; "
                    "allowed: one, with channels, expansions and kernels of any size"
                )
        if not len(self.chains) == len(self.keys) == len(self.rates):
            raise TaskInputError(
                f"a cohort of {len(self.chains)} networks has {len(self.keys)} keys and {len(self.rates)} rates"
            )

    @property
    def _by_place(self) -> list[tuple[Block | None, ...]]:
        return list(zip(*self.chains, strict=True))

    @property
    def first(self) -> Block:
        """What all networks begin with, up to its channels."""
        block = self.chains[0][0]
        assert block is not None
        return block

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The largest block at each place."""
        slots, passed = [], [self.first.in_channels] * len(self.chains)
        for found in self._by_place:
            before = passed
            # what passes a place without a block must fit as well
            passed = [each if block is None else block.out_channels for block, each in zip(found, before, strict=True)]
            blocks = [block for block in found if block is not None]
            first = blocks[0]
            kind = KINDS[first.kind]
            slots.append(
                Slot(
                    kinds=(first.kind,),
                    height=first.height,
                    width=first.width,
                    in_channels=max(before),
                    out_channels=max(passed),
                    hidden_channels=max(block.hidden_channels for block in blocks) if kind.has_hidden else 0,
                    kernel=max(block.kernel for block in blocks) if kind.has_window else 1,
                    stride=first.stride,
                    optional=None in found,
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
        there = np.array([[block is not None for block in chain] for chain in self.chains])
        closed = workload_from_chains([present(chain) for chain in self.chains], there.shape[1])
        # a network's blocks, which come first there, go to its places in their order
        order = np.where(there, there.cumsum(1) - 1, there.shape[1] - 1)
        spread = jax.tree.map(lambda column: np.take_along_axis(column, order, axis=1), closed)
        return spread._replace(mask=there)


def aligned(space: SearchSpace, genotypes: np.ndarray) -> tuple[tuple[Block | None, ...], ...]:
    """Networks of a space [C, D] place by place, as Cohort takes them; places where none has a block are left out."""
    there: np.ndarray = np.asarray(space.lower(np.asarray(genotypes, np.int32)).mask)
    used, chains = np.flatnonzero(there.any(0)), []
    for mask, genotype in zip(there, genotypes.tolist(), strict=True):
        blocks = iter(space.decode(genotype))
        places = [next(blocks) if present else None for present in mask]
        chains.append(tuple(places[place] for place in used))
    return tuple(chains)


def present(chain: tuple[Block | None, ...]) -> tuple[Block, ...]:
    """The blocks of a network of a cohort, without the places that have none."""
    return tuple(block for block in chain if block is not None)


def fit_arrays(cohort: Cohort, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The task's arrays with images at the side that the cohort takes."""
    return arrays | {"images": fit_images(cohort, arrays["images"])}


def fit_images(cohort: Cohort, images: np.ndarray) -> np.ndarray:
    """Images uint8 [N, H, W, channels] at the side that the cohort takes."""
    return resize_images(images, cohort.first.height, cohort.first.width)


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
                fill = partial(_padded, slot=slots[place], kernel=block.kernel)
                made[group][ours] = jax.tree.map(fill, shapes[group][ours], blocks[own])
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
    columns, gates = (np.arange(fidelity.steps, dtype=np.int32), np.stack(orders, axis=1), rates), cohort.gates
    for start in range(0, fidelity.steps, STEPS_PER_CALL):
        chosen = tuple(column[start : start + STEPS_PER_CALL] for column in columns)
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
    return min(EVAL_BATCH, len(images))
