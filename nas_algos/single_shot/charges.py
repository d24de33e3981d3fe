"""What single-shot searches are charged: a forward pass is a third of a training's, which has a backward pass as well.

An example that is only passed forward counts as a third of an example pass, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from nas_algos.errors import AlgorithmInputError
from nas_algos.genotypes import sample
from nas_algos.single_shot.algorithm import Outcome, SingleShot
from nas_algos.single_shot.supernet import Supernet

FORWARD = 2.0  # floating-point operations of a MAC
TRAINING = 3 * FORWARD
_DRAWN = 1_000


class Charge(NamedTuple):
    """example_passes: examples passed forward and backward.  training_flops: of the networks, as a training alone is
    charged.  computed_flops: with the unused channels that a supernet computes and empties.
    """

    example_passes: float = 0.0
    training_flops: float = 0.0
    computed_flops: float = 0.0

    def plus(self, other: Charge, times: float = 1.0) -> Charge:
        """The sum, the other so many times."""
        return Charge(*(a + times * b for a, b in zip(self, other, strict=True)))


class Budget(NamedTuple):
    """What a search may spend in all, in example passes or in training FLOPs; one of them."""

    example_passes: float | None = None
    training_flops: float | None = None


class Plan(NamedTuple):
    """Steps of training, and networks evaluated with inherited weights afterwards."""

    steps: int
    evaluations: int


class Ledger:
    """Charges for what a supernet computes."""

    def __init__(self, supernet: Supernet, batch_size: int):
        self._supernet, self._batch_size = supernet, batch_size
        self._macs: Callable[[Any], Any] = jax.jit(lambda genotypes: supernet.cost(genotypes)["macs"])

    def networks(self, genotypes: Any, examples: int, flops_per_mac: float) -> Charge:
        """Each of genotypes int32[b, D] run on so many examples."""
        genotypes = np.asarray(genotypes, np.int32)
        passes = len(genotypes) * examples * flops_per_mac / TRAINING
        own, computed = (
            float(np.asarray(macs(genotypes), np.float64).sum()) * examples * flops_per_mac
            for macs in (self._macs, self._supernet.computed_macs)
        )
        return Charge(passes, own, computed)

    def evaluation(self, genotypes: Any) -> Charge:
        """Each of genotypes int32[b, D] evaluated with inherited weights."""
        return self.networks(genotypes, self._supernet.evaluation_examples, FORWARD)

    def steps(self, algorithm: SingleShot, outcome: Outcome) -> Charge:
        """Steps of training; the outcome's fields have an axis of steps in front."""
        trained, evaluated = np.asarray(outcome.trained), np.asarray(outcome.evaluated)[np.asarray(outcome.evaluating)]
        total = self.networks(trained.reshape(-1, trained.shape[-1]), self._batch_size, TRAINING)
        if algorithm.held_out == "forward":
            return total.plus(self.networks(evaluated, self._batch_size, FORWARD))
        if algorithm.held_out == "everything":
            return total.plus(self._everything(), len(evaluated))
        return total

    def plan(self, algorithm: SingleShot, budget: Budget) -> Plan:
        """What the budget pays for, were all networks uniformly drawn ones; what was spent is known afterwards.

        Raises AlgorithmInputError for a budget that does not pay for a step and an evaluation.
        """
        given = [(place, value) for place, value in enumerate(budget) if value is not None]
        if len(given) != 1:
            raise AlgorithmInputError(f"{algorithm.name}: budget is {budget}; allowed: one of its fields, not both")
        place, amount = given[0]
        drawn = sample(jax.random.key(0), self._supernet.cardinalities, _DRAWN)
        trained, forward = (
            Charge().plus(self.networks(drawn, self._batch_size, flops), 1 / _DRAWN) for flops in (TRAINING, FORWARD)
        )
        evaluating = {"nothing": Charge(), "forward": forward, "everything": self._everything()}[algorithm.held_out]
        step = Charge().plus(trained, algorithm.paths).plus(evaluating, algorithm.held_out_share)[place]
        look = self.evaluation(drawn)[place] / _DRAWN
        # who decides while training evaluates the one network that it found
        share = algorithm.search_share
        evaluations = int(amount * share / look) if share else 1
        steps = int((amount - evaluations * look) / step)
        if steps < 1 or evaluations < 1:
            # evaluations take their share whole or less, so that the rest pays for a step
            least = max(step / (1 - share), look / share) if share else step + look
            raise AlgorithmInputError(
                f"{algorithm.name}: budget is {amount:g}; allowed: {1.00001 * least:g} "  # enough as it is rounded, too
                "and more, for one step and one evaluation"
            )
        return Plan(steps, evaluations)

    def _everything(self) -> Charge:
        flops = self._supernet.all_macs * self._batch_size * TRAINING
        return Charge(float(self._batch_size), flops, flops)
