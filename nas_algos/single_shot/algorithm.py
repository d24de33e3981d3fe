"""A single-shot algorithm: pure functions that train shared weights and decide at the same time, or afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, Protocol

import jax
import numpy as np

from nas_algos.evaluator import Genotype
from nas_algos.single_shot.supernet import Supernet, Variables
from nas_algos.single_shot.weights import Weights


class Inputs(NamedTuple):
    """What a step is given.

    share: float32[], of the training that is done, 0 to below 1.  rate: learning rate of the weights, float32[].
    batch, held_out: rows of the supernet's data.  key: of this step alone.
    """

    share: Any
    rate: Any
    batch: Any
    held_out: Any
    key: Any


class Outcome(NamedTuple):
    """What a step did; scanned, so fields get an axis of steps.

    trained: int32[m, D], the networks whose weights it trained.  evaluated: int32[D], the one it ran on held-out
    examples, and evaluating: bool[], whether it did.  loss: float32[], of the trained ones.  skipped: int32[], how
    many of these losses and evaluations were not finite; they changed nothing.
    """

    trained: Any
    evaluated: Any
    evaluating: Any
    loss: Any
    skipped: Any


class Look(NamedTuple):
    """A network that was evaluated with inherited weights, after the training."""

    genotype: Genotype
    quality: float


class Chosen(NamedTuple):
    """genotype: within all bounds.  preferred: what the algorithm would have had without them, None if the same.

    looks: every network evaluated with inherited weights on the way.  ended: as `nas_algos.trajectory.Found`.
    """

    genotype: Genotype
    preferred: Genotype | None
    looks: tuple[Look, ...]
    ended: str = ""


def all_of(variables: Variables, genotype: Genotype) -> Variables:
    """The variables that a network inherits where one supernet serves all."""
    return variables


Finish = Callable[[Any, int, jax.Array, Callable[[float], None]], Chosen]
"""See `SingleShot.finish`."""


class SingleShot(NamedTuple):
    """Pure functions, and what a caller must know to run them and to charge for them.

    init(key) -> state, a pytree of arrays with a field `weights`.
    step(state, inputs) -> state, outcome; traceable, and the same shapes for the whole run.
    finish(state, evaluations, key, progress) -> Chosen, on the host; it may evaluate so many networks with inherited
    weights, and calls progress with the share of them that it has.  Raises NothingFoundError when it finds no network
    within the bounds, or none whose quality is a finite number.
    logits(state) -> float32[D, K] of the distribution that it learns, as `relaxed.masked` has them; None where it
    learns none and chooses in `finish` only.
    bounds, settings: what it was made with.  paths: networks trained in each step.  held_out: what a step that
    evaluates computes: that network forward, or every part forward and backward.  held_out_share: of the
    steps, those that do.  search_share: of the budget, kept for `finish`.
    inherited(variables, genotype) -> the supernet's variables for that network, of those in the state.
    check(evaluations), before the training: raises AlgorithmInputError where `finish` could not begin with so many.
    """

    name: str
    init: Callable[[jax.Array], Any]
    step: Callable[[Any, Inputs], tuple[Any, Outcome]]
    finish: Finish
    logits: Callable[[Any], Any] | None
    bounds: Mapping[str, float]
    settings: Any
    paths: int = 1
    held_out: Literal["nothing", "forward", "everything"] = "nothing"
    held_out_share: float = 0.0
    search_share: float = 0.0
    inherited: Callable[[Variables, Genotype], Variables] = all_of
    check: Callable[[int], Any] = lambda evaluations: None


class SingleShotFactory(Protocol):
    """Makes an algorithm for a supernet; what the registry holds."""

    def __call__(self, supernet: Supernet, bounds: Mapping[str, float], settings: Any = ...) -> SingleShot:
        """bounds: {cost: most}.  Raises AlgorithmInputError when bounds or settings are not allowed."""
        ...


def variables_of(state: Any) -> Variables:
    """The trained variables in an algorithm's state."""
    weights: Weights = state.weights
    return Variables(weights.params, weights.statistics)


def as_genotype(row: Any) -> Genotype:
    """int32[D] as a tuple."""
    return tuple(np.asarray(row).tolist())
