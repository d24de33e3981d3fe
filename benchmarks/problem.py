"""A task as searches see it: spaces and their costs, where a search starts, networks spread over a space."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from benchmarks.errors import BenchmarkInputError
from hw_model.blocks import Block, check_chain
from hw_model.cost import Cost, count_macs
from hw_model.cost_models import cost_model, parallelism_factor
from hw_model.errors import HardwareInputError
from hw_model.predict import compiled, predict
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.chain import whole_cost
from hw_model.vela.measurements import MeasurementCache
from nas_algos.evaluator import Costs, Genotype
from nas_algos.objectives import within
from tasks.data.datasets import get_dataset, is_users
from tasks.detection.head import HIGHEST_RAW
from tasks.fidelity import Fidelity
from tasks.sides import height_width
from tasks.spaces.check import output_fault, probes
from tasks.spaces.moves import sample
from tasks.spaces.registry import make_space, skeleton_for
from tasks.spaces.skeleton import uncurated_space
from tasks.spaces.space import SearchSpace
from tasks.task import Task

DRAWN = 2_000  # random networks, of which `largest_within` takes the largest
CROWD = 32  # random architectures for each that `spread_architectures` gives


def space_for(task: Task, name: str, accelerator: str) -> SearchSpace:
    """A task's space: one of its names ("curated", "uncurated", "auto-curated", the article's), or the path of a Python
    file that defines SPACE.

    accelerator: a name, for "curated", all of whose channels are multiples of its parallelism factor, and for
    "auto-curated", which rests on its latencies.  Raises TaskInputError for an unknown name or file, and for "curated"
    where the narrowest layer has no room for the factor; HardwareInputError for an unknown accelerator.
    """
    model = cost_model(accelerator).estimate
    factor = parallelism_factor(accelerator) if name == "curated" else 1
    return make_space(task, name, factor, lambda work: model(work).cost.latency_ms)


def exact_cost(blocks: tuple[Block, ...], accelerator: str, cache: MeasurementCache) -> Cost:
    """Cost of the network compiled whole where there is a compiler, as the model has it elsewhere."""
    if accelerator in ETHOS_U:
        return whole_cost(blocks, ETHOS_U[accelerator], cache)
    return predict(blocks, accelerator).cost


def largest_within(
    space: SearchSpace, costs: Costs, bounds: Mapping[str, float], key: jax.Array
) -> dict[str, Genotype]:
    """What needs no search: of DRAWN random networks within the bounds those with most MACs and most parameters.

    {cost: genotype}; empty when none of them is within the bounds.
    """
    genotypes = sample(key, space.cardinalities, DRAWN)
    cost = {name: np.asarray(values) for name, values in jax.jit(costs)(genotypes).items()}
    inside = within(cost, bounds, DRAWN)
    if not inside.any():
        return {}
    chosen = {name: int(np.argmax(np.where(inside, cost[name], -np.inf))) for name in ("macs", "param_bytes")}
    return {name: tuple(np.asarray(genotypes[place]).tolist()) for name, place in chosen.items()}


def check_compiles(space: SearchSpace, accelerator: str) -> None:
    """Raise HardwareInputError where the accelerator's compiler refuses a block of a space: of each kind, kernel and
    stride the first that its probes have is compiled alone.
    """
    if accelerator not in ETHOS_U:
        return
    blocks = (block for genotype in probes(space).tolist() for block in space.decode(genotype))
    different = {(block.kind, block.kernel, block.stride): block for block in blocks}
    for block in different.values():
        try:
            compiled((replace(block, residual=False),), ETHOS_U[accelerator])
        except HardwareInputError as error:
            said = str(error).removeprefix("block 0 ")
            raise HardwareInputError(f"space {space.name!r}: {accelerator} does not run {block.kind} {said}") from error


def baseline_blocks(task: Task) -> tuple[Block, ...]:
    """The network that a task's search starts from."""
    skeleton = skeleton_for(task)
    space = uncurated_space(skeleton, task.output_channels)
    return space.decode(space.encode(skeleton.baseline()))


def spread_architectures(space: SearchSpace, count: int, key: jax.Array) -> list[tuple[int, ...]]:
    """Genotypes that cover a space's sizes: many random ones, in the order of their MACs, are thinned evenly."""
    drawn = np.asarray(sample(key, space.cardinalities, CROWD * count))
    macs = [count_macs(space.decode(genotype)) for genotype in drawn.tolist()]
    order = np.argsort(macs, kind="stable")
    return [tuple(drawn[place].tolist()) for place in order[CROWD // 2 :: CROWD]]


def evenly(genotypes: Sequence[tuple[int, ...]], count: int) -> list[tuple[int, ...]]:
    """So many of them, the first and the last among them."""
    return [genotypes[place] for place in np.linspace(0, len(genotypes) - 1, count).round().astype(int)]


def check_fits(path: Path, blocks: Sequence[Block], task: Task) -> None:
    """Raise BenchmarkInputError, naming the file, unless it can be trained and its input and output are the task's."""
    try:
        check_chain(blocks)
    except HardwareInputError as error:
        raise BenchmarkInputError(f"network {path} has no trained form: {error}") from error
    for what, given, wanted in (
        ("takes images of channels", blocks[0].in_channels, task.channels),
        ("gives channels", blocks[-1].out_channels, task.output_channels),
    ):
        if given != wanted:
            raise BenchmarkInputError(f"network {path} {what} {given}; allowed for {task.name}: {wanted}")
    if fault := output_fault(blocks[-1], task):
        raise BenchmarkInputError(f"network {path}: {fault}")


def size_note(blocks: Sequence[Block], task: Task) -> str:
    """That the data's images are enlarged for the network, empty where it takes no larger ones."""
    first, (height, width) = blocks[0], height_width(task.side_pixels)
    if first.height <= height and first.width <= width:
        return ""
    more = "; its side=... prepares larger ones" if is_users(get_dataset(task.dataset)) else ""
    return f"{task.dataset}: images of {height} x {width} are enlarged to {first.height} x {first.width}{more}"


def reach_note(lasts: Iterable[Block], task: Task) -> str:
    """That a detector's cells are too small for its largest boxes, empty where they are not.

    lasts: the last block of each network that there may be, of which the one of the most cells counts.
    """
    if task.name != "detection":
        return ""
    last, most = max(lasts, key=lambda each: max(each.out_height, each.out_width)), 2 * round(2**HIGHEST_RAW)
    if max(last.out_height, last.out_width) <= most:
        return ""
    high, wide = (min(1.0, most / cells) for cells in (last.out_height, last.out_width))
    return (
        f"an output of {last.out_height} x {last.out_width} cells, of which boxes are {most} high and wide at most: "
        f"{high:.0%} of an image's height, {wide:.0%} of its width"
    )


def examples_note(task: Task, fidelity: Fidelity) -> str:
    """How many of somebody's images a profile uses, empty where it uses all of both splits; the suite's own are made
    in such numbers.
    """
    dataset = get_dataset(task.dataset)
    if not is_users(dataset):
        return ""
    used = {"train": fidelity.train_examples, fidelity.eval_split: fidelity.eval_examples}
    there = {split: dataset.source.count(split) for split in used}
    if all(there[split] <= most for split, most in used.items()):
        return ""
    words = (f"{min(most, there[split]):,} of {there[split]:,} {split} images" for split, most in used.items())
    return f"{task.dataset}: this profile uses {' and '.join(words)}, drawn at random and always the same"
