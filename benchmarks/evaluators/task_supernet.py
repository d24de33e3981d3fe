"""The supernet of a task and a space, as `nas_algos.single_shot` asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from benchmarks.store.keys import canonical_json
from hw_model.blocks import Block
from hw_model.cost import count_macs
from hw_model.kinds import KINDS
from nas_algos.single_shot.relaxed import single_changes
from nas_algos.single_shot.supernet import Variables
from tasks.errors import TaskInputError
from tasks.fidelity import Fidelity
from tasks.networks.gates import Gates, make_gates, out_size
from tasks.networks.initialise import initialise
from tasks.networks.recalibrate import recalibrate
from tasks.networks.resize import resize_matrix
from tasks.networks.supernet import Supernet
from tasks.spaces.check import check_one_size
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.slots import Slot
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import batch_order, learning_rates, make_optimiser, normalise_images

HELD_OUT_SHARE = 0.2  # of the training examples, for what decides; the weights learn from the others
CALIBRATION_BATCHES = 4
EVALUATED_EXAMPLES = 256  # at most, of the fidelity's evaluation split
EVALUATED_AT_ONCE = 64


class TaskSupernet:
    """Weights of all of a space's networks for a task; satisfies `nas_algos.single_shot.supernet.Supernet`.

    costs: genotypes int32[b, D] to float[b] for each name.  train, evaluated: examples of the task's training split and
    of the fidelity's evaluation split.  Images are resized to the side that a genotype takes, on a canvas of the
    largest.  Where sides vary, `effects` leaves out that another side shows another image: choices of a side are told
    apart by what the canvas's edges do alone.
    Raises TaskInputError when there are too few examples, their channels are not the space's, or its networks' outputs
    vary in size and the task does not take that.
    """

    def __init__(
        self,
        task: Task,
        space: SearchSpace,
        costs: Callable[[Any], Mapping[str, Any]],
        train: Any,
        evaluated: Any,
        fidelity: Fidelity,
    ):
        check_one_size(space, task)
        self._task, self._space, self._costs, self._fidelity = task, space, costs, fidelity
        self._evaluated = evaluated.take(slice(0, min(fidelity.eval_examples, EVALUATED_EXAMPLES)))
        arrays = task.arrays(train.take(slice(0, fidelity.train_examples)))
        images = arrays["images"]
        if images.shape[-1] != space.input_channels:
            raise TaskInputError(f"images have {images.shape[-1]} channels; the space takes {space.input_channels}")
        held_out, batch = int(len(images) * HELD_OUT_SHARE), fidelity.batch_size
        if held_out < batch or len(self._evaluated.images) == 0:
            raise TaskInputError(
                f"{len(images)} training examples and {len(self._evaluated.images)} to evaluate by; "
                f"allowed: {int(batch / HELD_OUT_SHARE)} and more, 1 and more"
            )
        self._train_examples = len(images) - held_out
        self.data = jax.device_put(arrays)
        self._varying = isinstance(space.input_side, str) or any(
            _steps_size(slot) and slot.optional for slot in space.slots
        )
        self._learning = Supernet(space.slots, skip_unused=True)
        self._relaxed = Supernet(space.slots)

    @property
    def name(self) -> str:
        """Everything that weights and decisions depend on."""
        task = self._task
        parts = [task.name, task.classes, task.dataset, task.data_version(self._fidelity.data)]
        parts += [canonical_json({"space": repr(self._space)}), repr(self._fidelity), self._cost_sample]
        return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()

    @cached_property
    def _cost_sample(self) -> str:
        # tells accelerators apart, which costs are a function of and do not name; to three digits, as another CPU may
        # round the last one otherwise, and checkpoints would be refused for that
        drawn = np.random.default_rng(0).integers(0, self.cardinalities, (8, len(self.cardinalities)))
        costs = self.cost(jnp.asarray(drawn, jnp.int32))
        digits = {name: [f"{value:.3g}" for value in np.asarray(values).tolist()] for name, values in costs.items()}
        return " ".join(f"{name} {digits[name]}" for name in sorted(digits))

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """The space's."""
        return self._space.cardinalities

    @property
    def widths(self) -> tuple[bool, ...]:
        """Decisions over channels, and the width multiplier."""
        names = {MULTIPLIER, *(layer.channels for layer in self._space.layers)}
        return tuple(decision.name in names for decision in self._space.decisions)

    @property
    def optimiser(self) -> optax.GradientTransformation:
        """As in a training alone."""
        return make_optimiser(self._fidelity.weight_decay)

    @property
    def evaluation_examples(self) -> int:
        """Those that statistics are collected from, and those that are evaluated."""
        return CALIBRATION_BATCHES * self._fidelity.batch_size + len(self._evaluated.images)

    def learning_rates(self, steps: int) -> np.ndarray:
        """As in a training alone of so many steps."""
        return learning_rates(replace(self._fidelity, example_passes=steps * self._fidelity.batch_size))

    def batch_order(self, key: jax.Array, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Shuffled passes over the training examples, the last HELD_OUT_SHARE of them apart."""
        batch, held_out = self._fidelity.batch_size, len(self.data["images"]) - self._train_examples
        train_key, held_key = jax.random.split(key)
        held = batch_order(held_key, held_out, batch, steps) + np.int32(self._train_examples)
        return batch_order(train_key, self._train_examples, batch, steps), held

    def cost(self, genotypes: Any) -> Mapping[str, Any]:
        """By the cost model."""
        return self._costs(genotypes)

    @cached_property
    def _slot_macs(self) -> list[np.ndarray]:
        return [np.array([_largest_macs(slot, kind) for kind in slot.kinds]) for slot in self._space.slots]

    def computed_macs(self, genotypes: Any) -> np.ndarray:
        """Of the kinds of block that a network has, each at its largest: unused channels are computed and emptied."""
        work = self._space.lower(np.asarray(genotypes, np.int32))
        shares = [np.asarray(g.kinds * g.present[:, None], np.float64) for g in self._gates(work)]
        return sum(
            (share @ macs for share, macs in zip(shares, self._slot_macs, strict=True)), np.zeros(len(work.mask))
        )

    @property
    def all_macs(self) -> float:
        """Of every kind of block at every place, each at its largest."""
        return float(sum(macs.sum() for macs in self._slot_macs))

    def init(self, key: jax.Array) -> Variables:
        """Drawn as for a network alone."""
        first = self._space.slots[0]
        variables = initialise(self._relaxed, (first.height, first.width, first.in_channels), key)
        return Variables(variables["params"], variables["batch_stats"])

    def loss(self, variables: Variables, genotype: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        """The task's loss on the augmented batch."""
        work = self._space.lower(genotype)
        return self._loss(self._learning, variables, self._gates(work), work, batch, key)

    def effects(self, variables: Variables, genotype: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Gradients in the gates, multiplied by the gates of each choice.

        A block's being there is a gate of its own: its others are what they would be, or are, while it stands.
        """
        work = self._space.lower(genotype, absent_too=True)
        here = self._gates(work)

        def of_gates(gates: Gates) -> jax.Array:
            return self._loss(self._relaxed, variables, gates, work, batch, key)[0]

        loss, gradient = jax.value_and_grad(of_gates)(here)

        def of_choices(genotypes: jax.Array) -> jax.Array:
            gates = [
                jax.tree.map(partial(_where, slot.present > 0), slot, own)._replace(present=slot.present)
                for slot, own in zip(self._gates(self._space.lower(genotypes, absent_too=True)), here, strict=True)
            ]
            products = jax.tree.map(
                lambda g, choice: (g[None] * choice).reshape(len(genotypes), -1).sum(-1), gradient, tuple(gates)
            )
            return sum(jax.tree.leaves(products), jnp.zeros(len(genotypes)))

        # decision by decision: the gates of all changes at once would be large
        return loss, lax.map(of_choices, single_changes(genotype, self.cardinalities))

    def quality(self, variables: Variables, genotype: Sequence[int]) -> float:
        """The task's metric on the evaluated examples, with statistics collected anew from training examples."""
        predictions = self._predict(
            variables, jnp.array(genotype, jnp.int32), self._calibration_images, self._evaluation_images
        )
        count = len(self._evaluated.images)
        flat = jax.tree.map(lambda leaf: np.asarray(leaf).reshape(-1, *leaf.shape[2:])[:count], predictions)
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(flat) if leaf.dtype.kind == "f"):
            return float("nan")
        return self._task.quality(self._evaluated, flat)[self._task.metric]

    @cached_property
    def _evaluation_images(self) -> jax.Array:
        """uint8 [B, EVALUATED_AT_ONCE, H, W, C], the last batch filled up with the first image."""
        images = self._evaluated.images
        missing = -len(images) % EVALUATED_AT_ONCE
        filled = np.concatenate([images, np.repeat(images[:1], missing, axis=0)])
        return jnp.asarray(filled.reshape(-1, EVALUATED_AT_ONCE, *images.shape[1:]))

    @cached_property
    def _calibration_images(self) -> jax.Array:
        """uint8 [CALIBRATION_BATCHES, batch, H, W, C] of the examples that weights learn from."""
        images = self.data["images"][: CALIBRATION_BATCHES * self._fidelity.batch_size]
        return images.reshape(CALIBRATION_BATCHES, -1, *images.shape[1:])

    @cached_property
    def _predict(self) -> Callable[..., Any]:
        @jax.jit
        def predict(variables: Variables, genotype: jax.Array, calibration: jax.Array, batches: jax.Array) -> Any:
            work = self._space.lower(genotype)
            gates = self._gates(work)
            shared = {"params": variables.params, "batch_stats": variables.statistics}
            fitted = lax.map(lambda images: self._fit(images, gates, work), calibration)
            stats = recalibrate(self._learning, shared, gates, fitted)

            def of_batch(images: jax.Array) -> Any:
                output = self._learning.apply(
                    {"params": variables.params, "batch_stats": stats}, self._fit(images, gates, work), gates
                )
                assert isinstance(output, jax.Array)
                return self._task.predict(output, self._output_size(work))

            return lax.map(of_batch, batches)

        return predict

    def _loss(
        self, network: Supernet, variables: Variables, gates: Gates, work: Any, batch: Any, key: jax.Array
    ) -> tuple[jax.Array, Any]:
        batch = self._task.augment(key, batch)
        output, updated = network.apply(
            {"params": variables.params, "batch_stats": variables.statistics},
            self._fit(batch["images"], gates, work),
            gates,
            train=True,
            mutable=["batch_stats"],
        )
        return self._task.loss(output, batch, self._output_size(work)), updated["batch_stats"]

    def _gates(self, work: Any) -> Gates:
        return make_gates(self._space.slots, work, self._varying)

    def _output_size(self, work: Any) -> tuple[Any, Any] | None:
        # the predicting layer keeps the size of its input
        return (work.height[..., -1], work.width[..., -1]) if self._varying else None

    def _fit(self, images: jax.Array, gates: Gates, work: Any) -> jax.Array:
        """Images uint8 [n, H, W, C], at the side that the network takes and normalised, on the first slot's canvas."""
        first = self._space.slots[0]
        shape = images.shape[1:3]
        pixels = lax.stop_gradient(gates[0].pixels)
        if pixels is None and shape == (first.height, first.width):
            return normalise_images(images)
        sides = (work.height[0], work.width[0]) if self._varying else (first.height, first.width)
        rows = resize_matrix(shape[0], sides[0], first.height)
        columns = resize_matrix(shape[1], sides[1], first.width)
        resized = jnp.einsum("hH,nHWc,wW->nhwc", rows, images.astype(jnp.float32), columns)
        fitted = normalise_images(jnp.clip(jnp.round(resized), 0, 255))
        return fitted if pixels is None else fitted * pixels[None, :, :, None]


def _where(which: jax.Array, some: jax.Array, other: jax.Array) -> jax.Array:
    """Of some [n, ...] the rows that `which`, bool [n], names; in the others other [...]."""
    return jnp.where(which.reshape(-1, *(1,) * other.ndim), some, other[None])


def _steps_size(slot: Slot) -> bool:
    return out_size(slot, 2) != 2


def _largest_macs(slot: Slot, name: str) -> float:
    kind = KINDS[name]
    block = Block(
        name,
        slot.height,
        slot.width,
        slot.in_channels,
        slot.in_channels if kind.keeps_channels else slot.out_channels,
        slot.kernel if kind.has_kernel else 1,
        slot.stride,
        slot.hidden_channels // slot.in_channels if kind.expands else 1,
        False,
        slot.activation,
    )
    return float(count_macs([block]))
