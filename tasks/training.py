"""Train one architecture from scratch and evaluate it: the multi-shot evaluator's work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jax import lax

from hw_model.blocks import Block
from hw_model.cost import count_macs
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork
from tasks.networks.initialise import host_generator, initialise
from tasks.networks.resize import resize_images
from tasks.task import Task

# One call of the compiled loop runs this many steps: its temporaries are allocated once, and progress shows between.
STEPS_PER_CALL = 25
EVAL_BATCH = 100
# The same network is trained with several seeds and predicts on several splits: its programs are traced once.
COMPILED_NETWORKS = 8
# Part of every trial's key: raise it when a change to networks, losses or training changes what a training yields.
TRAINING_CODE_VERSION = "3"


class DivergedError(RuntimeError):
    """Training reached a loss or parameters that are not finite; the message says at which step."""


class TrainState(NamedTuple):
    """Everything that a step reads and writes."""

    params: Any
    batch_stats: Any
    optimiser: Any


def normalise_images(images: jax.Array) -> jax.Array:
    """Uint8 to float32 in -1..1."""
    return images.astype(jnp.float32) / 127.5 - 1.0


def fit_images(blocks: tuple[Block, ...], images: np.ndarray) -> np.ndarray:
    """Images uint8 [N, H, W, C] at the size that the first block takes, resized once where they have another.

    Raises TaskInputError when their channels are not the first block's.
    """
    first = blocks[0]
    if images.shape[-1] != first.in_channels:
        raise TaskInputError(f"images have {images.shape[-1]} channels; the network takes {first.in_channels}")
    return resize_images(images, first.height, first.width)


def learning_rates(fidelity: Fidelity) -> np.ndarray:
    """Learning rate of each step, float32 [steps]: linear warm-up, then cosine decay to zero."""
    warmup = max(1, int(fidelity.steps * fidelity.warmup_fraction))
    step = np.arange(fidelity.steps)
    decay = 0.5 * (1 + np.cos(np.pi * (step - warmup) / max(1, fidelity.steps - warmup)))
    return (fidelity.peak_learning_rate * np.where(step < warmup, (step + 1) / warmup, decay)).astype(np.float32)


def make_optimiser(weight_decay: float) -> optax.GradientTransformation:
    """AdamW (arXiv:1711.05101) but for the learning rate, gradients clipped to norm 10.

    The rate is applied outside, so that trainings of all lengths share one compilation.
    """
    update = optax.chain(
        optax.clip_by_global_norm(10.0), optax.scale_by_adam(), optax.add_decayed_weights(weight_decay)
    )
    # on one flat vector: half the compilation of an update for each array
    return optax.flatten(update)


Start = Callable[[Any], Any]
"""Parameters -> the optimiser's state."""
Steps = Callable[[TrainState, dict[str, jax.Array], jax.Array, Any], tuple[TrainState, jax.Array]]
"""State (consumed), data, key, and columns (number, rows, rate) of steps -> the state after them, each one's loss."""


