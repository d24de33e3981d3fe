"""What each family's code computes from fixed inputs: numbers by name, the same on any CPU but for rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.evaluators.spec import STRATEGIES_CODE_VERSION
from benchmarks.evaluators.supernet import SUPERNET_CODE_VERSION
from benchmarks.evaluators.task_supernet import EVALUATED_EXAMPLES, TaskSupernet
from benchmarks.evaluators.zero_shot import SCORES_CODE_VERSION, make_scorer
from benchmarks.experiments.head_to_head.contenders import MODELS
from hw_model.blocks import Block, check_chain
from hw_model.cost_models import COST_CODE_VERSION
from hw_model.predict import predict
from nas_algos.load import build_strategy
from nas_algos.registry import STRATEGIES
from nas_algos.rounds import Rounds, compiled
from nas_algos.settings import default_settings
from nas_algos.single_shot.charges import Budget
from nas_algos.single_shot.registry import SINGLE_SHOT
from nas_algos.single_shot.relaxed import choice_mask
from nas_algos.single_shot.run import run_single_shot
from nas_algos.single_shot.supernet import Variables
from nas_algos.single_shot.weights import start_weights, train_paths
from nas_algos.small_budgets import settings_for
from nas_algos.zero_shot.scores import SCORES
from tasks.fidelity import Fidelity
from tasks.registry import TASKS, make_task
from tasks.task import Task
from tasks.training import TRAINING_CODE_VERSION, train
from tasks.training import predict as predict_images
from tests.benchmarks.evaluators import zero_shot_toys
from tests.benchmarks.noise_pictures import FIDELITY, TASK, noise_pictures
from tests.nas_algos.single_shot.toy_supernet import ToySupernet
from tests.nas_algos.toys import CARDINALITIES, separable
from tests.tasks.networks.supernet_spaces import CLASSIFICATION, compile_quickly, random_genotypes
from tests.tasks.networks.test_training import examples

STEPS = 3
Numbers = dict[str, float]


class Family(NamedTuple):
    """Code whose results are stored under one version."""

    version: str
    """What keys of its results hold."""
    constant: str
    """Where that is raised."""
    compute: Callable[[], Numbers]
    """What the code comes to."""
    tolerance: float
    """Relative, for CPUs that round differently."""
    least: float = 0.1
    """Values below this are held to its tolerance: sums of which much cancels."""


def network(task: Task) -> tuple[Block, ...]:
    """A chain with the kinds of block that the task's networks have, on images of 16 x 16."""
    # No linear block stands before one that begins with a 1x1 convolution and batch norm, which takes a shift of its
    # input away: the gradient of the bias before it is nothing but rounding, and Adam makes whole steps of it.
    blocks = [
        Block("conv", 16, 16, task.channels, 8, kernel=5, stride=2),
        Block("ibn", 8, 8, 8, 12, kernel=7, stride=2, expansion=3),
        Block("depthwise", 4, 4, 12, 12),
        Block("max_pool", 4, 4, 12, 12, kernel=3),
        Block("fused_ibn", 4, 4, 12, 12, expansion=2, residual=True),
        Block("conv", 4, 4, 12, 12, residual=True),
    ]
    side = 4
    if task.name == "classification":
        blocks.append(Block("global_pool", 4, 4, 12, 12, kernel=1))
        side = 1
    if task.name == "segmentation":
        blocks.append(Block("upsample", 4, 4, 12, 12, kernel=1, stride=2))
        side = 8
    blocks.append(Block("conv", side, side, 12, task.output_channels, kernel=1, activation=False))
    check_chain(blocks)
    return tuple(blocks)


# what golden values were made on, where the task's own data set is another now
DATASETS = {"classification": "fashion_items"}


def training() -> Numbers:
    """Weights and predictions after three steps of a network of each task, and how good predictions are."""
    found: Numbers = {}
    fidelity = Fidelity("tiny", 12, STEPS * 4, "validation", 4, batch_size=4)
    for name in TASKS:
        task = make_task(name, DATASETS.get(name))
        data, blocks = examples(task, 12), network(task)
        state = train(blocks, task, task.arrays(data), fidelity, jax.random.key(1))
        found |= _summary(f"{name} weights", (state.params, state.batch_stats))
        predictions = predict_images(blocks, task, state, data.images[:4])
        found |= _summary(f"{name} predictions", predictions)
        qualities = {name: task.quality(data.take(slice(0, 4)), predictions)}
        if name == "detection":  # whose boxes overlap no object by then: have each nearer to one than the next
            moved = 0.05 * np.arange(4, dtype=np.float32)[:, None]
            boxes = np.array(predictions.boxes)
            boxes[:, 0] = data.boxes[:4, 0] + moved
            near = task.quality(data.take(slice(0, 4)), predictions._replace(boxes=boxes))
            qualities["detection near objects"] = near
        for which, quality in qualities.items():
            found |= {f"{which} quality {metric}": value for metric, value in quality.items()}
    return found


