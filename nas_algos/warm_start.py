"""Begin a search with chosen genotypes, best first: what a cheaper evaluator, such as a zero-shot score, thinks best.

With zero-shot scores this is the warm-up of Abdelfattah, Mehrotra, Dudziak and Lane, Zero-cost proxies for lightweight
NAS, arXiv:2101.08134.  The strategy learns from them as from its own, so an evolution whose population they fill goes
on with their children.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from nas_algos.errors import AlgorithmInputError
from nas_algos.strategy import State, Strategy


def warm_start(strategy: Strategy, genotypes: Any) -> Strategy:
    """The strategy, which proposes these genotypes int32[n, D] in their order first.

    Raises AlgorithmInputError when there are none, or they are outside the space, which is not seen while tracing.
    """
    traced = isinstance(genotypes, Tracer)
    rows = genotypes if traced else np.asarray(genotypes)
    decisions = len(strategy.cardinalities)
    if rows.ndim != 2 or rows.shape[1] != decisions or len(rows) == 0 or rows.dtype.kind not in "iu":
        raise AlgorithmInputError(
            f"warm_start: genotypes are {rows.dtype}{list(rows.shape)}; allowed: whole numbers [n, {decisions}], n >= 1"
        )
    if not traced and ((rows < 0) | (rows >= np.asarray(strategy.cardinalities))).any():
        raise AlgorithmInputError("warm_start: genotypes are outside the space; allowed: 0 .. cardinalities - 1")
    first = jnp.asarray(rows, jnp.int32)

    def init(key: jax.Array) -> State:
        return jnp.zeros((), jnp.int32), strategy.init(key)

    def ask(state: State, key: jax.Array) -> Any:
        told, inner = state
        places = told + jnp.arange(strategy.batch)
        own = jnp.asarray(strategy.ask(inner, key))
        return jnp.where((places < len(first))[:, None], first[jnp.minimum(places, len(first) - 1)], own)

    def tell(state: State, genotypes: Any, scores: Any) -> State:
        told, inner = state
        return told + len(genotypes), strategy.tell(inner, genotypes, scores)

    return strategy._replace(init=init, ask=ask, tell=tell)