def batch_order(key: jax.Array, examples: int, batch_size: int, steps: int) -> np.ndarray:
    """Indices int32 [steps, batch_size]: one shuffled pass over the examples after the other."""
    generator = host_generator(key)
    order = [generator.permutation(examples) for _ in range(-(-steps * batch_size // examples))]
    return np.concatenate(order)[: steps * batch_size].reshape(steps, batch_size).astype(np.int32)


def train_step(
    network: nn.Module,
    task: Task,
    optimiser: optax.GradientTransformation,
    state: TrainState,
    data: dict[str, jax.Array],
    key: jax.Array,
    number: jax.Array,
    rows: jax.Array,
    rate: jax.Array,
    *gates: Any,
) -> tuple[TrainState, jax.Array]:
    """One step on those rows of the data: the state after it, and the loss before it.

    number: of the step, which with the key draws the augmentation.  gates: what the network takes besides images, as a
    supernet does.
    """
    batch = task.augment(jax.random.fold_in(key, number), {name: array[rows] for name, array in data.items()})

    def loss_of(params: Any) -> tuple[jax.Array, Any]:
        output, updated = network.apply(
            {"params": params, "batch_stats": state.batch_stats},
            normalise_images(batch["images"]),
            *gates,
            train=True,
            mutable=["batch_stats"],
        )
        return task.loss(output, batch), updated["batch_stats"]

    (loss, batch_stats), gradients = jax.value_and_grad(loss_of, has_aux=True)(state.params)
    updates, optimiser_state = optimiser.update(gradients, state.optimiser, state.params)
    params = jax.tree.map(lambda p, u: p - rate * u, state.params, updates)
    return TrainState(params, batch_stats, optimiser_state), loss


@lru_cache(COMPILED_NETWORKS)
def _compiled_steps(blocks: tuple[Block, ...], task: Task, weight_decay: float) -> tuple[Start, Steps]:
    network, optimiser = ChainNetwork(blocks), make_optimiser(weight_decay)

    @partial(jax.jit, donate_argnums=0)
    def run_steps(
        state: TrainState, data: dict[str, jax.Array], key: jax.Array, chosen: Any
    ) -> tuple[TrainState, jax.Array]:
        def step(state: TrainState, chosen: Any) -> tuple[TrainState, jax.Array]:
            return train_step(network, task, optimiser, state, data, key, *chosen)

        return lax.scan(step, state, chosen)

    return jax.jit(optimiser.init), run_steps


@lru_cache(COMPILED_NETWORKS)
def _compiled_predictions(blocks: tuple[Block, ...], task: Task) -> Callable[[Any, Any, Any], Any]:
    network = ChainNetwork(blocks)

    @jax.jit
    def run(params: Any, batch_stats: Any, batch: jax.Array) -> Any:
        variables = {"params": params, "batch_stats": batch_stats}
        output = network.apply(variables, normalise_images(batch), train=False)
        assert isinstance(output, jax.Array)  # a tuple only where apply is told what is mutable
        return task.predict(output)

    return run


def full_batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """An array's rows, so many at a time; the last batch is filled up with its first: one compilation serves all."""
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        yield np.concatenate([batch, np.repeat(batch[:1], size - len(batch), axis=0)])


def train(
    blocks: tuple[Block, ...],
    task: Task,
    data: dict[str, np.ndarray],
    fidelity: Fidelity,
    key: jax.Array,
    progress: Callable[[float], None] = lambda fraction: None,
) -> TrainState:
    """Train the chain of blocks on data["images"] uint8 [N, H, W, C] and what `task.arrays` has besides.

    Images are resized to the size that the first block takes; where they are memory-mapped, those of a call's steps
    alone are in memory.  progress is called with the fraction done.  The same key
    gives the same state, bit for bit, on the same machine.
    Raises DivergedError, and TaskInputError for images whose channels the network does not take.
    """
    mapped = isinstance(data["images"], np.memmap)
    if not mapped:
        data = data | {"images": fit_images(blocks, data["images"])}
    network = ChainNetwork(blocks)
    start_optimiser, run_steps = _compiled_steps(blocks, task, fidelity.weight_decay)
    init_key, order_key, augment_key = jax.random.split(key, 3)
    variables = initialise(network, fit_images(blocks, data["images"][:1]).shape[1:], init_key)
    params = variables["params"]
    state = TrainState(params, variables["batch_stats"], start_optimiser(params))
    device_data = {} if mapped else jax.device_put(data)
    order = batch_order(order_key, len(data["images"]), fidelity.batch_size, fidelity.steps)

    schedule = (np.arange(fidelity.steps), order, learning_rates(fidelity))
    for start in range(0, fidelity.steps, STEPS_PER_CALL):
        chunk = [column[start : start + STEPS_PER_CALL] for column in schedule]
        if mapped:  # images stay on disk but for those of these steps
            rows, chunk[1] = chunk[1].ravel(), np.arange(chunk[1].size, dtype=np.int32).reshape(chunk[1].shape)
            read = {name: array[rows] for name, array in data.items()}
            device_data = jax.device_put(read | {"images": fit_images(blocks, np.asarray(read["images"]))})
        state, losses = run_steps(state, device_data, augment_key, tuple(chunk))
        finite = np.isfinite(np.asarray(losses))
        if not finite.all():
            raise DivergedError(f"loss is not finite at step {start + int(np.argmin(finite))} of {fidelity.steps}")
        progress(min(start + STEPS_PER_CALL, fidelity.steps) / fidelity.steps)
    # the last update comes after the last loss, and a prediction of NaN may look like a poor one
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((state.params, state.batch_stats))):
        raise DivergedError(f"parameters are not finite after step {fidelity.steps - 1} of {fidelity.steps}")
    return state


def predict(blocks: tuple[Block, ...], task: Task, state: TrainState, images: np.ndarray) -> Any:
    """The task's predictions for images uint8 [N, H, W, C], as a pytree of numpy arrays [N, ...].

    Images are resized to the size that the first block takes.  Raises TaskInputError when there is no image, and for
    images whose channels the network does not take.
    """
    if len(images) == 0:
        raise TaskInputError("no images to predict; allowed: 1 and more")
    images = fit_images(blocks, images)
    run = _compiled_predictions(blocks, task)
    pieces = [
        jax.tree.map(np.asarray, run(state.params, state.batch_stats, batch))
        for batch in full_batches(images, min(EVAL_BATCH, len(images)))
    ]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(images)], *pieces)


def training_flops(blocks: tuple[Block, ...], fidelity: Fidelity) -> float:
    """Floating-point operations of a training: two per MAC, the backward pass twice the forward pass."""
    return 3 * 2.0 * count_macs(blocks) * fidelity.steps * fidelity.batch_size
