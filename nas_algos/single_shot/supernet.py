"""What a supernet offers to single-shot algorithms; others satisfy it without importing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import optax


class Variables(NamedTuple):
    """params: pytree of float32, learned.  statistics: pytree, collected while training, not learned; may be empty."""

    params: Any
    statistics: Any


class Supernet(Protocol):
    """One network that holds the weights of every network of a space, the data it learns from, and what networks cost.

    A genotype is int32[D]; its d-th value is one of 0 .. cardinalities[d] - 1.  K is the largest cardinality.  What is
    called traceable runs under jax.jit and lax.scan with a traced genotype, so that one compilation serves them all;
    it must draw at random from the given key alone, and must not change anything.
    """

    @property
    def name(self) -> str:
        """What the weights depend on, in short: a run that is resumed must find the same."""
        ...

    @property
    def cardinalities(self) -> Sequence[int]:
        """int[D]: how many choices each decision has."""
        ...

    @property
    def widths(self) -> Sequence[bool]:
        """bool[D]: whether a decision sets numbers of channels, so that the weights of its choices overlap."""
        ...

    @property
    def optimiser(self) -> optax.GradientTransformation:
        """Of the weights, without learning rate: updates are multiplied by it and taken off."""
        ...

    @property
    def data(self) -> Any:
        """Pytree of arrays [N, ...]; a batch is the same with some rows."""
        ...

    @property
    def evaluation_examples(self) -> int:
        """Examples that one call of `quality` passes forward."""
        ...

    def learning_rates(self, steps: int) -> Any:
        """float32[steps], known before the first step."""
        ...

    def batch_order(self, key: jax.Array, steps: int) -> tuple[Any, Any]:
        """Rows of `data` for each step, int32[steps, batch] twice: to train weights, and held out from that.

        No row may be in both; of a longer run's steps the first must not be relied on to be a shorter one's.
        """
        ...

    def cost(self, genotypes: Any) -> Mapping[str, Any]:
        """As `nas_algos.evaluator.Evaluator.cost`; "macs" among the names.  Traceable."""
        ...

    def computed_macs(self, genotypes: Any) -> Any:
        """float[b]: MACs that a forward pass of one example really computes, unused channels too.  NumPy in and out."""
        ...

    @property
    def all_macs(self) -> float:
        """MACs of a forward pass with every part computed."""
        ...

    def init(self, key: jax.Array) -> Variables:
        """Untrained variables."""
        ...

    def loss(self, variables: Variables, genotype: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        """Loss float32[] of one network on a batch by the batch's own statistics, and the new statistics.

        Traceable, and differentiable in variables.params; the gradient must be zero in what the network does not use.
        A loss that is not finite marks a path that has failed.
        """
        ...

    def effects(self, variables: Variables, genotype: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The loss, and float32[D, K]: the derivative of the loss by each choice, where choices are relaxed.

        A relaxed choice mixes what the choices switch on linearly; the derivative is taken at the genotype, so that
        effects[d, k] - effects[d, genotype[d]] is, to first order, what changing decision d to k changes.  Places past
        a decision's cardinality are finite and mean nothing.  Traceable.
        """
        ...

    def quality(self, variables: Variables, genotype: Sequence[int]) -> float:
        """Quality with inherited weights, statistics collected anew, on examples no weight or decision has seen.

        Larger is better; NaN when it failed.  On the host; the same arguments give the same quality.
        """
        ...