def supernet() -> Numbers:
    """What every algorithm finds on a toy; of a task's supernet the weights after three steps, and what they say of
    networks.
    """
    found: Numbers = {}
    toy = ToySupernet()
    for name, factory in SINGLE_SHOT.items():
        result = run_single_shot(
            factory(toy, {"latency_ms": 100.0}), toy, Budget(example_passes=400.0), jax.random.key(0)
        )
        found |= {f"{name} choice {place}": float(choice) for place, choice in enumerate(result.genotype)}
        found |= {f"{name} quality": result.quality, f"{name} loss": result.history[-1].loss}
    some = noise_pictures()
    # more than it evaluates by
    many = some.take(np.arange(2 * EVALUATED_EXAMPLES) % len(some))
    fidelity = replace(FIDELITY, eval_examples=len(many))
    net = TaskSupernet(TASK, CLASSIFICATION, lambda genotypes: {}, some, many, fidelity)
    weights, paths = start_weights(net, jax.random.key(0)), random_genotypes(CLASSIFICATION, STEPS, 1)
    rows, _ = net.batch_order(jax.random.key(1), STEPS)
    step = jax.jit(lambda *inputs: train_paths(net, *inputs)[0])
    for number in range(STEPS):
        batch = jax.tree.map(lambda array, number=number: array[rows[number]], net.data)
        path = jnp.asarray(paths[number : number + 1], jnp.int32)
        weights = step(weights, path, batch, jax.random.key(number), jnp.float32(0.02))
    variables = Variables(weights.params, weights.statistics)
    for number, path in enumerate(paths):
        found[f"inherited quality {number}"] = net.quality(variables, path.tolist())
    path = jnp.asarray(paths[0], jnp.int32)
    loss, effects = compile_quickly(net.effects)(variables, path, batch, jax.random.key(0))
    # past a decision's choices they mean nothing
    meant = jnp.where(choice_mask(net.cardinalities), effects, 0.0)
    found |= {"evaluation examples": float(net.evaluation_examples), "loss of effects": float(loss)}
    return found | _summary("effects", meant) | _summary("weights", (weights.params, weights.statistics))


def scores() -> Numbers:
    """Every score of two networks, of a space so small that it takes seconds to compile."""
    genotypes = np.array([(0, 0, 0, 0), (1, 1, 1, 1)], np.int32)
    arrays, batch = zero_shot_toys.examples("classification"), zero_shot_toys.EXAMPLES
    space = zero_shot_toys.CLASSIFICATION
    scorer = make_scorer(TASK, space, tuple(SCORES), jax.random.key(0), arrays, batch, chunk=len(genotypes))
    found = scorer(genotypes)
    return {f"{name} {place}": value for name, values in found.items() for place, value in enumerate(values.tolist())}


def strategies() -> Numbers:
    """Settings of each for two budgets, and the last of a small search's proposals, by strategies that fit no model.

    Those that do may part over what rounds otherwise on another CPU.
    """
    found: Numbers = {}
    for name, factory in STRATEGIES.items():
        columns = 2 if name == "nsga2" else 1
        for trainings in (30, 1_000):
            settings = settings_for(name, trainings, columns) or default_settings(factory)
            numbers = {
                key: value
                for key, value in (asdict(settings) if settings else {}).items()
                if isinstance(value, int | float)
            }
            found |= {f"{name} for {trainings}: {key}": float(value) for key, value in numbers.items()}
        if name in MODELS:
            continue
        strategy = build_strategy(name, CARDINALITIES, 30)
        rounds = Rounds(compiled(strategy), jax.random.key(0))
        for _ in range(40 // strategy.batch):
            genotypes = rounds.propose()
            rounds.learn(genotypes, separable(strategy)(genotypes))
        last = rounds.propose()[-1]
        found |= {f"{name} choice {place}": float(choice) for place, choice in enumerate(last)}
    return found


def cost() -> Numbers:
    """Figures of a network on an accelerator of each kind of model."""
    found: Numbers = {}
    for name in ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "npu-p16"):
        figures = predict(network(make_task("segmentation")), name).cost._asdict()
        found |= {f"{name} {figure}": float(value) for figure, value in figures.items()}
    return found


FAMILIES = {
    "training": Family(TRAINING_CODE_VERSION, "tasks.training.TRAINING_CODE_VERSION", training, 2e-3),
    "supernet": Family(SUPERNET_CODE_VERSION, "benchmarks.evaluators.supernet.SUPERNET_CODE_VERSION", supernet, 2e-3),
    "scores": Family(SCORES_CODE_VERSION, "benchmarks.evaluators.zero_shot.SCORES_CODE_VERSION", scores, 2e-3),
    "strategies": Family(
        STRATEGIES_CODE_VERSION, "benchmarks.evaluators.spec.STRATEGIES_CODE_VERSION", strategies, 1e-6
    ),
    "cost": Family(COST_CODE_VERSION, "hw_model.cost_models.COST_CODE_VERSION", cost, 1e-4, 0.0),
}


def _summary(name: str, tree: Any) -> Numbers:
    """Of all floating-point leaves, each by its place: its norm, and a sum in which every element has another share."""
    found: Numbers = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        values = np.asarray(leaf, np.float64).ravel()
        shares = np.cos(np.arange(len(values)))
        where = f"{name} {jax.tree_util.keystr(path)}"
        found |= {f"{where} norm": float(np.linalg.norm(values)), f"{where} sum": float(shares @ values)}
    return found
