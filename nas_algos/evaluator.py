"""An evaluator: how good networks are, and what finding out costs; others satisfy it without importing it.

An algorithm is a `nas_algos.strategy.Strategy` and an evaluator; `nas_algos.loop` brings them together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from nas_algos.ledger import Spend

Genotype = tuple[int, ...]
Costs = Callable[[Any], Mapping[str, Any]]
"""Costs of genotypes int32[b, D], as `Evaluator.cost` gives them."""
Ticket = Hashable
"""What `Evaluator.submit` gives and `Evaluator.completed` gives back; unlike any other of the same evaluator."""


class Evaluation(NamedTuple):
    """What one evaluation came to."""

    quality: float
    """Larger is better; NaN when it failed."""
    spend: Spend
    """What it costs to find out, whether or not somebody else found out before."""
    error: str | None = None
    """Why it failed, or None."""


class Request(NamedTuple):
    """An evaluation that is asked for."""

    genotype: Genotype
    fidelity: float
    """Share of a full evaluation's training, above 0; 1 is a full one."""
    seed: int


class Evaluator(Protocol):
    """Networks to choose from, what they cost, and how good they are.

    A genotype is int32[D]; its d-th value is one of 0 .. cardinalities[d] - 1.
    """

    @property
    def cardinalities(self) -> Sequence[int]:
        """int[D]: how many choices each decision has, each at least 1."""
        ...

    def cost(self, genotypes: Any) -> Mapping[str, Any]:
        """Cost of each network, known without evaluating it.

        genotypes: int32[b, D], in range.  Returns float[b] for each name, units in the names (`latency_ms`,
        `peak_activation_bytes`, `param_bytes`, `macs`, ...), smaller is better, NaN where the network cannot be costed.
        Must not depend on the other rows.  Runs under jax.jit where the costs are a model's; compiled ones run on the
        host.
        """
        ...

    def submit(self, genotype: Genotype, fidelity: float, seed: int) -> Ticket:
        """Ask for an evaluation; does not wait for it.

        fidelity: share of a full evaluation's training, above 0; 1 is a full one, and all that an evaluator without
        training has.  seed: of initialisation and data order; the same arguments give the same quality.  Raises
        AlgorithmInputError for a fidelity that there is not.
        """
        ...

    def completed(self) -> list[tuple[Ticket, Evaluation]]:
        """What has become known since the last call, each ticket once; waits where nothing has.

        An evaluation that fails is one with an error, not an exception; an exception stops the search.  Empty when
        nothing is asked for, and where evaluators share workers and the answers are another one's: ask that one.
        """
        ...


class Immediate:
    """An evaluator that computes its answers in this process, all that were asked for at once.

    evaluate: the evaluations of requests, in their order.
    """

    def __init__(
        self,
        cardinalities: Sequence[int],
        cost: Costs,
        evaluate: Callable[[Sequence[Request]], Sequence[Evaluation]],
    ):
        self.cardinalities = tuple(cardinalities)
        self._cost = cost
        self._evaluate = evaluate
        self._asked: dict[Ticket, Request] = {}
        self._count = 0

    def cost(self, genotypes: Any) -> Mapping[str, Any]:
        """As `Evaluator.cost`."""
        return self._cost(genotypes)

    def submit(self, genotype: Genotype, fidelity: float, seed: int) -> Ticket:
        """As `Evaluator.submit`; any fidelity is passed on."""
        self._count += 1
        self._asked[self._count] = Request(genotype, fidelity, seed)
        return self._count

    def completed(self) -> list[tuple[Ticket, Evaluation]]:
        """As `Evaluator.completed`."""
        if not self._asked:
            return []
        asked, self._asked = self._asked, {}
        return list(zip(asked, self._evaluate(list(asked.values())), strict=True))
