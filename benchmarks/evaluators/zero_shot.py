"""Zero-shot scores of a space's networks: thousands by one compilation.

arrays = task.arrays(task.load(home, data, "train"))
scorer = make_scorer(task, space, ("zen", "macs"), jax.random.key(0), arrays)
scores = scorer(genotypes)
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.errors import BenchmarkInputError
from hw_model.workload import Workload
from nas_algos.zero_shot.network import make_probe
from nas_algos.zero_shot.scores import SCORES, Combination, Score, measured_names
from tasks.errors import TaskInputError
from tasks.networks.gates import Gates, check_workload, make_gates
from tasks.networks.initialise import host_generator
from tasks.networks.probe import Probe, draw_unit_kernels
from tasks.networks.resize import resize_images
from tasks.sides import Side, height_width
from tasks.spaces.check import check_one_size, probes
from tasks.spaces.slots import Slot
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import normalise_images

SCORES_CODE_VERSION = "2"
"""Raise it when a change to the scores, or to the networks they look at, changes what a score is."""
BATCH = 32
# genotypes of one call of the compiled function; progress shows between calls
CHUNK = 16


class Inputs(NamedTuple):
    """What all architectures share, handed to the compiled function.

    canvases: the batch's images at each side that the space chooses from, uint8 [sides, N, H, W, C], in the top left
    corner.  batch: the task's arrays of those examples, each [N, ...].  unit_kernels: of `draw_unit_kernels`.
    key: of the scores' own randomness.
    """

    canvases: Any
    batch: dict[str, Any]
    unit_kernels: dict[str, Any]
    key: Any


@dataclass(frozen=True)
class Scorer:
    """A compiled function from genotypes to scores.  compile_seconds: what that took."""

    names: tuple[str, ...]
    cardinalities: tuple[int, ...]
    compiled: Callable[[Inputs, np.ndarray], dict[str, jax.Array]]
    inputs: Inputs
    chunk: int
    compile_seconds: float

    def __call__(
        self, genotypes: Any, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> dict[str, np.ndarray]:
        """Scores by name, float64 [n] each, of genotypes int32 [n, D]; NaN where a score fails.

        progress: called with how many of how many are done.  Combined scores (see SCORES) are relative to the networks
        of this call.  Raises BenchmarkInputError for genotypes outside the space.
        """
        rows = checked_genotypes(genotypes, self.cardinalities)
        pieces = []
        for start in range(0, len(rows), self.chunk):
            piece = rows[start : start + self.chunk]
            # the last piece is filled up, so that one compilation serves all
            filled = np.concatenate([piece, np.repeat(piece[:1], self.chunk - len(piece), axis=0)])
            found = jax.tree.map(np.asarray, self.compiled(self.inputs, filled))
            pieces.append({name: values[: len(piece)] for name, values in found.items()})
            progress(min(start + self.chunk, len(rows)), len(rows))
        measured = {
            name: finite_or_nan(np.concatenate([piece[name] for piece in pieces]))
            for name in measured_names(self.names)
        }
        return {name: _combined(name, measured) for name in self.names}


def make_scorer(
    task: Task,
    space: SearchSpace,
    names: Sequence[str],
    key: jax.Array,
    arrays: Mapping[str, np.ndarray],
    batch: int = BATCH,
    chunk: int = CHUNK,
    compiler_options: dict[str, Any] | None = None,
) -> Scorer:
    """Compile the named scores, larger is better, of a space's networks, `chunk` of them at a time.

    key: of the initial weights, the choice of examples and the scores' own randomness; the same for all networks.
    arrays: `task.arrays` of training examples, of which `batch` are drawn.  compiler_options: XLA's; less optimisation
    compiles in half the time.
    Raises AlgorithmInputError for an unknown name, BenchmarkInputError for a chunk of none and for a batch of fewer
    than two examples or more than there are, TaskInputError where outputs vary in size and the task does not take that,
    where all layers are heads, and where a supernet of the space is refused.
    """
    check_one_size(space, task)
    if all(slot.is_head for slot in space.slots):
        raise TaskInputError(
            f"space {space.name}: its layers pool or predict, which gives no features; allowed with a zero-shot score: "
            "a layer more"
        )
    measured = measured_names(names)
    if chunk < 1:
        raise BenchmarkInputError(f"chunk is {chunk}; allowed: 1 and more genotypes")
    side_choices = _sides(space)
    inputs = make_inputs(space.slots, side_choices, key, arrays, batch)
    varying = sizes_vary(space)
    check_workload(space.slots, space.lower(probes(space)), varying)  # which under tracing nothing does

    def score_all(inputs: Inputs, genotypes: jax.Array) -> dict[str, jax.Array]:
        def score_one(genotype: jax.Array) -> dict[str, jax.Array]:
            row = space.lower(genotype)
            gates = make_gates(space.slots, row, varying)
            return measure(task, space.slots, row, gates, inputs, side_choices, measured)

        # not vmap: what an architecture does not use is not computed
        return lax.map(score_one, genotypes)

    started = time.perf_counter()
    shape = jax.ShapeDtypeStruct((chunk, len(space.cardinalities)), jnp.int32)
    compiled = jax.jit(score_all, compiler_options=compiler_options).lower(inputs, shape).compile()
    return Scorer(tuple(names), tuple(space.cardinalities), compiled, inputs, chunk, time.perf_counter() - started)


def measure(
    task: Task,
    slots: tuple[Slot, ...],
    row: Workload,
    gates: Gates,
    inputs: Inputs,
    sides: tuple[Side, ...],
    names: tuple[str, ...],
) -> dict[str, jax.Array]:
    """The scores of one architecture, its row of the workload [len(slots)] and its gates; traceable."""
    heights = jnp.array([height_width(side)[0] for side in sides], jnp.int32)
    choice = jnp.argmax(heights == jnp.asarray(row.height[0]))
    here = (jnp.arange(slots[0].height) < row.height[0])[:, None] & (jnp.arange(slots[0].width) < row.width[0])[None]
    images = jnp.where(here[None, :, :, None], normalise_images(jnp.asarray(inputs.canvases)[choice]), 0.0)
    # the predicting layer is always there, and leaves the size as it is
    size = (row.height[-1], row.width[-1])

    def loss_of(output: jax.Array, example: Any) -> jax.Array:
        batch = {name: jnp.asarray(array) for name, array in inputs.batch.items()}
        if example is not None:
            batch = {name: lax.dynamic_slice_in_dim(array, example, 1) for name, array in batch.items()}
        return task.loss(output, batch, size)

    kernels = {name: jnp.asarray(kernel) for name, kernel in inputs.unit_kernels.items()}
    network = Probe(slots, row, gates, kernels, images, loss_of)
    measured = {name: score for name in names if isinstance(score := SCORES[name], Score)}
    # by name, so that a score is the same whichever others are asked for
    keys = {name: jax.random.fold_in(inputs.key, zlib.crc32(name.encode())) for name in (*measured, "images")}
    probe = make_probe(network, {each for score in measured.values() for each in score.reads}, keys["images"])
    return {name: score.measure(probe, keys[name]) for name, score in measured.items()}


def make_inputs(
    slots: tuple[Slot, ...], sides: tuple[Side, ...], key: jax.Array, arrays: Mapping[str, np.ndarray], batch: int
) -> Inputs:
    """Draw the batch and the weights.  Raises BenchmarkInputError for a batch that cannot be drawn."""
    count = len(arrays["images"])
    if not 2 <= batch <= count:
        raise BenchmarkInputError(f"batch={batch} of {count} training examples; allowed: batch=2 to batch={count}")
    weights_key, batch_key, score_key = jax.random.split(key, 3)
    chosen = host_generator(batch_key).choice(count, batch, replace=False)
    drawn = {name: array[chosen] for name, array in arrays.items()}
    first, images = slots[0], drawn["images"]
    if images.shape[-1] != first.in_channels:
        raise TaskInputError(f"images have {images.shape[-1]} channels; the networks take {first.in_channels}")
    canvases = np.zeros((len(sides), batch, first.height, first.width, first.in_channels), np.uint8)
    for canvas, side in zip(canvases, sides, strict=True):
        height, width = height_width(side)
        canvas[:, :height, :width] = resize_images(images, height, width)
    return Inputs(canvases, drawn, draw_unit_kernels(slots, weights_key), score_key)


def sizes_vary(space: SearchSpace) -> bool:
    """Whether the space decides over sizes of activations, so that its supernet needs a canvas."""
    if isinstance(space.input_side, str):
        return True
    try:
        make_gates(space.slots, space.lower(np.zeros((1, len(space.cardinalities)), np.int32)))
    except TaskInputError:
        return True
    return False


def checked_genotypes(genotypes: Any, cardinalities: Sequence[int]) -> np.ndarray:
    """Genotypes as int32 [n, D].  Raises BenchmarkInputError for none and for any outside the space."""
    rows = np.asarray(genotypes)
    if rows.ndim != 2 or rows.shape[1] != len(cardinalities) or len(rows) == 0 or rows.dtype.kind not in "iu":
        raise BenchmarkInputError(
            f"genotypes are {rows.dtype}{list(rows.shape)}; allowed: whole numbers [n, {len(cardinalities)}], n >= 1"
        )
    wrong = np.argwhere((rows < 0) | (rows >= np.asarray(cardinalities)))
    if len(wrong):
        row, decision = wrong[0]
        raise BenchmarkInputError(
            f"genotype {row} has {rows[row, decision]} for decision {decision}; "
            f"allowed: 0 to {cardinalities[decision] - 1}"
        )
    return rows.astype(np.int32)


def finite_or_nan(values: np.ndarray) -> np.ndarray:
    """The values as float64, NaN where they are infinite: a search must not mistake those for the best."""
    values = values.astype(np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _combined(name: str, measured: Mapping[str, np.ndarray]) -> np.ndarray:
    score = SCORES[name]
    return score.combine(measured) if isinstance(score, Combination) else measured[name]


def _sides(space: SearchSpace) -> tuple[Side, ...]:
    if not isinstance(space.input_side, str):
        return (space.input_side,)
    return tuple(int(side) for side in space.options(space.input_side))
