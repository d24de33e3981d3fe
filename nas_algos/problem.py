"""What a problem offers to the algorithms; others satisfy it without importing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from nas_algos.ledger import Spend


class Evaluation(NamedTuple):
    """What one training came to.

    quality: larger is better; not a number when the training failed.  spend: what this call really spent, zero when
    the answer was already known.  error: why the training failed, or None.
    """

    quality: float
    spend: Spend
    error: str | None = None


class Problem(Protocol):
    """Networks to choose from, what they cost, and how good they are after training.

    A genotype is int32[D]; its d-th value is one of 0 .. cardinalities[d] - 1.
    """

    @property
    def name(self) -> str:
        """Short and stable: results and hypervolume reference points are filed under it."""
        ...

    @property
    def cardinalities(self) -> Sequence[int]:
        """int[D]: how many choices each decision has, each at least 1."""
        ...

    def cost(self, genotypes: Any) -> Mapping[str, Any]:
        """Cost of each network, without training.

        genotypes: int32[b, D], in range.  Returns float[b] for each name, units in the names (`latency_ms`,
        `peak_activation_bytes`, `param_bytes`, `macs`, ...), smaller is better, not a number where the network cannot
        be costed.  Must not depend on the other rows, and must run under jax.jit.
        """
        ...

    def evaluate(self, genotype: Any, fidelity: str, seed: int) -> Evaluation:
        """Train one network, int32[D], and judge it.

        fidelity: one of the names the problem documents, such as "quick".  seed: of initialisation and data order;
        the same arguments give the same quality.  A training that fails is an Evaluation with an error, not an
        exception; an exception stops the search.
        """
        ...
